"""From a table's sums to what its lanes need: the prescale, shares of columns and rows, the value, gradients' ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..math import functions
from ..prims import device, divide, load, load_vector, select
from ..probabilities.weights import normalizer
from ..sums import Phase, adding, total_of
from ..tuples import Tuple, Value
from .layout import Layout
from .sweeps import summing_row
from .terms import BOTH, COLUMNS, ROWS, TableFormula, sharing

QUAD = 4
"""A marginal in memory: its sum, that of the entries divided by 2^64, and what each has rounded away."""


class TableMeasure(NamedTuple):
    """A measure of tables, normalised or plain."""

    formula: TableFormula
    T: Any
    normalized: bool

    @property
    def label(self) -> str:
        """Its name among the kernels."""
        marginals = {COLUMNS: "by_columns", ROWS: "by_rows", BOTH: "of_both"}[
            self.formula.marginals
        ]
        kind = "normalized" if self.normalized else "plain"
        return f"{self.formula.name}_{np.dtype(self.T).name}_{kind}_{marginals}"


@cache
def sums(T: Any, count: int) -> Phase:
    """Return how `count` sums are added up by lanes and from slots."""
    return Phase((T(0),) * (2 * count), None, adding(count).merge, None)


def whole_of(measure: TableMeasure) -> Callable[..., Tuple]:
    """Return a function of a quad: the table's sum, its low part, the prescale, the marginals' factor, which of them.

    The first three are float64. Sums past infinity are those of entries divided by 2^64.
    """
    T, normalized, normalize = measure.T, measure.normalized, normalizer(measure.T)
    zero, one, up = T(0), T(1), np.float64(2.0**64)
    nothing, unscaled = np.float64(0), np.float64(1)

    @device
    def whole(high: Value, far: Value, low: Value, far_low: Value) -> Tuple:
        # a sum is positive and finite only if an entry is, and no other one is infinite
        top = select(((high > zero) | (far > zero)) & (far - far == zero), one, zero)
        total, rest, scale = normalize(high, low, far, far_low, top)
        overflows = ~(high - high == zero)
        if not normalized:  # a table of zeros has no probabilities, but terms that are 0
            empty = high == zero
            total, rest = select(empty, unscaled, total), select(empty, nothing, rest)
            scale = select(empty, unscaled, scale)
        return total, rest, scale, T(select(overflows, scale * up, scale)), overflows

    return whole


def concluding(measure: TableMeasure) -> Callable[..., Tuple]:
    """Return a function of the unit, the cotangent, the whole sum and the terms' sum: the value, gradients' ends.

    The plain measures follow from those of w / S: H(X | Y) = S H, and I(X; Y) = S I - S log S, whose own terms would
    need products of marginals to more digits than T has. For probabilities S is 1 but for roundings.
    """
    T, normalized, has_logarithm = measure.T, measure.normalized, measure.formula.has_logarithm
    zero, one, two, half = (np.float64(number) for number in (0, 1, 2, 0.5))
    center_plain, wide = np.float64(measure.formula.center_plain), functions(np.float64)
    log, log1p = wide.log, wide.log1p

    @device
    def conclude(unit: Value, cotangent: Value, whole: Tuple, terms: Tuple) -> Tuple:
        total, rest, scale = whole[0], whole[1], whole[2]
        center = divide(total_of(terms[0], terms[1]), total)
        value, slope = center * unit, unit * np.float64(cotangent)
        first, second = divide(slope, total), scale
        if not normalized:
            log_sum = zero
            if has_logarithm:
                near = (total > half) & (total < two)
                log_sum = select(near, log1p((total - one) + rest), log(total + rest)) - log(scale)
            value = divide((value - unit * log_sum) * (total + rest), scale)
            center, first, second = center_plain + log_sum, slope, one
        return T(value), (T(center), T(first), T(second), T(value))

    return conclude


def row_of_lanes(layout: Layout, measure: TableMeasure) -> Callable[..., Tuple]:
    """Return a function of a group's entries, and the whole sum: what terms have to know of their row."""
    T, marginals = measure.T, measure.formula.marginals
    zero, add_up, share = T(0), summing_row(layout, T), sharing(T)

    @device
    def row_of(values: Tuple, source: Tuple, row: Value) -> Tuple:
        if marginals == COLUMNS:
            return zero, zero
        high, low = add_up(values)
        if marginals == BOTH:
            return share(high, low, source[0], source[1]), zero
        return high, low

    return row_of


def row_of_memory(measure: TableMeasure) -> Callable[..., Tuple]:
    """Return the same for marginals in memory."""
    T, marginals, share = measure.T, measure.formula.marginals, sharing(measure.T)
    zero, quad, two, single = T(0), np.int64(QUAD), np.int64(2), T is np.float32

    @device
    def read(rows: Any, at: Value, end: Value) -> Tuple:
        if single:
            return load_vector(rows, at, at, end, zero)
        return load_vector(rows, at, at, end, zero) + load_vector(rows, at + two, at, end, zero)

    @device
    def row_of(values: Tuple, source: Tuple, row: Value) -> Tuple:
        if marginals == COLUMNS:
            return zero, zero
        whole, whole_low, rows, begin, end, factor, overflows = source
        high, far, low, far_low = read(rows, begin + row * quad, end)
        high, low = select(overflows, far, high) * factor, select(overflows, far_low, low) * factor
        if marginals == BOTH:
            return share(high, low, whole, whole_low), zero
        return high, low

    return row_of


def columns_of_memory(layout: Layout, T: Any) -> Callable[..., Tuple]:
    """Return a function that reads the marginals of a lane's columns: high parts, then low ones."""
    zero, quad, one, two = T(0), np.int64(QUAD), np.int64(1), np.int64(2)

    def reading(count: int, place: int) -> Callable[..., Tuple]:
        """Return a function of the first column that reads those from a place among the lane's on."""
        group, position = divmod(place, layout.vector)
        apart = np.int64(group * layout.group * layout.vector + position)

        @device
        def one_column(columns: Any, begin: Value, at: Value, ny: Value, offset: Value) -> Tuple:
            index = begin + (at + apart) * quad + offset
            return (load(columns, index, at + apart < ny, zero),)

        if count == 1:
            return one_column
        rest = reading(count - 1, place + 1)

        @device
        def read(columns: Any, begin: Value, at: Value, ny: Value, offset: Value) -> Tuple:
            return one_column(columns, begin, at, ny, offset) + rest(columns, begin, at, ny, offset)

        return read

    every = reading(layout.columns, 0)

    @device
    def read_both(columns: Any, begin: Value, at: Value, ny: Value, overflows: Value) -> Tuple:
        far = select(overflows, one, one - one)
        return every(columns, begin, at, ny, far) + every(columns, begin, at, ny, far + two)

    return read_both
