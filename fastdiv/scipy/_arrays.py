"""Axes as SciPy takes them, and whose arrays are computed here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def is_foreign(array: Any) -> bool:
    """Whether an array is another library's, which SciPy answers for."""
    if isinstance(array, (np.ndarray, np.generic)):
        return False
    kind = type(array)
    return hasattr(kind, "__array_namespace__") or hasattr(kind, "__cuda_array_interface__")


def broadcast(names: tuple[str, str], arrays: list[Array]) -> list[Array]:
    """Broadcast two arrays against each other, as read-only views; masks are broadcast too."""
    first, second = (array.shape for array in arrays)
    if first == second:
        return arrays
    try:
        shape = np.broadcast_shapes(first, second)
    except ValueError:
        shapes = f"{names[0]} has {first}, {names[1]} has {second}"
        message = f"Array shapes are incompatible for broadcasting. {shapes}"
        raise ValueError(message) from None
    return [np.broadcast_to(array, shape, subok=True) for array in arrays]


def events_last(array: Array, axis: Any) -> Array:
    """Move the axes of an event to the end, as one; None means all.

    Wrong axes raise what NumPy raises for them: AxisError, ValueError or TypeError.
    """
    if axis is None:
        return array.reshape(-1)
    if isinstance(axis, int) and axis in (-1, array.ndim - 1):
        return array
    axes = tuple(axis) if np.iterable(axis) else (axis,)
    moved = np.moveaxis(array, axes, range(-len(axes), 0))
    if len(axes) == 1:
        return moved
    batch = moved.shape[: moved.ndim - len(axes)]
    return moved.reshape(*batch, math.prod(moved.shape[len(batch) :]))


def keep_axes(value: Any, axis: Any, ndim: int) -> Array:
    """Put the axes of an event back, with size 1."""
    return np.expand_dims(value, tuple(range(ndim)) if axis is None else axis)
