"""Arrays as kernels take them: flat memory of rows, each contiguous, a constant number of elements apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .layout import Layout
from .prims import SIMULATED, VECTOR_BYTES

Array = Any


def namespace() -> Any:
    """Return the module that arrays come from."""
    if SIMULATED:
        return np
    import cupy

    return cupy


def address(array: Array) -> int:
    return int(array.ctypes.data) if SIMULATED else int(array.data.ptr)


@dataclass(frozen=True)
class Rows:
    """Rows of n elements; `memory` is flat, and holds no more than them and what lies between them."""

    memory: Array
    count: int
    n: int
    stride: int

    def aligned(self) -> bool:
        """Whether every row begins at a multiple of 16 bytes."""
        step = self.stride * self.memory.itemsize if self.count > 1 else 0
        return address(self.memory) % VECTOR_BYTES == 0 and step % VECTOR_BYTES == 0


def batch_stride(array: Array) -> int | None:
    """Return how many elements rows on the last axis are apart; None if they are not all equally far."""
    size = array.itemsize
    if array.shape[-1] > 1 and array.strides[-1] != size:
        return None
    axes = [
        (s, step) for s, step in zip(array.shape[:-1], array.strides[:-1], strict=True) if s > 1
    ]
    if not axes:
        return int(array.shape[-1])
    for (_, outer), (inner_size, inner) in itertools.pairwise(axes):
        if outer != inner * inner_size:
            return None
    stride, rest = divmod(axes[-1][1], size)
    return stride if rest == 0 and stride >= 0 else None


def _flat(array: Array, count: int, stride: int) -> Array:
    """Return the memory of rows as one axis."""
    span = (count - 1) * stride + array.shape[-1]
    tricks = namespace().lib.stride_tricks
    return tricks.as_strided(array, (span,), (array.itemsize,))


def _storage(array: Array) -> Array:
    return array.view(np.uint16) if array.dtype == np.float16 else array


def rows_of(array: Array) -> Rows:
    """Return an input's rows on its last axis; copied if kernels could not read them where they are. Not empty."""
    array = _storage(array)
    stride = batch_stride(array)
    if stride is None:
        array = namespace().ascontiguousarray(array)
        stride = array.shape[-1]
    count = array.size // array.shape[-1]
    return Rows(_flat(array, count, stride), count, array.shape[-1], stride)


class Output:
    """Where rows of results go: an array's own memory, or new memory that is copied there in the end."""

    def __init__(self, array: Array) -> None:
        self.array = _storage(array)
        stride = batch_stride(self.array)
        apart = stride is not None and stride >= self.array.shape[-1]
        self.memory = self.array if apart else namespace().empty(array.shape, self.array.dtype)
        self.rows = rows_of(self.memory)

    def finish(self) -> None:
        """Copy what kernels wrote."""
        if self.memory is not self.array:
            self.array[...] = self.memory


def numbers(array: Array) -> Array:
    """Return one number a row as flat memory."""
    return namespace().ascontiguousarray(array).reshape(-1)


def all_aligned(layout: Layout, rows: Sequence[Rows]) -> bool:
    """Whether all of these move in whole vectors."""
    return all(each.aligned() for each in rows)


def empty(count: int, dtype: Any) -> Array:
    """Return new memory."""
    return namespace().empty(count, dtype)


def is_aligned(array: Array) -> bool:
    """Whether an array begins at a multiple of 16 bytes."""
    return address(array) % VECTOR_BYTES == 0


def product(a: Array, b: Array) -> Array:
    """Return a times b transposed, in full precision: CuPy's own product takes TF32 where CUPY_TF32 is set."""
    if SIMULATED:
        return np.matmul(a, b.T)
    from cupy import cublas

    out = namespace().empty((a.shape[0], b.shape[0]), a.dtype)
    return cublas.gemm("N", "T", a, b, out=out)
