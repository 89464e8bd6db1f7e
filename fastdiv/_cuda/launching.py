"""From a measure and arrays to launches: which variant, how many blocks, what memory for partial sums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from . import _arrays
from ._arrays import Output, Rows
from ._kernel import Kernel, Pointer
from .executions import make_fused, make_split
from .layout import (
    CACHED_BYTES,
    CHUNK,
    ENOUGH_BLOCKS,
    GROUP_BYTES,
    MOST_FUSED,
    PROCESSORS,
    STAGED_BYTES,
    WARP_ROW,
    Layout,
)
from .rows import Measure, Variant

Array = Any
LENGTHS = (WARP_ROW, CHUNK, 8 * CHUNK)
"""Of rows: one of each layout."""


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
    parts += ["staged" if variant.staged == measure.inputs else "first_staged"] * (
        variant.staged > 0
    )
    parts += ["cotangent"] * variant.cotangent
    parts += [f"wanted{variant.wanted}"] * (variant.wanted != 0)
    parts += [f"phase{variant.split}"] * (variant.split >= 0)
    return re.sub("[^a-z0-9_]", "_", "_".join(parts).lower())


def _blocks_per_processor(measure: Measure, variant: Variant) -> int:
    single = measure.computed is np.float32
    if variant.staged and (variant.layout.chunked or measure.registers == 64 or not single):
        return 1
    lanes = variant.layout.lanes
    # float64 takes two registers; a survey few.
    wide = not single or (measure.registers > 64 and variant.split != 0)
    return 65536 // (128 if wide else 64) // lanes


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
        blocks_per_processor=_blocks_per_processor(measure, variant),
        vector_loads=variant.aligned,
    )


def variants(measure: Measure) -> Iterator[Variant]:
    """Every variant of a measure."""
    flags = (False, True)
    for n in LENGTHS:
        layout = measure.layout(n)
        for aligned in flags:
            for cotangent in flags:
                for wanted in range(1 << measure.inputs):
                    for staged in {0, 1, measure.inputs} if layout.chunked else {0, measure.inputs}:
                        yield Variant(layout, aligned, staged, wanted, cotangent, -1)
                    if layout.chunked:
                        last = len(measure.phases)
                        yield Variant(layout, aligned, 0, wanted, cotangent, last)
                for phase in range(len(measure.phases)) if layout.chunked else ():
                    yield Variant(layout, aligned, 0, 0, cotangent, phase)


class Call(NamedTuple):
    """Arrays of one call: rows of inputs, a number a row, rows of outputs; absent ones are None."""

    inputs: tuple[Rows, ...]
    cotangent: Array | None
    value: Array | None
    outputs: tuple[Output | None, Output | None]
    options: Options


def _arguments(call: Call, chunks: int, slots: list[Array | None], rows: int) -> list[Any]:
    first, second = call.inputs[0], call.inputs[-1]
    outputs = [None if output is None else output.rows for output in call.outputs]
    memory = [None if each is None else each.memory for each in outputs]
    strides = [0 if each is None else each.stride for each in outputs]
    return [
        first.memory, second.memory, call.cotangent, call.value, *memory, *slots,
        rows, first.n, chunks, first.stride, second.stride, *strides, *call.options,
    ]  # fmt: skip


class Plan(NamedTuple):
    """How a call is launched."""

    group: int
    """Rows of a launch that are split; 0: fused."""
    staged: int
    """Inputs kept in shared memory."""
    bytes_kept: int


def plan_of(measure: Measure, layout: Layout, rows: int, n: int, passes: int) -> Plan:
    """Return the plan: which one does not change results.

    Split are long rows that are few, and those of which too little stays in the cache from one pass to the next. Then
    as many rows go through all phases together as the cache holds.
    """
    itemsize, chunks = np.dtype(measure.stored).itemsize, layout.chunks(n)
    kept = [layout.staged_bytes(n, inputs, itemsize) for inputs in range(measure.inputs + 1)]
    staged = max(k for k, size in enumerate(kept) if size <= STAGED_BYTES) if passes > 1 else 0
    if not layout.chunked:
        staged = (
            staged if staged == measure.inputs else 0
        )  # many rows are in flight: the cache holds them
        return Plan(0, staged, kept[staged])
    read_again = min(rows, PROCESSORS) * (measure.inputs - staged) * n * itemsize
    if (
        chunks <= MOST_FUSED
        and rows >= ENOUGH_BLOCKS
        and (passes == 1 or read_again <= CACHED_BYTES)
    ):
        return Plan(0, staged, kept[staged])
    most = max(1, GROUP_BYTES // (measure.inputs * n * itemsize))
    groups = -(-rows // most)
    return Plan(-(-rows // groups), 0, 0)


def run(measure: Measure, call: Call) -> None:
    """Launch what computes the call."""
    first = call.inputs[0]
    layout = measure.layout(first.n)
    wanted = sum(1 << k for k, output in enumerate(call.outputs) if output is not None)
    every = [*call.inputs, *(output.rows for output in call.outputs if output is not None)]
    aligned = all(rows.aligned() for rows in every)
    passes = len(measure.phases) + (wanted != 0)
    chunks = layout.chunks(first.n)
    cotangent = call.cotangent is not None
    plan = plan_of(measure, layout, first.count, first.n, passes)
    if plan.group:
        _run_split(measure, call, plan, Variant(layout, aligned, 0, wanted, cotangent, -1))
    else:
        variant = Variant(layout, aligned, plan.staged, wanted, cotangent, -1)
        grid = -(-first.count // layout.teams)
        arguments = _arguments(call, chunks, [None] * 3, first.count)
        kernel_of(measure, variant)(grid, *arguments, dynamic_bytes=plan.bytes_kept)
    for output in call.outputs:
        if output is not None:
            output.finish()


_ROWS_ARGUMENT = 9


def _run_split(measure: Measure, call: Call, plan: Plan, variant: Variant) -> None:
    """Launch phase by phase, group by group."""
    rows, n, group = call.inputs[0].count, call.inputs[0].n, plan.group
    chunks, phases = variant.layout.chunks(n), len(measure.phases)
    slots: list[Array | None] = [None] * 3
    for k, phase in enumerate(measure.phases):
        slots[k] = _arrays.empty(group * chunks * len(phase.start), measure.computed)
    arguments = _arguments(call, chunks, slots, 0)
    launches = []
    for phase_index in range(phases + 1):
        wanted = variant.wanted if phase_index == phases else 0
        kernel = kernel_of(measure, variant._replace(wanted=wanted, split=phase_index))
        launches.append(kernel.prepare(arguments))
    for first in range(0, rows, group):
        for launch in launches:
            launch(min(group, rows - first) * chunks, {_ROWS_ARGUMENT: first})


assert CHUNK % 4096 == 0, "every layout's steps fill a chunk"
