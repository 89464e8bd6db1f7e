"""Unsigned words of 32 and 64 bits, which keep their width."""

from __future__ import annotations

from typing import Any

import numpy as np


def low_word(x: Any) -> Any:
    """Return the 32 lowest bits."""
    return np.asarray(x).astype(np.uint32)


def multiply_words(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the product of two 32-bit words: its high word and its low one."""
    product = np.asarray(a).astype(np.uint64) * np.asarray(b).astype(np.uint64)
    return low_word(product >> np.uint64(32)), low_word(product)


def join_words(low: Any, high: Any) -> Any:
    """Return the 64 bits that two words make."""
    return np.asarray(low).astype(np.uint64) | (np.asarray(high).astype(np.uint64) << np.uint64(32))


def index_of(x: Any) -> Any:
    """Return a non-negative number as an unsigned word of 64 bits."""
    return np.asarray(x).astype(np.uint64)
