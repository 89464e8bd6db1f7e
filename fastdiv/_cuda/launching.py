"""From a measure and arrays to launches: which variant, how many blocks, what memory for partial sums."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from . import _arrays
from ._arrays import Output, Rows
from ._kernel import Kernel, Pointer
from .layout import CHUNK, ENOUGH_BLOCKS, MOST_FUSED, STAGED_BYTES, Layout, layout_of
from .rows import Measure, Variant, make_fused, make_split

Array = Any


class Options(NamedTuple):
    """What a call says beside its arrays; the unit of results is 1 / log(base) nats."""

    unit: float = 1.0
    weight: float = 0.5
    temperature: float = 1.0


def unit_of(base: float) -> float:
    """Return the unit of a base, 0 for nats."""
    return 1.0 if base == 0 else 1.0 / float(np.log(base))


def _name(measure: Measure, variant: Variant) -> str:
    layout = variant.layout
    parts = [measure.name, "warps" if layout.team < layout.lanes else "block"]
    parts += ["chunks"] * layout.chunked + ["vectors" if variant.aligned else "scalars"]
    parts += ["staged"] * variant.staged + ["cotangent"] * variant.cotangent
    parts += [f"wanted{variant.wanted}"] * (variant.wanted != 0)
    parts += [f"phase{variant.split}"] * (variant.split >= 0)
    return re.sub("[^a-z0-9_]", "_", "_".join(parts).lower())


@cache
def kernel_of(measure: Measure, variant: Variant) -> Kernel:
    """Return what can be launched."""
    T, S, V = Pointer(measure.computed), Pointer(measure.stored), Pointer(measure.valued)
    count, number = np.int64, np.float64
    return Kernel(
        _name(measure, variant),
        lambda: (make_fused if variant.split < 0 else make_split)(measure, variant),
        (S, S, T, V, S, S, T, T, T, *(count,) * 7, *(number,) * 3),
        lanes=variant.layout.lanes,
        # float64 takes two registers: 64 and 128 of them a lane
        blocks_per_processor=1
        if variant.staged
        else 4096 // np.dtype(measure.computed).itemsize // variant.layout.lanes,
        vector_loads=variant.aligned,
    )


class Call(NamedTuple):
    """Arrays of one call: rows of inputs, a number a row, rows of outputs; absent ones are None."""

    inputs: tuple[Rows, ...]
    cotangent: Array | None
    value: Array | None
    outputs: tuple[Output | None, Output | None]
    options: Options


def _arguments(call: Call, chunks: int, slots: list[Array | None]) -> list[Any]:
    first, second = call.inputs[0], call.inputs[-1]
    rows = [None if output is None else output.rows for output in call.outputs]
    memory = [None if each is None else each.memory for each in rows]
    strides = [0 if each is None else each.stride for each in rows]
    return [
        first.memory, second.memory, call.cotangent, call.value, *memory, *slots,
        first.count, first.n, chunks, first.stride, second.stride, *strides, *call.options,
    ]  # fmt: skip


def is_split(layout: Layout, rows: int, n: int) -> bool:
    """Whether blocks share rows: long ones that are few."""
    chunks = layout.chunks(n)
    return layout.chunked and (chunks > MOST_FUSED or rows < ENOUGH_BLOCKS)


def run(measure: Measure, call: Call) -> None:
    """Launch what computes the call."""
    first = call.inputs[0]
    layout = layout_of(first.n, measure.stored)
    wanted = sum(1 << k for k, output in enumerate(call.outputs) if output is not None)
    every = [*call.inputs, *(output.rows for output in call.outputs if output is not None)]
    aligned = all(rows.aligned() for rows in every)
    passes = len(measure.phases) + (wanted != 0)
    chunks = layout.chunks(first.n)
    cotangent = call.cotangent is not None
    if is_split(layout, first.count, first.n):
        slots: list[Array | None] = [None] * 3
        for k, phase in enumerate(measure.phases):
            slots[k] = _arrays.empty(first.count * chunks * len(phase.start), measure.computed)
        for phase_index in range(len(measure.phases) + 1):
            last = phase_index == len(measure.phases)
            variant = Variant(layout, aligned, False, wanted if last else 0, cotangent, phase_index)
            kernel_of(measure, variant)(first.count * chunks, *_arguments(call, chunks, slots))
    else:
        itemsize = np.dtype(measure.stored).itemsize
        bytes_kept = layout.staged_bytes(first.n, measure.inputs, itemsize)
        staged = passes > 1 and bytes_kept <= STAGED_BYTES
        variant = Variant(layout, aligned, staged, wanted, cotangent, -1)
        grid = -(-first.count // layout.teams)
        arguments = _arguments(call, chunks, [None] * 3)
        kernel_of(measure, variant)(grid, *arguments, dynamic_bytes=bytes_kept if staged else 0)
    for output in call.outputs:
        if output is not None:
            output.finish()


assert CHUNK % 4096 == 0, "every layout's steps fill a chunk"
