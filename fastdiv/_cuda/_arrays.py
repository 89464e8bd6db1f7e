"""The namespace of a GPU's arrays, and their flat memory as kernels take it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .prims import SIMULATED

Array = Any
"""Of CuPy; simulated, of NumPy."""

namespace: Any
if SIMULATED:
    namespace = np
else:
    import cupy

    namespace = cupy


def empty(shape: Any, dtype: Any) -> Array:
    """Return new memory; a pool hands it out, in the order of the stream."""
    return namespace.empty(shape, dtype)


def contiguous(array: Array) -> Array:
    """Return the array without gaps between its elements, copied only if it has some."""
    return namespace.ascontiguousarray(array)


def flat(array: Array) -> Array:
    """Return a contiguous array's memory, as a kernel takes it."""
    return array.reshape(math.prod(array.shape))
