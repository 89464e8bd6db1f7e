"""The kernels of tables that are cut into tiles: partial marginals, the marginals, partial terms, outputs.

What a tile leaves has its own place in memory, and is added up in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..prims import any_lane, block, device, lane, load, select, shared, store
from ..sums import adding
from ..teams import combine_slots, storing, team_reduce
from ..tuples import Tuple, Value, choose, each_with, rotate
from .conclusion import (
    QUAD,
    TableMeasure,
    columns_of_memory,
    concluding,
    row_of_memory,
    sums,
    whole_of,
)
from .layout import LANES, WARP, WARPS, Layout
from .sweeps import (
    AT_ONCE,
    finding,
    folding,
    merging_rows,
    moving,
    placing,
    summing_columns,
    summing_row,
    times,
    visiting_several,
)
from .terms import COLUMNS, ROWS, summing_terms, writing_gradient

_EXCHANGED = QUAD * WARPS


def tile_of(layout: Layout) -> Callable[..., Tuple]:
    """Return a function that finds the block's table and tile, and the lane's place in it."""
    place_of, rows, width = placing(layout), np.int64(layout.rows), np.int64(layout.width)

    @device
    def find(
        apart: Value,
        row_stride: Value,
        nx: Value,
        ny: Value,
        steps: Value,
        down: Value,
        strips: Value,
    ) -> Tuple:
        tiles = down * strips
        index = block() // tiles
        tile = block() - index * tiles
        row = tile // strips
        strip = tile - row * strips
        first = row * steps * rows
        last = first + steps * rows
        end = select(last < nx, last, nx)
        return index, row, strip, place_of(index * apart, row_stride, first, end, strip * width, ny)

    return find


def _adding_rows(layout: Layout, T: Any, aligned: bool, by_columns: bool) -> Callable[..., Tuple]:
    """Return a function that goes down a tile, writes its rows' partial sums, and adds up the columns if asked to."""
    count, down = layout.columns, T(2.0**-64)
    visit, find = visiting_several(layout, np.dtype(T).name, aligned), finding(layout)
    add, add_up, scale_each, write = (
        adding(count).add,
        summing_row(layout, T),
        each_with(count, times),
        storing(QUAD),
    )
    zeros, nothing, zero, one = (T(0),) * (2 * count), T(0), np.int64(0), np.int64(1)
    in_group = np.int64(layout.group - 1)

    @device
    def sweep(
        table: Any, place: Tuple, steps: Value, rows: Any, begin: Value, apart: Value
    ) -> Tuple:
        state = zeros
        step = zero
        while step < steps:
            several = visit(table, place, step)
            for _ in range(AT_ONCE):
                values = several[0]
                if by_columns:
                    state = add(state, values)
                high, low = add_up(values)
                far, far_low = high * down, low * down
                overflows = ~(high - high == nothing)
                if any_lane(overflows):
                    other, other_low = add_up(scale_each(values, down))
                    far, far_low = (
                        select(overflows, other, far),
                        select(overflows, other_low, far_low),
                    )
                row, _ = find(place, step)
                first = (row < place[3]) & ((lane() & in_group) == zero)
                write(rows, begin + row, apart, (high, far, low, far_low), first)
                several = rotate(several)
                step += one
        return state

    return sweep


def make_marginals(layout: Layout, T: Any, aligned: bool, marginals: int) -> Callable[..., None]:
    """Return the kernel that adds up a tile's columns and rows."""
    by_columns, by_rows, count, down = (
        marginals != ROWS,
        marginals != COLUMNS,
        layout.columns,
        T(2.0**-64),
    )
    sweep, sweep_rows = (
        summing_columns(layout, T, aligned),
        _adding_rows(layout, T, aligned, by_columns),
    )
    find, merge, fold = tile_of(layout), merging_rows(layout, T, 2 * count), folding(T, count)
    pick, scale_each = choose(2 * count, select), each_with(2 * count, times)
    write = moving(layout, np.dtype(T).name, False).write
    quad, zero, nothing, unscaled = np.int64(QUAD), np.int64(0), T(0), T(1)
    across, strip = np.int64(layout.across), np.int64(layout.strip)
    writers = np.int64(layout.across * WARP)
    in_warp, group = np.int64(WARP - 1), np.int64(layout.group)
    exchanged = 4 * count * LANES if layout.across < WARPS else 1
    twice, thrice = 2 * count, 3 * count  # a slice's bounds are constants

    @device
    def write_columns(
        columns: Any, exchange: Any, state: Tuple, far: Tuple, begin: Value, down: Value, at: Value, ny: Value
    ) -> None:  # fmt: skip
        total = merge(state[:count] + far[:count] + state[count:] + far[count:], exchange)
        first = (lane() < writers) & ((lane() & in_warp) < group)
        length = select(first, ny, zero)
        write(columns, begin, at, length, total[:count])
        write(columns, begin + down * ny, at, length, total[count:twice])
        write(columns, begin + (down + down) * ny, at, length, total[twice:thrice])
        write(columns, begin + (down + down + down) * ny, at, length, total[thrice:])

    def kernel(
        table: Any, columns: Any, rows: Any, nx: Any, ny: Any, apart: Any, row_stride: Any,
        steps: Any, tiles_down: Any, strips: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        index, row, _, place = find(apart, row_stride, nx, ny, steps, tiles_down, strips)
        if by_rows:
            parts = strips * across
            part = place[4] // strip
            begin = (index * quad * parts + part) * nx
            state = sweep_rows(table, place, steps, rows, begin, parts * nx)
        else:
            state = sweep(table, place, steps, unscaled)
        if by_columns:
            far = scale_each(state, down)
            high = fold(state[:count])[0]
            overflows = ~(high - high == nothing)
            if any_lane(overflows):
                far = pick(overflows, sweep(table, place, steps, down), far)
            begin_columns = (index * quad * tiles_down + row) * ny
            write_columns(columns, exchange, state, far, begin_columns, tiles_down, place[4], ny)

    return kernel


def _beginning(measure: TableMeasure, layout: Layout) -> Callable[..., Any]:
    """Return a function that finds what a tile has to know of its table."""
    T, by_columns = measure.T, measure.formula.marginals != ROWS
    find, combine, whole = tile_of(layout), combine_slots(layout, sums(T, 2)), whole_of(measure)
    read_columns, scale_each = columns_of_memory(layout, T), each_with(2 * layout.columns, times)
    zeros, quad, zero = (T(0),) * (2 * layout.columns), np.int64(QUAD), np.int64(0)

    @device
    def begin(
        columns: Any, rows: Any, totals: Any, nx: Value, ny: Value, apart: Value, row_stride: Value,
        steps: Value, down: Value, strips: Value, blocks: Value, exchange: Any,
    ) -> Any:  # fmt: skip
        index, row, strip, place = find(apart, row_stride, nx, ny, steps, down, strips)
        high, far, low, far_low = combine(totals, index * blocks, blocks, exchange)
        found = whole(high, far, low, far_low)
        total, rest, _, factor, overflows = found
        own = zeros
        if by_columns:
            own = scale_each(
                read_columns(columns, index * ny * quad, place[4], ny, overflows), factor
            )
        head = T(total)
        source = (
            head, T((total - np.float64(head)) + rest),
            rows, index * nx * quad, (index + 1) * nx * quad, factor, overflows,
        )  # fmt: skip
        return index, (row == zero) & (strip == zero), place, found, own, source

    return begin


def make_terms(measure: TableMeasure, layout: Layout, aligned: bool) -> Callable[..., None]:
    """Return the kernel that adds up a tile's terms."""
    T, formula = measure.T, measure.formula
    begin, sweep = (
        _beginning(measure, layout),
        summing_terms(layout, T, aligned, formula, row_of_memory(measure)),
    )
    reduce, write = team_reduce(layout, sums(T, 1)), storing(2)
    one, two, zero = np.int64(1), np.int64(2), np.int64(0)

    def kernel(
        table: Any, columns: Any, rows: Any, totals: Any, terms: Any, nx: Any, ny: Any, apart: Any, row_stride: Any,
        steps: Any, down: Any, strips: Any, blocks: Any,
    ) -> None:  # fmt: skip
        exchange = shared(_EXCHANGED, T)
        _, _, place, found, own, source = begin(
            columns, rows, totals, nx, ny, apart, row_stride, steps, down, strips, blocks, exchange
        )  # fmt: skip
        state = reduce(sweep(table, place, steps, T(found[2]), own, source), exchange)
        write(terms, block() * two, one, state, lane() == zero)

    return kernel


def make_outputs(
    measure: TableMeasure, layout: Layout, aligned: bool, wanted: bool
) -> Callable[..., None]:
    """Return the kernel that concludes; without a gradient one block a table does."""
    T, formula = measure.T, measure.formula
    begin, conclude = _beginning(measure, layout), concluding(measure)
    write = writing_gradient(layout, T, aligned, formula, row_of_memory(measure))
    combine = combine_slots(layout, sums(T, 1))
    zero, unscaled = np.int64(0), T(1)

    def kernel(
        table: Any, columns: Any, rows: Any, totals: Any, terms: Any, cotangent: Any, value: Any, gradient: Any,
        nx: Any, ny: Any, apart: Any, row_stride: Any, gradient_apart: Any, gradient_row_stride: Any,
        steps: Any, down: Any, strips: Any, blocks: Any, tiles: Any, has_cotangent: Any, unit: Any,
    ) -> None:  # fmt: skip
        exchange = shared(_EXCHANGED, T)
        index, is_first, place, found, own, source = begin(
            columns, rows, totals, nx, ny, apart, row_stride, steps, down, strips, blocks, exchange
        )  # fmt: skip
        total = combine(terms, index * tiles, tiles, exchange)
        upstream = load(cotangent, index, has_cotangent != zero, unscaled)
        result, ends = conclude(unit, upstream, found, total)
        store(value, index, result, is_first & (lane() == zero))
        if wanted:
            base = index * gradient_apart
            write(
                table,
                place,
                steps,
                T(found[2]),
                own,
                source,
                gradient,
                base,
                gradient_row_stride,
                ends,
            )

    return kernel
