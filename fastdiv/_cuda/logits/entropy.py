"""H(p) = -sum p log p, with p = softmax(x / T). With m = max x and sums over the row,

    R = sum of exp((x - m) / T) where x < m, k = how often x = m, S = sum exp((x - m) / T) (x - m) / T:
    H = log(k + R) - S / (k + R), in which nothing cancels, not even for one-hot rows

dH/dx = p (mean of x under p - x) / T^2
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..math import constants as constants_of
from ..prims import device, divide, select
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import COMPUTED, LARGEST_X, defined, factor_of, log_normalizer, measure_of, no_extra
from .softmax import FAINT, INVERSE_TEMPERATURE, ROW, constants_of_row, softmax
from .softmax import LARGEST_X as PEAK

CENTER, FACTOR, VALUE = ROW, ROW + 1, ROW + 2


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    c, s, own = constants_of(T), softmax(T), constants_of_row(T)
    zero, one, nan = c.ZERO, c.ONE, c.NAN
    below, exponential, row_of, temperature_of, factor = (
        s.below, s.exponential, own.row, own.temperature, factor_of(T)
    )  # fmt: skip

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        high, low = below(x, row[PEAK], row[FAINT])
        power = exponential(row, high, low)
        is_largest = x == row[PEAK]
        rest, count = select(is_largest, zero, power), select(is_largest, one, zero)
        return rest, count, power * (high * row[INVERSE_TEMPERATURE])

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        rest, count, moment = (
            total_of(state[0], state[3]),
            total_of(state[1], state[4]),
            total_of(state[2], state[5]),
        )
        temperature, total = temperature_of(options), count + rest
        mean = divide(moment, total)
        value = defined(wide, log_normalizer(count, rest) - mean) * options[0]
        slope = factor(divide(options[0] * options[3], options[2] * options[2]), total)
        largest = wide[LARGEST_X]
        row = row_of(options, largest, largest, wide[3], wide[3])
        return row + (T(temperature * mean), T(slope), T(value)), (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        high, low = below(x, row[PEAK], row[FAINT])
        slope = exponential(row, high, low) * (row[CENTER] - high) * row[FACTOR]
        return select(row[VALUE] == row[VALUE], slope, nan), zero

    return measure_of("entropy", kind, 1, 3, no_extra, terms, finish, gradient)
