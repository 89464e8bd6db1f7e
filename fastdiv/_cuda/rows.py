"""The driver of rows: the phases of a measure, whoever computes them.

Fused, a team goes through all phases of its row in one launch, and keeps the row in shared memory where it fits.
Split, each phase is a launch, in which a block has a chunk of a row: for rows that are long and few. Both add up the
same chunks in the same order, so that they give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .layout import CHUNK, MOST_FUSED, Layout
from .prims import barrier, block, device, dynamic_shared, lane, load, select, shared, store
from .sums import Phase
from .teams import combine_slots, loading, same, storing, team_reduce, vectors
from .tuples import Tuple, Value, rotate

WARPS = 16
"""Of a block, at most."""
WIDEST = 12
"""Numbers in a state, at most."""


class Measure(NamedTuple):
    """What a measure of one or two rows adds to the driver, made for a type."""

    name: str
    inputs: int
    kind: str
    """float32, float64, float16 or bfloat16: the type in memory."""
    padding: float
    """Elements beyond a row's end: they count as nothing."""
    initial: Callable[..., Any]
    """options -> (row, wide): what the first phase has to know, in the computed type and in float64."""
    phases: tuple[Phase, ...]
    gradient: Callable[..., Tuple]
    """(row, x, y) -> the elements of both outputs."""
    has_value: bool = True
    """Whether wide[0] is the row's value in the end."""
    wide_value: bool = False
    """Whether values are float64, whatever the rows are."""

    @property
    def computed(self) -> Any:
        """The type to compute in."""
        return np.float64 if self.kind == "float64" else np.float32

    @property
    def valued(self) -> Any:
        """The type of values."""
        return np.float64 if self.wide_value else self.computed

    @property
    def stored(self) -> Any:
        """The type in memory."""
        return np.uint16 if self.kind.endswith("float16") else self.computed


class Variant(NamedTuple):
    """One kernel of a measure."""

    layout: Layout
    aligned: bool
    staged: bool
    wanted: int
    """Bits of the outputs asked for."""
    cotangent: bool
    split: int
    """-1: fused; otherwise the phase that this launch computes, the last one being the outputs."""


def fetching(measure: Measure, variant: Variant, first: bool) -> Callable[..., Any]:
    """Return a function that reads the next vectors of both inputs, and keeps them if this is the first phase."""
    layout = variant.layout
    memory = vectors(layout, measure.kind, variant.aligned, measure.padding)
    read, widen = memory.read, memory.widen
    keep, recall = storing(layout.vector), loading(memory.others)
    apart, vector, elements = np.int64(layout.team), np.int64(layout.vector), np.int64(layout.step)
    in_team = np.int64(layout.team - 1)

    @device
    def direct(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value
    ) -> Tuple:
        at = step * elements + (lane() & in_team) * vector
        return widen(read(pointer, begin, at, length))

    @device
    def keeping(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value
    ) -> Tuple:
        at = step * elements + (lane() & in_team) * vector
        words = read(pointer, begin, at, length)
        keep(stage, kept + step * elements + (lane() & in_team), apart, words, True)
        return widen(words)

    @device
    def recalling(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value
    ) -> Tuple:
        return widen(recall(stage, kept + step * elements + (lane() & in_team), apart, True))

    fetch = (keeping if first else recalling) if variant.staged else direct

    @device
    def one(data: Any, step: Value) -> Any:
        x, _y, begin_x, _begin_y, length, stage, kept_x, _kept_y = data
        a = fetch(x, begin_x, length, stage, kept_x, step)
        return a, a

    @device
    def two(data: Any, step: Value) -> Any:
        x, y, begin_x, begin_y, length, stage, kept_x, kept_y = data
        a = fetch(x, begin_x, length, stage, kept_x, step)
        return a, fetch(y, begin_y, length, stage, kept_y, step)

    return one if measure.inputs == 1 else two


def sweeping(measure: Measure, variant: Variant, index: int) -> Callable[..., Tuple]:
    """Return a function that goes through some steps of a row in a phase: the lane's state."""
    fetch = fetching(measure, variant, index == 0)
    start, advance = measure.phases[index].start, measure.phases[index].step

    @device
    def sweep(row: Tuple, data: Any, first: Value, count: Value) -> Tuple:
        state = start
        done = np.int64(0)
        while done < count:
            a, b = fetch(data, first + done)
            state = advance(row, state, a, b)
            done += np.int64(1)
        return state

    return sweep


def totalling(measure: Measure, variant: Variant, index: int) -> Callable[..., Tuple]:
    """Return a function that goes through a whole row in a phase: the team's state."""
    layout, phase = variant.layout, measure.phases[index]
    sweep, reduce = sweeping(measure, variant, index), team_reduce(layout, phase)
    width, chunk_steps = np.int64(len(phase.start)), np.int64(CHUNK // layout.step)
    write, combine = storing(len(phase.start)), combine_slots(layout, phase)
    zero, one = np.int64(0), np.int64(1)

    @device
    def whole(
        row: Tuple, data: Any, steps: Value, chunks: Value, exchange: Any, slots: Any
    ) -> Tuple:
        return reduce(sweep(row, data, zero, steps), exchange)

    @device
    def by_chunks(
        row: Tuple, data: Any, steps: Value, chunks: Value, exchange: Any, slots: Any
    ) -> Tuple:
        chunk = zero
        while chunk < chunks:
            first = chunk * chunk_steps
            count = select(first + chunk_steps < steps, chunk_steps, steps - first)
            state = reduce(sweep(row, data, first, count), exchange)
            write(slots, chunk * width, one, state, lane() == zero)
            chunk += one
        barrier()
        return combine(slots, zero, chunks, exchange)

    return by_chunks if layout.chunked else whole


def chaining(finish: tuple[Any, ...], totals: tuple[Any, ...]) -> Callable[..., Any]:
    """Return a function that goes through phases: each total, and what follows from it for the next."""
    if not totals:

        @device
        def end(options: Tuple, row: Tuple, wide: Tuple, source: Any) -> Any:
            return row, wide

        return end
    total, conclude, rest = totals[0], finish[0], chaining(finish[1:], totals[1:])

    @device
    def run(options: Tuple, row: Tuple, wide: Tuple, source: Any) -> Any:
        next_row, next_wide = conclude(options, wide, total(row, source))
        return rest(options, next_row, next_wide, source)

    return run


def writing(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return a function that writes the outputs of some steps of a row."""
    layout = variant.layout
    memory = vectors(layout, measure.kind, variant.aligned, measure.padding)
    fetch = fetching(measure, variant, not measure.phases)
    write, narrow, gradient = memory.write, memory.narrow, measure.gradient
    elements, vector, in_team = (
        np.int64(layout.step),
        np.int64(layout.vector),
        np.int64(layout.team - 1),
    )
    count, by_x, by_y = layout.vector, bool(variant.wanted & 1), bool(variant.wanted & 2)

    @device
    def write_steps(row: Tuple, data: Any, outputs: Any, first: Value, steps: Value) -> None:
        length = data[4]
        out_x, out_y, begin_x, begin_y = outputs
        done = np.int64(0)
        while done < steps:
            step = first + done
            a, b = fetch(data, step)
            slopes_x, slopes_y = a, b
            for _ in range(count):
                by_first, by_second = gradient(row, a[0], b[0])
                slopes_x, slopes_y = slopes_x[1:] + (by_first,), slopes_y[1:] + (by_second,)  # noqa: RUF005
                a, b = rotate(a), rotate(b)
            at = step * elements + (lane() & in_team) * vector
            if by_x:
                write(out_x, begin_x, at, length, narrow(slopes_x))
            if by_y:
                write(out_y, begin_y, at, length, narrow(slopes_y))
            done += np.int64(1)

    return write_steps


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
    initial, inputs = measure.initial, np.int64(measure.inputs)
    has_value, has_outputs = measure.has_value, variant.wanted != 0
    stage_of = staging(S) if variant.staged else same
    totals = tuple(_of_source(totalling(measure, variant, k)) for k in range(len(measure.phases)))
    chain = chaining(tuple(phase.finish for phase in measure.phases), totals)
    write_steps, cotangent_at, unit_slope = writing(measure, variant), cotangent_of(variant), T(1)
    exchanged = WARPS * WIDEST if team > 32 else 1
    slotted = MOST_FUSED * WIDEST if layout.chunked else 1

    def kernel(
        x: Any, y: Any, cotangent: Any, value: Any, out_x: Any, out_y: Any, slots_0: Any, slots_1: Any, slots_2: Any,
        rows: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any, stride_out_x: Any, stride_out_y: Any,
        unit: Any, weight: Any, temperature: Any,
    ) -> None:  # fmt: skip
        exchange, own_slots = shared(exchanged, T), shared(slotted, T)
        stage = stage_of(exchange)
        member = lane() >> team_shift
        row = block() * teams + member
        inside = row < rows
        length = select(inside, n, zero)
        steps = (n + elements - one) // elements
        kept = member * inputs * steps * elements
        data = (x, y, row * stride_x, row * stride_y, length, stage, kept, kept + steps * elements)
        slope = cotangent_at(cotangent, row, inside, unit_slope)
        options = (unit, weight, temperature, slope, np.float64(n))
        first_row, first_wide = initial(options)
        source = (data, steps, chunks, exchange, own_slots)
        constants, wide = chain(options, first_row, first_wide, source)
        if has_value:
            store(value, row, V(wide[0]), inside & ((lane() & in_team) == zero))
        if has_outputs:
            outputs = (out_x, out_y, row * stride_out_x, row * stride_out_y)
            write_steps(constants, data, outputs, zero, steps)

    return kernel


def _of_source(total: Callable[..., Tuple]) -> Callable[..., Tuple]:
    @device
    def call(row: Tuple, source: Any) -> Tuple:
        data, steps, chunks, exchange, slots = source
        return total(row, data, steps, chunks, exchange, slots)

    return call


def _of_slots(layout: Layout, phase: Phase, index: int) -> Callable[..., Tuple]:
    combine = combine_slots(layout, phase)

    @device
    def call(row: Tuple, source: Any) -> Tuple:
        slots, first, chunks, exchange = source
        return combine(slots[index], first, chunks, exchange)

    return call


def make_split(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return the kernel in which a block has a chunk of a row in one phase, or writes its outputs."""
    layout, T, V, index = variant.layout, measure.computed, measure.valued, variant.split
    zero, one, last_phase = np.int64(0), np.int64(1), index == len(measure.phases)
    chunk_steps = np.int64(CHUNK // layout.step)
    initial, has_value, has_outputs = measure.initial, measure.has_value, variant.wanted != 0
    earlier = measure.phases[:index]
    totals = tuple(_of_slots(layout, phase, k) for k, phase in enumerate(earlier))
    chain = chaining(tuple(phase.finish for phase in earlier), totals)
    write_steps, cotangent_at, unit_slope = writing(measure, variant), cotangent_of(variant), T(1)
    sweep: Any = None
    reduce: Any = None
    write: Any = None
    width = zero
    if not last_phase:
        phase = measure.phases[index]
        sweep, reduce = sweeping(measure, variant, index), team_reduce(layout, phase)
        write, width = storing(len(phase.start)), np.int64(len(phase.start))
    exchanged = WARPS * WIDEST

    def begin(
        x: Any, y: Any, cotangent: Any, slots: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any,
        unit: Any, weight: Any, temperature: Any, exchange: Any,
    ) -> Any:  # fmt: skip
        row = block() // chunks
        first = (block() - row * chunks) * chunk_steps
        data = (x, y, row * stride_x, row * stride_y, n, exchange, zero, zero)
        slope = cotangent_at(cotangent, row, True, unit_slope)
        options = (unit, weight, temperature, slope, np.float64(n))
        first_row, first_wide = initial(options)
        constants, wide = chain(
            options, first_row, first_wide, (slots, row * chunks, chunks, exchange)
        )
        return row, first, data, constants, wide

    prepare = device(begin)

    def partial(
        x: Any, y: Any, cotangent: Any, value: Any, out_x: Any, out_y: Any, slots_0: Any, slots_1: Any, slots_2: Any,
        rows: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any, stride_out_x: Any, stride_out_y: Any,
        unit: Any, weight: Any, temperature: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        slots = (slots_0, slots_1, slots_2)
        _row, first, data, constants, _wide = prepare(
            x, y, cotangent, slots, n, chunks, stride_x, stride_y, unit, weight, temperature, exchange
        )  # fmt: skip
        state = reduce(sweep(constants, data, first, chunk_steps), exchange)
        write(slots[index], block() * width, one, state, lane() == zero)

    def outputs(
        x: Any, y: Any, cotangent: Any, value: Any, out_x: Any, out_y: Any, slots_0: Any, slots_1: Any, slots_2: Any,
        rows: Any, n: Any, chunks: Any, stride_x: Any, stride_y: Any, stride_out_x: Any, stride_out_y: Any,
        unit: Any, weight: Any, temperature: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        slots = (slots_0, slots_1, slots_2)
        row, first, data, constants, wide = prepare(
            x, y, cotangent, slots, n, chunks, stride_x, stride_y, unit, weight, temperature, exchange
        )  # fmt: skip
        if has_value:
            store(value, row, V(wide[0]), (first == zero) & (lane() == zero))
        if has_outputs:
            places = (out_x, out_y, row * stride_out_x, row * stride_out_y)
            write_steps(constants, data, places, first, chunk_steps)

    return outputs if last_phase else partial


@cache
def kernel_function(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return the kernel of a variant."""
    return make_fused(measure, variant) if variant.split < 0 else make_split(measure, variant)
