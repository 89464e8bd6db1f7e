"""Rows multiplied by a factor each, in place: those whose factor is 1 are left alone, and cost no memory traffic.

A factor of 0 makes a row 0, whatever was there: NaN and infinity, too. It saves the backward pass of a loss both a pass
over the gradients and a question to the device, whether any factor differs from 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from . import _arrays
from ._kernel import Kernel, Pointer
from .layout import CHUNK, layout_of
from .prims import block, device, lane, load, select
from .tuples import Tuple, Value, each_with
from .vectors import vectors

Array = Any
KINDS = ("float32", "float64", "float16", "bfloat16")
_LANES = 512


@cache
def scaling(kind: str, aligned: bool) -> Kernel:
    """Return the kernel: a block has a chunk of a row."""
    T: Any = np.float64 if kind == "float64" else np.float32
    S: Any = np.uint16 if kind.endswith("float16") else T
    return Kernel(
        f"scale_rows_{kind}{'' if aligned else '_scalars'}",
        lambda: _make(kind, T, S, aligned),
        (Pointer(S), Pointer(T), *(np.int64,) * 4),
        lanes=_LANES,
        vector_loads=aligned,
    )


def _make(kind: str, T: Any, S: Any, aligned: bool) -> Any:
    layout = layout_of(CHUNK + 1, S)
    memory = vectors(layout, kind, aligned, 0.0)
    read, write, widen, narrow = memory.read, memory.write, memory.widen, memory.narrow
    vector, elements, steps = (
        np.int64(layout.vector),
        np.int64(layout.step),
        np.int64(CHUNK // layout.step),
    )
    zero, one, nothing = T(0), T(1), np.int64(0)

    @device
    def scaled(x: Value, factor: Value) -> Value:
        return select(factor == zero, zero, x * factor)

    each = each_with(layout.vector, scaled)

    def scale(
        memory: Any, factors: Any, n: Any, chunks: Any, stride: Any, factor_stride: Any
    ) -> None:
        row = block() // chunks
        begin, at = row * stride, (block() - row * chunks) * elements * steps + lane() * vector
        factor = load(factors, row * factor_stride, True, one)
        length = select(factor == one, nothing, n)  # nothing is read or written
        done = nothing
        while done < steps:
            values: Tuple = each(widen(read(memory, begin, at, length)), factor)
            write(memory, begin, at, length, narrow(values))
            at += elements
            done += np.int64(1)

    return scale


def scale_rows(rows: Array, factors: Array, kind: str) -> None:
    """Multiply rows, contiguous on the last axis, by one factor or one each; 16-bit floats come as words."""
    if rows.size == 0:
        return
    given = _arrays.rows_of(rows)
    chunks = -(-given.n // CHUNK)
    flat = _arrays.numbers(factors)
    step = int(flat.size > 1)
    kernel = scaling(kind, given.aligned())
    kernel(given.count * chunks, given.memory, flat, given.n, chunks, given.stride, step)
