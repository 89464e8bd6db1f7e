"""Numbers and names that training's functions are given: checked, or refused with what came and what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import _validate as validate


def choice(name: str, value: Any, options: Sequence[str]) -> int:
    """Return the place of a name in a list."""
    if value not in options:
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name} must be one of {listed}, got {validate.describe(value)}")
    return options.index(value)


def place(seed: Any, offset: Any, stream: Any, size: int) -> tuple[int, int, int]:
    """Return where random numbers start, so that the last one is in the stream too."""
    return (
        validate.integer("seed", seed, 0, 2**64 - 1),
        validate.integer("offset", offset, 0, 2**64 - max(size, 1)),
        validate.integer("stream", stream, 0, 2**32 - 1),
    )


def positive(name: str, value: Any) -> float:
    """Return a positive finite number."""
    number = validate.real(name, value)
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be a positive finite number, got {validate.describe(value)}")
    return number


def not_negative(name: str, value: Any) -> float:
    """Return a finite number, 0 or more."""
    number = validate.real(name, value)
    if not 0 <= number < np.inf:
        raise ValueError(
            f"{name} must be a finite number, 0 or more, got {validate.describe(value)}"
        )
    return number


def fraction(name: str, value: Any) -> float:
    """Return a number between 0 and 1, neither of them."""
    number = validate.real(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {validate.describe(value)}")
    return number


def probability(name: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    number = validate.real(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {validate.describe(value)}")
    return number


def decay(name: str, value: Any) -> float:
    """Return a number from 0 to below 1."""
    number = validate.real(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {validate.describe(value)}")
    return number
