"""KL(p | q) = sum p log(p / q), with p = softmax(x / T), q = softmax(y / T). With a shift D that makes
t = (x - y - D) / T nearly the log-ratio log(p / q), P = exp(x / T) and Q = P exp(-t), sums over the row:

    w = sum (Q - P) / sum P; KL = sum P t / sum P + log(1 + w)
                                = sum P (t - 1 + exp(-t)) / sum P - (w - log(1 + w))
    In the second form no term is negative and w is what the survey's shift is off by, so that nothing cancels for
    rows that are close; the first serves where KL is large.   log(p / q) = t + log(1 + w)

dKL/dx = p (x - y - mean of x - y under p) / T^2; dKL/dy = (q - p) / T, with the shift such that sum P = sum Q
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import at_least, device, divide, fma, select
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
    excess_over_log1p,
    factor_of,
    infinite_slope,
    measure_of,
)
from .softmax import MOMENT_FACTOR, MOMENT_UNIT, ROW, constants_of_row, softmax

PEAK_HIGH, PEAK_LOW, CENTER, FACTOR_X, FACTOR_Y, VALUE, INFINITE = range(ROW, ROW + 7)
LARGE_MEAN = 64.0
"""In nats: beside it a logarithm of 1 + w hardly counts."""


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    c, s, own = constants_of(T), softmax(T), constants_of_row(T)
    zero, nan, largest = c.ZERO, c.NAN, c.LARGEST
    below, subtract, differ, less_shift, compare = (
        s.below,
        s.subtract,
        s.differ,
        s.less_shift,
        s.compare,
    )
    row_of, temperature_of, factor, slope_at_infinity = (
        own.row, own.temperature, factor_of(T), infinite_slope(T)
    )  # fmt: skip
    wide_zero, wide_one, two, infinity = (
        np.float64(0),
        np.float64(1),
        np.float64(2),
        np.float64(np.inf),
    )
    unit, large_mean, log1p = (
        np.float64(MOMENT_UNIT),
        np.float64(LARGE_MEAN),
        functions(np.float64).log1p,
    )

    @device
    def peak_of(options: Tuple, wide: Tuple) -> Tuple:
        """Return y - max y where x has its peak: moments are relative to it, so that one-hot rows lose no digit."""
        return below(T(wide[Y_AT_PEAK]), T(wide[LARGEST_Y]), largest)

    @device
    def from_peak(row: Tuple, high: Value, low: Value) -> Value:
        """Return x - y less what it is where x has its peak."""
        total, rest = subtract(high, -row[PEAK_HIGH])
        return total + (rest + (low + row[PEAK_LOW]))

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        p, high, low = differ(row, x, y)
        d, d_low = less_shift(row, high, low)
        t, quotient, change, curved, k, q, difference = compare(row, y, p, d, d_low)
        term = select(k == zero, p * curved, fma(p, t, difference))
        moment = select(p == zero, zero, p * (from_peak(row, high, low) * row[MOMENT_FACTOR]))
        return p, difference, term, moment

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        total, missing = total_of(state[0], state[4]), total_of(state[1], state[5])
        excess, moment = total_of(state[2], state[6]), total_of(state[3], state[7])
        temperature, shift = temperature_of(options), wide[SHIFT]
        missing = divide(missing, total)
        from_peak_mean = divide(moment, total) * unit
        peak = peak_of(options, wide)
        peak_ratio = -divide((np.float64(peak[0]) + np.float64(peak[1])) + shift, temperature)
        offset = log1p(missing)
        mean = peak_ratio + from_peak_mean
        plain = mean + offset
        near = (missing <= wide_one) & (mean < large_mean)
        nats = select(near, divide(excess, total) - excess_over_log1p(missing), plain)
        # Taken by itself, a term that outweighs all others is not rounded as they are.
        apart = nats - peak_ratio
        is_most = (two > total) & (two * at_least(apart, -apart) < nats)
        nats = at_least(select(is_most, plain, nats), wide_zero)
        uncovered = wide[UNCOVERED] > wide_zero
        value = defined(wide, select(uncovered, infinity, nats)) * options[0]
        slope = divide(options[0] * options[3], options[2])
        row = row_of(options, wide[LARGEST_X], wide[LARGEST_Y], shift, -temperature * offset)
        last = (
            T(temperature * from_peak_mean), T(factor(divide(slope, options[2]), total)), T(factor(slope, total)),
            T(value), T(wide[UNCOVERED]),
        )  # fmt: skip
        return row + peak + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        p, high, low = differ(row, x, y)
        d, d_low = less_shift(row, high, low)
        results = compare(row, y, p, d, d_low)
        slope = p * (from_peak(row, high, low) - row[CENTER]) * row[FACTOR_X]
        slope = select(p == zero, zero, slope)
        slope = select(row[INFINITE] > zero, slope_at_infinity(x, y, row[FACTOR_X]), slope)
        valid = row[VALUE] == row[VALUE]
        return select(valid, slope, nan), select(valid, results[-1] * row[FACTOR_Y], nan)

    return measure_of("kl_divergence", kind, 2, 4, peak_of, terms, finish, gradient)
