"""Elements one by one: how many blocks share them out, and vectors of them. No order of sums depends on it."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import _arrays
from ..layout import ENOUGH_BLOCKS, Layout
from ..vectors import vectors

Array = Any
LANES = 256
MOST_STEPS = 4
"""Vectors of each array that a lane takes, at most."""
NAMES = {np.float32: "float32", np.float64: "float64"}
TYPES = (np.float32, np.float64)


@cache
def vector_of(T: Any) -> int:
    """Return how many elements are 16 bytes."""
    return 16 // np.dtype(T).itemsize


@cache
def memory_of(T: Any, aligned: bool, padding: float = 0.0) -> SimpleNamespace:
    """Return `read` and `write` of a vector; outside of its row an element is the padding."""
    layout = Layout(team=LANES, lanes=LANES, chunked=False, vector=vector_of(T))
    return vectors(layout, NAMES[T], aligned, padding)


def share_out(n: int, T: Any) -> tuple[int, int]:
    """Return how many blocks there are, and how many steps each takes."""
    one_step = LANES * vector_of(T)
    steps = min(MOST_STEPS, max(1, n // (one_step * ENOUGH_BLOCKS)))
    return -(-n // (one_step * steps)), steps


def flat(array: Array) -> Array:
    """Return a contiguous array as one axis."""
    return array.reshape(-1)


def all_aligned(*arrays: Array | None) -> bool:
    """Whether all of these begin at a multiple of 16 bytes."""
    return all(array is None or _arrays.is_aligned(array) for array in arrays)


def number(T: Any, value: float) -> Any:
    """Return a number of the type, infinite if it is too large."""
    with np.errstate(over="ignore"):
        return T(value)


def suffix(T: Any, aligned: bool) -> str:
    """Return how names of kernels end."""
    return f"{NAMES[T]}_{'vectors' if aligned else 'scalars'}"
