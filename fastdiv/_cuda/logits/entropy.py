"""H(p) = -sum p log p, with p = softmax(x / T). With m = max x, E = exp(m / T), and sums over the row,

    R = sum of exp(x / T) where x < m, k = how often x = m, S = sum exp(x / T) (x - m) / T:
    H = log(k + R / E) - S / (k E + R), in which nothing cancels, not even for one-hot rows

dH/dx = p (mean of x under p - x) / T^2
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..prims import device, divide, select
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import COMPUTED, defined, factor_of, log_normalizer, measure_of, moved_of, no_extra
from .softmax import INVERSE_TEMPERATURE, LARGEST_X, ROW, constants_of_row, softmax

CENTER, FACTOR = ROW, ROW + 1


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    c, s, own = constants_of(T), softmax(T), constants_of_row(T)
    zero, one, factor, wide_zero = c.ZERO, c.ONE, factor_of(T), np.float64(0)
    move_x, probability_x = s.move_x, s.probability_x
    row_of, temperature_of, given_temperature = (
        own.row, own.temperature, own.given_temperature
    )  # fmt: skip

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        moved = move_x(row, x)
        power = probability_x(row, moved)
        is_largest = moved == row[LARGEST_X]
        rest, count = select(is_largest, zero, power), select(is_largest, one, zero)
        return rest, count, power * ((moved - row[LARGEST_X]) * row[INVERSE_TEMPERATURE])

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        rest, count, moment = (
            total_of(state[0], state[3]),
            total_of(state[1], state[4]),
            total_of(state[2], state[5]),
        )
        row, temperature = row_of(options, moved_of(wide), wide_zero), temperature_of(options)
        power = np.float64(probability_x(row, row[LARGEST_X]))
        total = count * power + rest
        mean = divide(moment, total)
        value = defined(wide, log_normalizer(count, divide(rest, power)) - mean) * options[0]
        slope = defined(
            wide, divide(divide(options[0] * options[3], given_temperature(options)), temperature)
        )
        return row + (T(temperature * mean), T(factor(slope, total))), (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        moved = move_x(row, x)
        below = row[LARGEST_X] - moved
        return probability_x(row, moved) * (below + row[CENTER]) * row[FACTOR], zero

    return measure_of("entropy", kind, 1, (3, 0, 2), no_extra, terms, finish, gradient)
