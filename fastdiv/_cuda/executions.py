"""Kernels of a measure of rows: who computes its phases.

Fused, a team goes through all phases of its row in one launch, and keeps the row in shared memory where it fits.
Split, each phase is a launch, in which a block has a chunk of a row: for rows that are long and few, or of which few
fit into the cache. Both add up the same chunks in the same order, so that they give the same bits.

What follows from a phase's sums is float64 and the same for all of a row. In a block its first warp computes it, and
the others read it from shared memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .layout import CHUNK, MOST_FUSED
from .prims import (
    barrier,
    block,
    device,
    dynamic_shared,
    in_first_warp,
    lane,
    load,
    select,
    shared,
    store,
)
from .rows import Measure, Variant, sweeping, writing
from .sums import Phase
from .teams import WARP, gathering, loading, meeting, same, slots_combined, storing
from .tuples import Tuple, Value

WARPS = 16
"""Of a block, at most."""
WIDEST = 12
"""Numbers in a state, at most."""


def collecting(measure: Measure, variant: Variant, index: int) -> Callable[..., Tuple]:
    """Return a function that goes through a whole row in a phase, and puts what comes of it where `totalling` looks."""
    layout, phase = variant.layout, measure.phases[index]
    sweep, meet, gather = (
        sweeping(measure, variant, index),
        meeting(layout, phase),
        gathering(layout, phase),
    )
    width, chunk_steps = np.int64(len(phase.start)), np.int64(CHUNK // layout.step)
    write, zero, one, start = storing(len(phase.start)), np.int64(0), np.int64(1), phase.start

    @device
    def whole(row: Tuple, source: Any) -> Tuple:
        data, steps, chunks, exchange, slots = source
        return meet(sweep(row, data, zero, steps), exchange)

    @device
    def by_chunks(row: Tuple, source: Any) -> Tuple:
        data, steps, chunks, exchange, slots = source
        state = start
        chunk = zero
        while chunk < chunks:
            first = chunk * chunk_steps
            count = select(first + chunk_steps < steps, chunk_steps, steps - first)
            state = meet(sweep(row, data, first, count), exchange)
            if in_first_warp():
                write(slots, chunk * width, one, gather(state, exchange), lane() == zero)
            barrier()
            chunk += one
        return state

    return by_chunks if layout.chunked else whole


def totalling(measure: Measure, variant: Variant, index: int) -> Callable[..., Tuple]:
    """Return a function that puts a row's sums together, for the team or for the first warp's lanes."""
    layout, phase = variant.layout, measure.phases[index]
    gather, combine = gathering(layout, phase), slots_combined(phase)
    zero = np.int64(0)

    @device
    def whole(state: Tuple, source: Any) -> Tuple:
        data, steps, chunks, exchange, slots = source
        return gather(state, exchange)

    @device
    def by_chunks(state: Tuple, source: Any) -> Tuple:
        data, steps, chunks, exchange, slots = source
        return combine(slots, zero, chunks)

    return by_chunks if layout.chunked else whole


def chaining(measure: Measure, steps: tuple[Any, ...], team: int) -> Callable[..., Any]:
    """Return a function that goes through phases: each total, and what follows from it for the next.

    A step is two functions: `collect`, of all lanes, and `total`, of the first warp where the team is a block.
    """
    if steps:
        return _chained(measure, steps, team)

    @device
    def end(options: Tuple, row: Tuple, wide: Tuple, source: Any, boards: Any) -> Any:
        return row, wide

    return end


def _chained(
    measure: Measure, steps: tuple[Any, ...], team: int, index: int = 0
) -> Callable[..., Any]:
    conclude, (collect, total), in_blocks = measure.phases[index].finish, steps[0], team > WARP
    more = steps[1:]
    rest = _chained(measure, more, team, index + 1) if more else chaining(measure, (), team)

    @device
    def together(options: Tuple, row: Tuple, wide: Tuple, source: Any, boards: Any) -> Any:
        state = total(collect(row, source), source)
        if in_blocks:
            barrier()
        next_row, next_wide = conclude(options, wide, state)
        return rest(options, next_row, next_wide, source, boards)

    if team == WARP or not measure.constants:
        return together
    constants, wides = measure.constants[index], measure.wides
    write, write_wide = storing(constants), storing(wides)
    read, read_wide = loading((measure.computed(0),) * constants), loading((np.float64(0),) * wides)
    first, first_wide = np.int64(sum(measure.constants[:index])), np.int64(index * wides)
    zero, one = np.int64(0), np.int64(1)

    @device
    def published(options: Tuple, row: Tuple, wide: Tuple, source: Any, boards: Any) -> Any:
        state = collect(row, source)
        board, wide_board = boards
        if in_first_warp():
            next_row, next_wide = conclude(options, wide, total(state, source))
            write(board, first, one, next_row, lane() == zero)
            write_wide(wide_board, first_wide, one, next_wide, lane() == zero)
        barrier()
        return rest(
            options,
            read(board, first, one, True),
            read_wide(wide_board, first_wide, one, True),
            source,
            boards,
        )

    return published


def cotangent_of(variant: Variant) -> Callable[..., Value]:
    """Return a function that reads a row's cotangent in float64, 1 if there is none."""
    one = np.float64(1)

    @device
    def given(cotangent: Any, row: Value, inside: Value, other: Value) -> Value:
        return np.float64(load(cotangent, row, inside, other))

    @device
    def absent(cotangent: Any, row: Value, inside: Value, other: Value) -> Value:
        return one

    return given if variant.cotangent else absent


def staging(S: Any) -> Callable[[Any], Any]:
    """Return a function that returns the shared memory in which rows are kept."""

    @device
    def stage_of(exchange: Any) -> Any:
        return dynamic_shared(S)

    return stage_of


def make_fused(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return the kernel in which a team goes through all phases of its row."""
    layout, T, S, V = variant.layout, measure.computed, measure.stored, measure.valued
    teams, team, elements = np.int64(layout.teams), layout.team, np.int64(layout.step)
    team_shift = np.int64(team.bit_length() - 1)
    in_team, zero, one = np.int64(team - 1), np.int64(0), np.int64(1)
    initial, staged = measure.initial, np.int64(variant.staged)
    has_value, has_outputs = measure.has_value, variant.wanted != 0
    stage_of = staging(S) if variant.staged else same
    phases = range(len(measure.phases))
    chain = chaining(
        measure,
        tuple((collecting(measure, variant, k), totalling(measure, variant, k)) for k in phases),
        team,
    )
    write_steps, cotangent_at, unit_slope = writing(measure, variant), cotangent_of(variant), T(1)
    exchanged = WARPS * WIDEST if team > WARP else 1
    slotted = MOST_FUSED * WIDEST if layout.chunked else 1
    noted, wides = board_sizes(measure, len(measure.phases), team)

    def kernel(
        x: Any, y: Any, cotangent: Any, value: Any, out_x: Any, out_y: Any, slots_0: Any, slots_1: Any, slots_2: Any,
        rows: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any, stride_out_x: Any, stride_out_y: Any,
        unit: Any, weight: Any, temperature: Any,
    ) -> None:  # fmt: skip
        exchange, own_slots = shared(exchanged, T), shared(slotted, T)
        boards = (shared(noted, T), shared(wides, np.float64))
        stage = stage_of(exchange)
        member = lane() >> team_shift
        row = block() * teams + member
        inside = row < rows
        length = select(inside, n, zero)
        steps = (n + elements - one) // elements
        kept = member * staged * steps * elements
        data = (x, y, row * stride_x, row * stride_y, length, stage, kept, kept + steps * elements)
        slope = cotangent_at(cotangent, row, inside, unit_slope)
        options = (unit, weight, temperature, slope, np.float64(n))
        first_row, first_wide = initial(options)
        source = (data, steps, chunks, exchange, own_slots)
        constants, wide = chain(options, first_row, first_wide, source, boards)
        if has_value:
            store(value, row, V(wide[0]), inside & ((lane() & in_team) == zero))
        if has_outputs:
            outputs = (out_x, out_y, row * stride_out_x, row * stride_out_y)
            write_steps(constants, data, outputs, zero, steps)

    return kernel


def board_sizes(measure: Measure, phases: int, team: int) -> tuple[int, int]:
    """Return how many numbers the first warp tells the others, of the computed type and in float64."""
    if team == WARP or not measure.constants:
        return 1, 1
    return max(sum(measure.constants[:phases]), 1), max(phases * measure.wides, 1)


def _of_slots(phase: Phase, index: int) -> tuple[Any, Any]:
    """Return a step of `chaining` that finds a phase's sums in memory."""
    combine, start = slots_combined(phase), phase.start

    @device
    def collect(row: Tuple, source: Any) -> Tuple:
        return start

    @device
    def total(state: Tuple, source: Any) -> Tuple:
        slots, first, chunks = source
        return combine(slots[index], first, chunks)

    return collect, total


def make_split(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return the kernel in which a block has a chunk of a row in one phase, or writes its outputs.

    Of the arguments of a fused kernel `rows` is the first row here: slots are those of the rows of one launch.
    """
    layout, T, V, index = variant.layout, measure.computed, measure.valued, variant.split
    zero, one, last_phase = np.int64(0), np.int64(1), index == len(measure.phases)
    chunk_steps = np.int64(CHUNK // layout.step)
    initial, has_value, has_outputs = measure.initial, measure.has_value, variant.wanted != 0
    steps = tuple(_of_slots(phase, k) for k, phase in enumerate(measure.phases[:index]))
    chain = chaining(measure, steps, layout.team)
    write_steps, cotangent_at, unit_slope = writing(measure, variant), cotangent_of(variant), T(1)
    sweep: Any = None
    meet: Any = None
    gather: Any = None
    write: Any = None
    width = zero
    if not last_phase:
        phase = measure.phases[index]
        sweep, meet, gather = (
            sweeping(measure, variant, index),
            meeting(layout, phase),
            gathering(layout, phase),
        )
        write, width = storing(len(phase.start)), np.int64(len(phase.start))
    exchanged = WARPS * WIDEST
    noted, wides = board_sizes(measure, index, layout.team)

    @device
    def add_up(
        constants: Tuple, wide: Tuple, data: Any, first: Value, row: Value, places: Any, slots: Any, exchange: Any
    ) -> None:  # fmt: skip
        state = meet(sweep(constants, data, first, chunk_steps), exchange)
        if in_first_warp():
            write(slots[index], block() * width, one, gather(state, exchange), lane() == zero)

    @device
    def conclude(
        constants: Tuple, wide: Tuple, data: Any, first: Value, row: Value, places: Any, slots: Any, exchange: Any
    ) -> None:  # fmt: skip
        value, outputs = places
        if has_value:
            store(value, row, V(wide[0]), (first == zero) & (lane() == zero))
        if has_outputs:
            write_steps(constants, data, outputs, first, chunk_steps)

    finish = conclude if last_phase else add_up

    def kernel(
        x: Any, y: Any, cotangent: Any, value: Any, out_x: Any, out_y: Any, slots_0: Any, slots_1: Any, slots_2: Any,
        rows: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any, stride_out_x: Any, stride_out_y: Any,
        unit: Any, weight: Any, temperature: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        boards = (shared(noted, T), shared(wides, np.float64))
        slots = (slots_0, slots_1, slots_2)
        at = block() // chunks
        row, first = rows + at, (block() - at * chunks) * chunk_steps
        data = (x, y, row * stride_x, row * stride_y, n, exchange, zero, zero)
        slope = cotangent_at(cotangent, row, True, unit_slope)
        options = (unit, weight, temperature, slope, np.float64(n))
        start_row, start_wide = initial(options)
        constants, wide = chain(
            options, start_row, start_wide, (slots, at * chunks, chunks), boards
        )
        places = (value, (out_x, out_y, row * stride_out_x, row * stride_out_y))
        finish(constants, wide, data, first, row, places, slots, exchange)

    return kernel
