"""-sum p log q, with p = softmax(x / T), q = softmax(y / T). With n = max y and R, k of y as in entropy.py,

    S = sum exp(x / T) (n - y) / T:
    value = log(k + R) + S / sum exp(x / T), both of them positive

The mean of y under p is summed relative to y where x has its maximum.
d/dx = p (mean of y under p - y) / T^2; d/dy = (q - p) / T
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import device, divide, select
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import (
    COMPUTED,
    LARGEST_X,
    LARGEST_Y,
    SHIFT,
    UNCOVERED,
    Y_AT_PEAK,
    defined,
    factor_of,
    infinite_slope,
    log_normalizer,
    measure_of,
)
from .softmax import LARGEST_Y as PEAK_Y
from .softmax import MOMENT_FACTOR, MOMENT_UNIT, ROW, constants_of_row, softmax

AT_PEAK, CENTER, FACTOR_X, FACTOR_Y, VALUE, INFINITE = range(ROW, ROW + 6)


@cache
def make(kind: str, by_y: bool = True) -> Measure:
    """Return the measure; without the gradient by y it needs no quotients."""
    T = COMPUTED[kind]
    c, s, own = constants_of(T), softmax(T), constants_of_row(T)
    zero, one, nan = c.ZERO, c.ONE, c.NAN
    differ, less_shift, compare, probability_x, probability_y = (
        s.differ, s.less_shift, s.compare, s.probability_x, s.probability_y
    )  # fmt: skip
    row_of, temperature_of, factor, slope_at_infinity = (
        own.row, own.temperature, factor_of(T), infinite_slope(T)
    )  # fmt: skip
    wide_zero, two, unit = np.float64(0), np.float64(2), np.float64(MOMENT_UNIT)
    infinity, log1p, count = np.float64(np.inf), functions(np.float64).log1p, 6 if by_y else 5

    @device
    def peak_of(options: Tuple, wide: Tuple) -> Tuple:
        """Return y where x has its peak: slopes are relative to it, so that one-hot rows lose no digit."""
        peak = wide[Y_AT_PEAK]
        return (T(select(peak == -infinity, wide[LARGEST_Y], peak)),)

    @device
    def moments(row: Tuple, x: Value, y: Value, p: Value) -> Tuple:
        q = probability_y(row, y)
        is_largest = y == row[PEAK_Y]
        rest, often = select(is_largest, zero, q), select(is_largest, one, zero)
        below_peak = select(p == zero, zero, p * ((row[PEAK_Y] - y) * row[MOMENT_FACTOR]))
        from_peak = select(p == zero, zero, p * ((y - row[AT_PEAK]) * row[MOMENT_FACTOR]))
        return rest, often, below_peak, p, from_peak

    @device
    def difference_of(row: Tuple, x: Value, y: Value) -> Tuple:
        p, high, low = differ(row, x, y)
        d, d_low = less_shift(row, high, low)
        return p, compare(row, y, p, d, d_low)[-1]

    @device
    def terms_with(row: Tuple, x: Value, y: Value) -> Tuple:
        p, difference = difference_of(row, x, y)
        return moments(row, x, y, p) + (difference,)  # noqa: RUF005

    @device
    def terms_without(row: Tuple, x: Value, y: Value) -> Tuple:
        return moments(row, x, y, probability_x(row, x))

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        rest, often = total_of(state[0], state[count]), total_of(state[1], state[count + 1])
        below_peak, total = (
            total_of(state[2], state[count + 2]),
            total_of(state[3], state[count + 3]),
        )
        from_peak = divide(total_of(state[4], state[count + 4]), total) * unit
        temperature = temperature_of(options)
        at_peak = np.float64(peak_of(options, wide)[0])
        mean = divide(below_peak, total) * unit
        # Taken by itself, a term that outweighs all others is not rounded as they are.
        mean = select(two > total, divide(wide[LARGEST_Y] - at_peak, temperature) - from_peak, mean)
        uncovered = wide[UNCOVERED] > wide_zero
        nats = select(uncovered, infinity, log_normalizer(often, rest) + mean)
        value = defined(wide, nats) * options[0]
        step = wide_zero
        if by_y:
            step = -temperature * log1p(divide(total_of(state[count - 1], state[-1]), total))
        slope = divide(options[0] * options[3], options[2])
        row = row_of(options, wide[LARGEST_X], wide[LARGEST_Y], wide[SHIFT], step)
        last = (
            T(temperature * from_peak), T(factor(divide(slope, options[2]), total)), T(factor(slope, total)),
            T(value), T(wide[UNCOVERED]),
        )  # fmt: skip
        return row + peak_of(options, wide) + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        p, difference = difference_of(row, x, y)
        slope = p * ((row[AT_PEAK] - y) + row[CENTER]) * row[FACTOR_X]
        slope = select(p == zero, zero, slope)
        slope = select(row[INFINITE] > zero, slope_at_infinity(x, y, row[FACTOR_X]), slope)
        valid = row[VALUE] == row[VALUE]
        return select(valid, slope, nan), select(valid, difference * row[FACTOR_Y], nan)

    name = "cross_entropy" if by_y else "cross_entropy_by_x"
    terms = terms_with if by_y else terms_without
    return measure_of(name, kind, 2, count, peak_of, terms, finish, gradient)
