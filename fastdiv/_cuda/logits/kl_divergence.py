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

from ..math import functions
from ..prims import absolute, at_least, device, divide, fma, select
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import (
    COMPUTED,
    SHIFT_HIGH,
    SHIFT_LOW,
    UNCOVERED,
    UNMOVED_X,
    Y_AT_PEAK,
    defined,
    excess_over_log1p,
    factor_of,
    measure_of,
    moved_of,
)
from .slopes import slopes
from .softmax import LARGEST_X, MOMENT_UNIT, ROW, constants_of_row, softmax

PEAK_HIGH, PEAK_LOW, CENTER, FACTOR_X, FACTOR_Y, INFINITE = range(ROW, ROW + 6)
LARGE_MEAN = 64.0
"""In nats: beside it a logarithm of 1 + w hardly counts."""


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    s, own = softmax(T), constants_of_row(T)
    moment_factor = T(1 / MOMENT_UNIT)
    slope_p_of, difference, apart_of = slopes(T).p_of, slopes(T).difference, s.apart
    move_x, move_y, subtract, compare, p_of, difference_of, probability_x = (
        s.move_x, s.move_y, s.subtract, s.compare, s.p_of, s.difference_of, s.probability_x
    )  # fmt: skip
    row_of, temperature_of, given_temperature = (
        own.row, own.temperature, own.given_temperature
    )  # fmt: skip
    factor, colder = factor_of(T), own.colder
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
    def peak_of(options: Tuple, row: Tuple, wide: Tuple) -> Tuple:
        """Return x - y where x has its peak: moments are relative to it, so that one-hot rows lose no digit."""
        return subtract(move_x(row, T(wide[UNMOVED_X])), move_y(row, T(wide[Y_AT_PEAK])))

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        x, y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(x, y)
        pair = compare(row, x, y, apart_of(row, whole, lost))
        t, of_q, larger, ratio, change, curved, close = pair
        p, apart = p_of(pair), difference_of(pair)
        near = larger * select(of_q, fma(change, t, -curved), curved)
        excess = select(close, near, fma(p, t, apart))
        from_peak = (whole - row[PEAK_HIGH]) + (lost - row[PEAK_LOW])
        moment = p * (from_peak * moment_factor)
        return p, apart, excess, moment

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        total, missing = total_of(state[0], state[4]), total_of(state[1], state[5])
        excess, moment = total_of(state[2], state[6]), total_of(state[3], state[7])
        temperature = temperature_of(options)
        missing = divide(missing, total)
        from_peak_mean = divide(divide(moment, total) * unit, temperature)
        first = row_of(options, moved_of(wide), wide_zero)
        peak = peak_of(options, first, wide)
        peak_ratio = divide(
            (np.float64(peak[0]) - wide[SHIFT_HIGH]) + (np.float64(peak[1]) - wide[SHIFT_LOW]),
            temperature,
        )
        offset = log1p(missing)
        mean = peak_ratio + from_peak_mean
        plain = mean + offset
        near = (missing <= wide_one) & (mean < large_mean)
        nats = select(near, divide(excess, total) - excess_over_log1p(missing), plain)
        # Taken by itself, a term that outweighs all others is not rounded as they are.
        largest_p = np.float64(probability_x(first, first[LARGEST_X]))
        is_most = (two * largest_p > total) & (two * absolute(nats - peak_ratio) < nats)
        nats = at_least(select(is_most, plain, nats), wide_zero)
        uncovered = wide[UNCOVERED] > wide_zero
        value = defined(wide, select(uncovered, infinity, colder(options, nats))) * options[0]
        slope = defined(wide, divide(options[0] * options[3], given_temperature(options)))
        row = row_of(options, moved_of(wide), -temperature * offset)
        last = (
            T(temperature * from_peak_mean), T(factor(divide(slope, temperature), total)), T(factor(slope, total)),
            T(wide[UNCOVERED]),
        )  # fmt: skip
        return row + peak + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        moved_x, moved_y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(moved_x, moved_y)
        from_peak = (whole - row[PEAK_HIGH]) + ((lost - row[PEAK_LOW]) - row[CENTER])
        slope = slope_p_of(row, moved_x) * from_peak * row[FACTOR_X]
        return slope, difference(row, moved_x, moved_y, whole, lost) * row[FACTOR_Y]

    return measure_of(
        "kl_divergence", kind, 2, (4, 2, 6), peak_of, terms, finish, gradient, (INFINITE, FACTOR_X)
    )
