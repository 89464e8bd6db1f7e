"""Who a lane is, and what lanes say to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .blocks import Array, now

Function = TypeVar("Function", bound=Callable[..., Any])
WARP = 32


def device(function: Function) -> Function:
    """Mark a function that kernels call."""
    return function


def lane() -> Array:
    """Return the lane within its block."""
    return now().lane


def block() -> Array:
    """Return the number of the lane's block."""
    return now().block


def barrier() -> None:
    """Wait for the block's other lanes."""
    for each in now().shared:
        each.settle()


def shuffle_xor(x: Any, distance: int) -> Array:
    """Return what the lane whose number differs in these bits has."""
    assert 0 < distance < WARP
    x = np.broadcast_to(x, now().lane.shape)
    return x[np.arange(x.size) ^ distance]


def in_first_warp() -> bool:
    """Whether the lane is in its block's first warp: what is done there reaches others by shared memory alone.

    Simulated, all lanes do it; a barrier in it would not be noticed here.
    """
    return True


def any_lane(mask: Any) -> bool:
    """Whether the mask holds in the lane's warp, at least; no barrier may depend on it."""
    return bool(np.any(mask))
