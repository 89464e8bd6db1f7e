"""The kernel of tables that a warp or a block has as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..prims import any_lane, block, device, lane, load, select, shared, store
from ..teams import team_reduce
from ..tuples import Tuple, Value, choose, each_with
from .conclusion import TableMeasure, concluding, row_of_lanes, sums, whole_of
from .layout import LANES, WARP, Layout
from .sweeps import (
    folding,
    merging_groups,
    merging_rows,
    placing,
    summing_columns,
    times,
    visiting,
)
from .terms import ROWS, summing_terms, writing_gradient


def _adding_everything(layout: Layout, T: Any, aligned: bool) -> Callable[..., Tuple]:
    """Return a function that adds up a table, where the columns' sums are not needed."""
    visit, fold, merge = (
        visiting(layout, np.dtype(T).name, aligned),
        folding(T, layout.columns),
        sums(T, 1).merge,
    )
    scale_each, zeros = each_with(layout.columns, times), (T(0),) * 2
    nothing, zero, one = zeros * layout.columns, np.int64(0), np.int64(1)
    reduce = team_reduce(layout, sums(T, 1))

    @device
    def total(table: Any, place: Tuple, steps: Value, factor: Value, exchange: Any) -> Tuple:
        state = zeros
        step = zero
        while step < steps:
            values = visit(table, place, step)
            state = merge(state, fold(scale_each(values, factor)))
            step += one
        return nothing, reduce(state, exchange)

    return total


def _adding_columns(layout: Layout, T: Any, aligned: bool) -> Callable[..., Tuple]:
    """Return a function that adds up the columns, and all of them."""
    sweep, merge = summing_columns(layout, T, aligned), merging_rows(layout, T, layout.columns)
    fold, along = folding(T, 2 * layout.columns), merging_groups(layout, 1)

    @device
    def total(table: Any, place: Tuple, steps: Value, factor: Value, exchange: Any) -> Tuple:
        columns = merge(sweep(table, place, steps, factor), exchange)
        return columns, along(fold(columns))

    return total


def make_whole(
    measure: TableMeasure, layout: Layout, aligned: bool, wanted: bool
) -> Callable[..., None]:
    """Return the kernel."""
    T, formula = measure.T, measure.formula
    adding = _adding_everything if formula.marginals == ROWS else _adding_columns
    totals, row_of, place_of = (
        adding(layout, T, aligned),
        row_of_lanes(layout, measure),
        placing(layout),
    )
    sweep = summing_terms(layout, T, aligned, formula, row_of)
    write = writing_gradient(layout, T, aligned, formula, row_of)
    reduce = team_reduce(layout, sums(T, 1))
    whole, conclude = whole_of(measure), concluding(measure)
    pick, scale_each = choose(2 * layout.columns, select), each_with(2 * layout.columns, times)
    teams, rows, in_team = (
        np.int64(LANES // layout.team),
        np.int64(layout.rows),
        np.int64(layout.team - 1),
    )
    team_shift, zero, one = np.int64(layout.team.bit_length() - 1), np.int64(0), np.int64(1)
    nothing, unscaled, down = T(0), T(1), T(2.0**-64)
    exchanged = 2 * layout.columns * LANES if layout.team > WARP else 1

    def kernel(
        table: Any, cotangent: Any, value: Any, gradient: Any, tables: Any, nx: Any, ny: Any,
        apart: Any, row_stride: Any, gradient_apart: Any, gradient_row_stride: Any, has_cotangent: Any, unit: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchanged, T)
        index = block() * teams + (lane() >> team_shift)
        inside = index < tables
        steps = (nx + rows - one) // rows
        place = place_of(index * apart, row_stride, zero, select(inside, nx, zero), zero, ny)
        columns, total = totals(table, place, steps, unscaled, exchange)
        far = (nothing, nothing)
        overflows = ~(total[0] - total[0] == nothing)
        if any_lane(
            overflows
        ):  # the same for all lanes of a table, so that barriers may stand here
            far_columns, far = totals(table, place, steps, down, exchange)
            columns = pick(overflows, far_columns, columns)
        found = whole(total[0], far[0], total[1], far[1])
        columns = scale_each(columns, found[3])
        scale = T(found[2])
        head = T(found[0])
        source = (head, T((found[0] - np.float64(head)) + found[1]))
        terms = reduce(sweep(table, place, steps, scale, columns, source), exchange)
        upstream = load(cotangent, index, inside & (has_cotangent != zero), unscaled)
        result, ends = conclude(unit, upstream, found, terms)
        store(value, index, result, inside & ((lane() & in_team) == zero))
        if wanted:
            base = index * gradient_apart
            write(
                table,
                place,
                steps,
                scale,
                columns,
                source,
                gradient,
                base,
                gradient_row_stride,
                ends,
            )

    return kernel
