"""What a measure of rows says, and what its phases do with vectors of a row: read, add up, write.

`executions` makes kernels of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .layout import Layout, layout_of
from .prims import any_lane, device, lane, select
from .sums import Phase
from .tuples import Tuple, Value
from .vectors import keeping_vectors, recalling_vectors, vectors


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
    vector: int = 0
    """Elements that a lane takes at a time; 0 for 16 bytes."""
    constants: tuple[int, ...] = ()
    """How many numbers of the computed type each phase's `finish` returns; not known if empty."""
    registers: int = 64
    """That a lane may have: 64 or 128."""
    wides: int = 0
    """How many numbers in float64 it returns."""
    is_special: Callable[..., Value] | None = None
    """row -> whether what the row's elements get by the first input is what `special` says."""
    special: Callable[..., Value] | None = None
    """(row, x, y) -> that; computed where a warp has such a row."""

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

    def layout(self, n: int) -> Layout:
        """Return the layout of rows of n elements."""
        return layout_of(n, self.stored, self.vector)


class Variant(NamedTuple):
    """One kernel of a measure."""

    layout: Layout
    aligned: bool
    staged: int
    """How many inputs are kept in shared memory: none, the first, or both."""
    wanted: int
    """Bits of the outputs asked for."""
    cotangent: bool
    split: int
    """-1: fused; otherwise the phase that this launch computes, the last one being the outputs."""


def fetching(measure: Measure, variant: Variant, first: bool) -> Callable[..., Any]:
    """Return a function that reads the next vectors of both inputs, and keeps them if this is the first phase."""
    layout = variant.layout
    memory = vectors(layout, measure.kind, variant.aligned, measure.padding)
    read, read_whole, widen = memory.read, memory.read_whole, memory.widen
    keep = keeping_vectors(layout, measure.stored)
    recall = recalling_vectors(layout, measure.stored)
    elements, at_step = np.int64(layout.step), placing(layout)

    @device
    def direct(pointer: Any, begin: Value, at: Value, length: Value, inside: Value) -> Tuple:
        if inside:
            return read_whole(pointer, begin, at)
        return read(pointer, begin, at, length)

    @device
    def fetch_direct(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value, inside: Value
    ) -> Tuple:  # fmt: skip
        return direct(pointer, begin, at_step(step), length, inside)

    @device
    def keeping(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value, inside: Value
    ) -> Tuple:  # fmt: skip
        at, place = at_step(step), kept + step * elements
        if inside:  # on either side: so no word is unpacked and packed again
            words = read_whole(pointer, begin, at)
            keep(stage, place, words)
            return words
        words = read(pointer, begin, at, length)
        keep(stage, place, words)
        return words

    @device
    def recalling(
        pointer: Any, begin: Value, length: Value, stage: Any, kept: Value, step: Value, inside: Value
    ) -> Tuple:  # fmt: skip
        return recall(stage, kept + step * elements)

    staged = keeping if first else recalling
    fetch_x, fetch_y = (staged if variant.staged > k else fetch_direct for k in range(2))

    @device
    def one(data: Any, step: Value, inside: Value) -> Any:
        x, y, begin_x, begin_y, length, stage, kept_x, kept_y = data
        a = widen(fetch_x(x, begin_x, length, stage, kept_x, step, inside))
        return a, a

    @device
    def two(data: Any, step: Value, inside: Value) -> Any:
        x, y, begin_x, begin_y, length, stage, kept_x, kept_y = data
        a = fetch_x(x, begin_x, length, stage, kept_x, step, inside)
        b = fetch_y(y, begin_y, length, stage, kept_y, step, inside)
        return widen(a), widen(b)

    return one if measure.inputs == 1 else two


def placing(layout: Layout) -> Callable[..., Value]:
    """Return a function of a step: where the lane's vector begins."""
    elements, vector, in_team = (
        np.int64(layout.step),
        np.int64(layout.vector),
        np.int64(layout.team - 1),
    )

    @device
    def at_step(step: Value) -> Value:
        return step * elements + (lane() & in_team) * vector

    return at_step


def reaching(layout: Layout) -> Callable[..., Value]:
    """Return whether a step ends inside of a row for all lanes: all but its last one do, and need no masks."""
    elements = np.int64(layout.step)

    @device
    def ends_inside(step: Value, length: Value) -> Value:
        return not any_lane((step + np.int64(1)) * elements > length)

    return ends_inside


def sweeping(measure: Measure, variant: Variant, index: int) -> Callable[..., Tuple]:
    """Return a function that goes through some steps of a row in a phase: the lane's state."""
    fetch, ends_inside = fetching(measure, variant, index == 0), reaching(variant.layout)
    start, advance = measure.phases[index].start, measure.phases[index].step

    @device
    def sweep(row: Tuple, data: Any, first: Value, count: Value) -> Tuple:
        state = start
        done = np.int64(0)
        while done < count:
            step = first + done
            a, b = fetch(data, step, ends_inside(step, data[4]))
            state = advance(row, state, a, b)
            done += np.int64(1)
        return state

    return sweep


def sloping(count: int, gradient: Callable[..., Tuple]) -> Callable[..., Any]:
    """Return a function of a row and a vector of each input: those of both outputs."""

    @device
    def last(row: Tuple, a: Tuple, b: Tuple) -> Any:
        by_first, by_second = gradient(row, a[0], b[0])
        return (by_first,), (by_second,)

    if count == 1:
        return last
    rest = sloping(count - 1, gradient)

    @device
    def slopes(row: Tuple, a: Tuple, b: Tuple) -> Any:
        by_first, by_second = gradient(row, a[0], b[0])
        others_x, others_y = rest(row, a[1:], b[1:])
        return (by_first,) + others_x, (by_second,) + others_y  # noqa: RUF005

    return slopes


def correcting(measure: Measure) -> Callable[..., Tuple]:
    """Return a function that puts the slopes of special rows in place of a vector's."""
    is_special, special = measure.is_special, measure.special
    if is_special is None or special is None:
        return same_slopes

    def made(count: int) -> Callable[..., Tuple]:
        @device
        def last(row: Tuple, a: Tuple, b: Tuple, slopes: Tuple) -> Tuple:
            return (select(is_special(row), special(row, a[0], b[0]), slopes[0]),)

        if count == 1:
            return last
        rest = made(count - 1)

        @device
        def entries(row: Tuple, a: Tuple, b: Tuple, slopes: Tuple) -> Tuple:
            return last(row, a, b, slopes) + rest(row, a[1:], b[1:], slopes[1:])

        return entries

    every = made(measure.layout(1).vector)

    @device
    def corrected(row: Tuple, a: Tuple, b: Tuple, slopes: Tuple) -> Tuple:
        if any_lane(is_special(row)):
            return every(row, a, b, slopes)
        return slopes

    return corrected


@device
def same_slopes(row: Tuple, a: Tuple, b: Tuple, slopes: Tuple) -> Tuple:
    """Return the slopes: no row is special."""
    return slopes


def writing(measure: Measure, variant: Variant) -> Callable[..., None]:
    """Return a function that writes the outputs of some steps of a row."""
    layout = variant.layout
    memory = vectors(layout, measure.kind, variant.aligned, measure.padding)
    fetch = fetching(measure, variant, not measure.phases)
    write_some, write_whole, narrow = memory.write, memory.write_whole, memory.narrow
    gradient, at_step, ends_inside = measure.gradient, placing(layout), reaching(layout)
    by_x, by_y = bool(variant.wanted & 1), bool(variant.wanted & 2)
    slopes, corrected = sloping(layout.vector, gradient), correcting(measure)

    @device
    def write(
        out: Any, begin: Value, at: Value, length: Value, inside: Value, values: Tuple
    ) -> None:
        if inside:
            write_whole(out, begin, at, values)
        else:
            write_some(out, begin, at, length, values)

    @device
    def write_steps(row: Tuple, data: Any, outputs: Any, first: Value, steps: Value) -> None:
        length = data[4]
        out_x, out_y, begin_x, begin_y = outputs
        done = np.int64(0)
        while done < steps:
            step = first + done
            inside, at = ends_inside(step, length), at_step(step)
            a, b = fetch(data, step, inside)
            slopes_x, slopes_y = slopes(row, a, b)
            if by_x:
                slopes_x = corrected(row, a, b, slopes_x)
                write(out_x, begin_x, at, length, inside, narrow(slopes_x))
            if by_y:
                write(out_y, begin_y, at, length, inside, narrow(slopes_y))
            done += np.int64(1)

    return write_steps
