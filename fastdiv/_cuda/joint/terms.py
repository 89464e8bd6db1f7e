"""Terms of a table's entries beside their marginals, added up or made a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..math import constants as constants_of
from ..prims import any_lane, device, divide, fma, select
from ..sums import adding
from ..tuples import Tuple, Value, each_with, rotate
from .layout import Layout
from .sweeps import finding, moving, times, visiting

COLUMNS, ROWS, BOTH = range(3)
"""The marginals that terms are compared with."""


class TableFormula(NamedTuple):
    """A measure of tables, made for a type."""

    name: str
    marginals: int
    apply: Callable[..., Any]
    """(w, marginal, its low part or the row's share) -> ((term, slope), special lanes)"""
    apply_special: Callable[..., Tuple]
    """The same arguments -> (term, slope)"""
    center_plain: float
    has_logarithm: bool
    """Whether the plain measure of a table of the sum S is S times the normalised one, less S log S."""


def sharing(T: Any) -> Callable[..., Value]:
    """Return a function of a row's sum and the whole sum, both in two parts: their quotient."""
    zero = T(0)

    @device
    def share(high: Value, low: Value, whole: Value, whole_low: Value) -> Value:
        first = divide(high, whole)
        rest = (fma(-first, whole, high) + low) - first * whole_low
        return select(first > zero, first + divide(rest, whole), first)

    return share


def evaluating(layout: Layout, T: Any, formula: TableFormula) -> Callable[..., Any]:
    """Return a function of a lane's entries, its columns' sums, and two numbers of the row: the terms' sum, slopes."""
    apply, apply_special, marginals = formula.apply, formula.apply_special, formula.marginals
    count, zero = layout.columns, T(0)

    @device
    def compared_with(high: Value, low: Value, of_row: Value, of_row_low: Value) -> Tuple:
        first = of_row if marginals == ROWS else high
        second = low if marginals == COLUMNS else (of_row_low if marginals == ROWS else of_row)
        return first, second

    @device
    def any_numbers(values: Tuple, columns: Tuple, of_row: Value, of_row_low: Value) -> Any:
        total, slopes = zero, values
        high, low = columns[:count], columns[count:]
        for _ in range(count):
            first, second = compared_with(high[0], low[0], of_row, of_row_low)
            regular, special = apply(values[0], first, second)
            other = apply_special(values[0], first, second)
            total = total + select(special, other[0], regular[0])
            slopes = slopes[1:] + (select(special, other[1], regular[1]),)  # noqa: RUF005
            values, high, low = rotate(values), rotate(high), rotate(low)
        return total, slopes

    @device
    def evaluate(values: Tuple, columns: Tuple, of_row: Value, of_row_low: Value) -> Any:
        total, slopes, rest = zero, values, values
        high, low = columns[:count], columns[count:]
        odd = values[0] != values[0]
        for _ in range(count):
            first, second = compared_with(high[0], low[0], of_row, of_row_low)
            regular, special = apply(rest[0], first, second)
            total = total + regular[0]
            slopes = slopes[1:] + (regular[1],)  # noqa: RUF005
            odd = odd | special
            rest, high, low = rotate(rest), rotate(high), rotate(low)
        if any_lane(odd):
            total, slopes = any_numbers(values, columns, of_row, of_row_low)
        return total, slopes

    return evaluate


def summing_terms(
    layout: Layout, T: Any, aligned: bool, formula: TableFormula, row_of: Any
) -> Callable[..., Tuple]:
    """Return a function that adds up the lane's terms; `row_of(values, source, row)` are two numbers of the row."""
    visit, evaluate, add = (
        visiting(layout, np.dtype(T).name, aligned),
        evaluating(layout, T, formula),
        adding(1).add,
    )
    find = finding(layout)
    nothing, zero, one, scale_each = (
        (T(0), T(0)),
        np.int64(0),
        np.int64(1),
        each_with(layout.columns, times),
    )

    @device
    def sweep(
        table: Any, place: Tuple, steps: Value, factor: Value, columns: Tuple, source: Any
    ) -> Tuple:
        state = nothing
        entries = visit(table, place, zero)
        step = zero
        while step < steps:
            row, _ = find(place, step)
            step += one
            ahead = visit(table, place, step)  # on its way while this row is computed
            values = scale_each(entries, factor)
            of_row, of_row_low = row_of(values, source, row)
            total, _ = evaluate(values, columns, of_row, of_row_low)
            state = add(state, (total,))
            entries = ahead
        return state

    return sweep


def writing_gradient(
    layout: Layout, T: Any, aligned: bool, formula: TableFormula, row_of: Any
) -> Callable[..., None]:
    """Return a function that writes the gradient of the lane's entries."""
    kind, c = np.dtype(T).name, constants_of(T)
    visit, find, evaluate = (
        visiting(layout, kind, aligned),
        finding(layout),
        evaluating(layout, T, formula),
    )
    write, scale_each = moving(layout, kind, aligned).write, each_with(layout.columns, times)
    zero, one, nan, infinity, nothing = np.int64(0), np.int64(1), c.NAN, c.INFINITY, c.ZERO

    @device
    def finish_slope(slope: Value, ends: Tuple) -> Value:
        center, first, second, value = ends
        difference = select(slope == infinity, slope, slope - center)
        result = select(
            slope == slope, (difference * first) * second, nothing
        )  # NaN stands for an entry of 0
        return select(value == value, result, nan)

    finish_each = each_with(layout.columns, finish_slope)

    @device
    def sweep(
        table: Any, place: Tuple, steps: Value, factor: Value, columns: Tuple, source: Any,
        gradient: Any, base: Value, row_stride: Value, ends: Tuple,
    ) -> None:  # fmt: skip
        at = place[4]
        entries = visit(table, place, zero)
        step = zero
        while step < steps:
            row, length = find(place, step)
            step += one
            ahead = visit(table, place, step)
            values = scale_each(entries, factor)
            of_row, of_row_low = row_of(values, source, row)
            _, slopes = evaluate(values, columns, of_row, of_row_low)
            write(gradient, base + row * row_stride, at, length, finish_each(slopes, ends))
            entries = ahead

    return sweep
