"""-sum p log q, with p = softmax(x / T), q = softmax(y / T). With n = max y and R, k, E of y as in entropy.py,

    S = sum exp(x / T) (n - y) / T:
    value = log(k + R / E) + S / sum exp(x / T), both of them positive

The mean of y under p is summed relative to y where x has its maximum.
d/dx = p (mean of y under p - y) / T^2; d/dy = (q - p) / T, what the shift between them is off by coming from their sums
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
    LARGEST_Y,
    UNCOVERED,
    Y_AT_PEAK,
    defined,
    factor_of,
    log_normalizer,
    measure_of,
    moved_of,
)
from .slopes import slopes
from .softmax import (
    LARGEST_X,
    MAGIC_Y,
    MOMENT_FACTOR,
    MOMENT_UNIT,
    RESIDUAL,
    ROW,
    constants_of_row,
    exponentials,
    softmax,
)
from .softmax import LARGEST_Y as PEAK_Y

AT_PEAK, CENTER, FACTOR_X, FACTOR_Y, INFINITE = range(ROW, ROW + 5)


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    c, s, own = constants_of(T), softmax(T), constants_of_row(T)
    zero, one, power = c.ZERO, c.ONE, exponentials(T).power
    move_x, move_y, subtract, compare, p_of, q_of, difference_of, probability_x = (
        s.move_x, s.move_y, s.subtract, s.compare, s.p_of, s.q_of, s.difference_of, s.probability_x
    )  # fmt: skip
    apart, slope_p_of, difference = s.apart, slopes(T).p_of, slopes(T).difference
    row_of, temperature_of, given_temperature = (
        own.row, own.temperature, own.given_temperature
    )  # fmt: skip
    factor, colder = factor_of(T), own.colder
    wide_zero, two, unit = np.float64(0), np.float64(2), np.float64(MOMENT_UNIT)
    infinity, log1p = np.float64(np.inf), functions(np.float64).log1p

    @device
    def peak_of(options: Tuple, row: Tuple, wide: Tuple) -> Tuple:
        """Return y where x has its peak: slopes are relative to it, so that one-hot rows lose no digit."""
        return (select(wide[Y_AT_PEAK] > -infinity, move_y(row, T(wide[Y_AT_PEAK])), row[PEAK_Y]),)

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        x, y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(x, y)
        pair = compare(row, x, y, apart(row, whole, lost))
        p, q = p_of(pair), q_of(pair)
        is_largest = y == row[PEAK_Y]
        rest, often = select(is_largest, zero, q), select(is_largest, one, zero)
        below_peak = p * ((row[PEAK_Y] - y) * row[MOMENT_FACTOR])
        from_peak = p * ((y - row[AT_PEAK]) * row[MOMENT_FACTOR])
        vanishes = p == zero
        below_peak, from_peak = (
            select(vanishes, zero, below_peak),
            select(vanishes, zero, from_peak),
        )
        return rest, often, below_peak, p, from_peak, difference_of(pair)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        rest, often = total_of(state[0], state[6]), total_of(state[1], state[7])
        below_peak, total = total_of(state[2], state[8]), total_of(state[3], state[9])
        from_peak = divide(total_of(state[4], state[10]), total) * unit
        temperature = temperature_of(options)
        first = row_of(options, moved_of(wide), wide_zero)
        at_peak = peak_of(options, first, wide)
        mean = divide(below_peak, total) * unit
        # Taken by itself, a term that outweighs all others is not rounded as they are.
        most = divide(wide[LARGEST_Y] - np.float64(at_peak[0]), temperature) - from_peak
        largest_p = np.float64(probability_x(first, first[LARGEST_X]))
        mean = select(two * largest_p > total, most, mean)
        largest_q = np.float64(power(first, first[PEAK_Y], first[MAGIC_Y], first[RESIDUAL]))
        nats = log_normalizer(often, divide(rest, largest_q)) + mean
        nats = select(wide[UNCOVERED] > wide_zero, infinity, colder(options, nats))
        value = defined(wide, nats) * options[0]
        step = -temperature * log1p(divide(total_of(state[5], state[11]), total))
        slope = defined(wide, divide(options[0] * options[3], given_temperature(options)))
        row = row_of(options, moved_of(wide), step)
        last = (
            T(temperature * from_peak), T(factor(divide(slope, temperature), total)), T(factor(slope, total)),
            T(wide[UNCOVERED]),
        )  # fmt: skip
        return row + at_peak + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        moved_x, moved_y = move_x(row, x), move_y(row, y)
        p = slope_p_of(row, moved_x)
        slope = (
            select(p == zero, zero, p * ((row[AT_PEAK] - moved_y) + row[CENTER])) * row[FACTOR_X]
        )
        whole, lost = subtract(moved_x, moved_y)
        return slope, difference(row, moved_x, moved_y, whole, lost) * row[FACTOR_Y]

    return measure_of(
        "cross_entropy", kind, 2, (6, 1, 5), peak_of, terms, finish, gradient, (INFINITE, FACTOR_X)
    )
