"""One pass over the rows of matrices: a sum a row, and matrices written on the way, of two at most.

A team of lanes owns a row: a warp for short rows, a block for others. Each lane adds up its terms, in two parts, and
the lanes' sums are merged in a fixed order: the same bits whatever the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import _arrays
from .._arrays import Output, Rows
from .._kernel import Kernel, Pointer
from ..layout import Layout
from ..prims import WARP, block, device, index_of, lane, load, select, shared, store
from ..sums import Phase, adding, plus, total_of
from ..teams import team_reduce
from ..tuples import Tuple, Value, rotate
from .elements import NAMES, memory_of, vector_of
from .noise import drawing, in_step

Array = Any
SHORT = 256
"""Rows up to this length belong to a warp each."""
_LAYOUTS = {True: (WARP, 128), False: (256, 256)}
"""Lanes of a team and of a block, for short rows and for others."""


class Pass(NamedTuple):
    """What a function of training adds to the loop, made for a type."""

    name: str
    T: Any
    padding: tuple[float, float, float]
    """What inputs are beyond a row's end: their term is 0."""
    inputs: int
    outputs: int
    apply: Callable[..., Tuple]
    """(row, elements of the inputs and of the noise) -> (term, elements of the outputs)"""
    prepare: Callable[..., Tuple]
    """(scale in float64, cotangent) -> row: numbers of type T"""
    finish: Callable[..., Value]
    """(scale, constant, total) -> the row's value, all in float64"""
    has_value: bool = True
    draws: bool = False
    """Whether elements have a normal number each."""


class Variant(NamedTuple):
    """One kernel of a pass."""

    short: bool
    aligned: bool
    whole: bool = True
    """Whether vectors take the numbers of one counter each."""


@device
def _no_noise(place: Value, stream: Value, seed: Value) -> Tuple:
    return (place, place, place, place)


def _reading(own: Pass, variant: Variant) -> Callable[..., Any]:
    """Return a function that reads a vector of each input; those that there are not repeat the first."""
    reads = [memory_of(own.T, variant.aligned, padding).read for padding in own.padding]
    first, second, third = reads
    inputs = own.inputs

    @device
    def read(pointers: Any, begins: Any, at: Value, length: Value) -> Any:
        x = first(pointers[0], begins[0], at, length)
        if inputs == 2:
            y = second(pointers[1], begins[1], at, length)
            return x, y, x
        y, z = second(pointers[1], begins[1], at, length), third(pointers[2], begins[2], at, length)
        return x, y, z

    return read


def _make(own: Pass, variant: Variant) -> Callable[..., None]:
    T, vector = own.T, vector_of(own.T)
    team, lanes = _LAYOUTS[variant.short]
    layout = Layout(team, lanes, chunked=False, vector=vector)
    sums = adding(1)
    start = (T(0), T(0))
    reduce = team_reduce(layout, Phase(start, sums.add, sums.merge, None))
    add, read, write = sums.add, _reading(own, variant), memory_of(T, variant.aligned).write
    draw = drawing(T, "normal", variant.whole) if own.draws else _no_noise
    apply, prepare, finish = own.apply, own.prepare, own.finish
    has_value, outputs = own.has_value, own.outputs
    teams, shift, in_team = (
        np.int64(layout.teams),
        np.int64(team.bit_length() - 1),
        np.int64(team - 1),
    )
    elements, width = np.int64(layout.step), np.int64(vector)
    zero, nothing, exchanged = np.int64(0), T(0), 2 * (team // WARP)

    def kernel(
        x: Any, y: Any, z: Any, cotangent: Any, value: Any, out: Any, other_out: Any,
        rows: Any, n: Any, stride_x: Any, stride_y: Any, stride_z: Any, stride_out: Any, stride_other: Any,
        cotangent_step: Any, factor: Any, scale: Any, constant: Any, seed: Any, offset: Any, stream: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        row = block() * teams + (lane() >> shift)
        inside = row < rows
        length = select(inside, n, zero)
        own_factor = load(
            cotangent, row * cotangent_step, inside & (cotangent_step >= zero), factor
        )
        constants = prepare(scale, own_factor)
        pointers, begins = (x, y, z), (row * stride_x, row * stride_y, row * stride_z)
        state = start
        at = (lane() & in_team) * width
        base = zero
        while base < n:
            a, b, c = read(pointers, begins, at + base, length)
            numbers = draw(offset + index_of(row * n + at + base), stream, seed)
            total = nothing
            first, second = a, b
            for _ in range(vector):
                term, of_first, of_second = apply(constants, a[0], b[0], c[0], numbers[0])
                total = plus(total, term)
                first, second = first[1:] + (of_first,), second[1:] + (of_second,)  # noqa: RUF005
                a, b, c, numbers = rotate(a), rotate(b), rotate(c), rotate(numbers)
            if outputs > 0:
                write(out, row * stride_out, at + base, length, first)
            if outputs > 1:
                write(other_out, row * stride_other, at + base, length, second)
            if has_value:
                state = add(state, (total,))
            base += elements
        if has_value:
            state = reduce(state, exchange)
            sum_of_row = total_of(state[0], state[1])
            first_lane = (lane() & in_team) == zero
            store(value, row, T(finish(scale, constant, sum_of_row)), inside & first_lane)

    return kernel


@cache
def kernel_of(own: Pass, variant: Variant) -> Kernel:
    """Return what can be launched."""
    T = own.T
    parts = [own.name, NAMES[T], "warps" if variant.short else "block"]
    parts += ["vectors" if variant.aligned else "scalars"]
    parts += [] if variant.whole else ["out_of_step"]
    parts += [f"outputs{own.outputs}"]
    return Kernel(
        "_".join(parts),
        lambda: _make(own, variant),
        (
            *(Pointer(T),) * 7,
            *(np.int64,) * 8,
            T,
            np.float64,
            np.float64,
            np.uint64,
            np.uint64,
            np.uint32,
        ),
        lanes=_LAYOUTS[variant.short][1],
        blocks_per_processor=512 // _LAYOUTS[variant.short][1],
        vector_loads=variant.aligned,
    )


class Noise(NamedTuple):
    """Where a matrix's random numbers begin."""

    seed: int = 0
    offset: int = 0
    stream: int = 0


NO_NOISE = Noise()


def _rows(array: Array) -> Rows:
    """Return rows; contiguous ones take no time."""
    if array.flags.c_contiguous:
        count, n = array.shape
        return Rows(array.reshape(-1), count, n, n)
    return _arrays.rows_of(array)


class _Target:
    """Where rows go: their own memory, or new memory that is copied there in the end."""

    def __init__(self, array: Array) -> None:
        self.slow = None if array.flags.c_contiguous else Output(array)
        self.rows = _rows(array) if self.slow is None else self.slow.rows

    def finish(self) -> None:
        if self.slow is not None:
            self.slow.finish()


def _factors(T: Any, cotangent: Array | None) -> tuple[Array | None, int, Any]:
    """Return the rows' factors, how far they are apart (-1: there are none), and else the factor of all rows."""
    if cotangent is None:
        return None, -1, T(1)
    if cotangent.ndim == 0 and isinstance(cotangent, np.ndarray):  # in host memory
        return None, -1, cotangent[()]
    return _arrays.numbers(cotangent), cotangent.ndim, T(1)


def run(
    own: Pass,
    inputs: tuple[Array, ...],
    cotangent: Array | None,
    value: Array | None,
    outputs: tuple[Array, ...] = (),
    scale: float = 1.0,
    constant: float = 0.0,
    noise: Noise = NO_NOISE,
) -> None:
    """Launch a pass; a cotangent in host memory is one number for all rows."""
    T = own.T
    count, n = inputs[0].shape
    if count == 0 or n == 0:
        if value is not None:
            value[...] = 0
        return
    sources, targets = [_rows(array) for array in inputs], [_Target(array) for array in outputs]
    every = [*sources, *(target.rows for target in targets)]
    aligned = all(rows.aligned() for rows in every)
    whole = not own.draws or in_step(T, noise.offset, n)
    memory = value
    if value is not None and not value.flags.c_contiguous:
        memory = _arrays.empty(count, T)
    factors, step, factor = _factors(T, cotangent)
    sources += [sources[0]] * (3 - len(sources))
    places = [target.rows for target in targets]
    variant = Variant(n <= SHORT, aligned, whole)
    teams = _LAYOUTS[variant.short][1] // _LAYOUTS[variant.short][0]
    kernel_of(own, variant)(
        -(-count // teams),
        *(rows.memory for rows in sources),
        factors,
        memory,
        *([rows.memory for rows in places] + [None] * (2 - len(places))),
        count,
        n,
        *(rows.stride for rows in sources),
        *([rows.stride for rows in places] + [0] * (2 - len(places))),
        step,
        factor,
        scale,
        constant,
        *noise,
    )
    for target in targets:
        target.finish()
    if value is not None and memory is not value:
        value[...] = memory
