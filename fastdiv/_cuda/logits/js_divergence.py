"""JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).

With the shift of kl_divergence.py, t = log(p / q); of p and q let b be the one that is closer to m, and o the other.
Then log(m / b) is one logarithm, log(m / o) differs from it by t, and neither loses digits.

    JS = w sum p log(p / m) / sum p + (1 - w) sum q log(q / m) / sum q: what rounding leaves between the two sums
    of probabilities does not count, nor, to first order, what the shift is off by. Where t is small each x log(x / m)
    has m - x added, which cancels between them:
    s ((m - x) - x s^2 R) >= 0, s = (m - x) / (m + x), 2 atanh(s) = 2 s + s^3 R(s^2)

dJS/dx = w p (log(p / m) - KL(p | m)) / T; dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios, tails
from ..prims import any_lane, at_least, device, divide, fma, select
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import (
    COMPUTED,
    LARGEST_X,
    LARGEST_Y,
    SHIFT,
    X_AT_PEAK,
    Y_AT_PEAK,
    defined,
    factor_of,
    measure_of,
)
from .softmax import ROW, constants_of_row, softmax

WEIGHT, REST, LOG_REST, AT_PEAK_X, AT_PEAK_Y, MEAN_X, MEAN_Y, FACTOR_X, FACTOR_Y, VALUE = range(
    ROW, ROW + 10
)
_SMALLEST_SHARE = {np.float32: 2.0**-100, np.float64: 2.0**-900}
"""Below it one distribution has no weight: the mixture is the other one."""


def mixing(T: Any) -> Any:
    """Return a function of a row and two logits: p, q, log(p / m), log(q / m) and the two terms."""
    c, s, r, tail_of = constants_of(T), softmax(T), ratios(T), tails(T).two_atanh_tail
    zero, one, smallest, close_by = c.ZERO, c.ONE, c.SMALLEST_REGULAR, T(0.3)
    differ, less_shift, compare, are_apart = s.differ, s.less_shift, s.compare, s.are_apart
    scale, expand, log_of = r.scale, r.expand, r.log_of

    @device
    def mix(row: Tuple, x: Value, y: Value) -> Tuple:
        weight, rest, log_rest = row[WEIGHT], row[REST], row[LOG_REST]
        p, high, low = differ(row, x, y)
        d, d_low = less_shift(row, high, low)
        t, quotient, change, curved, k, q, difference = compare(row, y, p, d, d_low)
        # In units of p. m is closer to the larger one if it is above their geometric mean. No logarithm is taken of
        # what vanishes.
        m = fma(rest, quotient, weight)
        base_is_p = ~((m * m > quotient) ^ (quotient <= one))
        base_is_p = base_is_p | (quotient < smallest) | (quotient == one)
        base, other = select(base_is_p, one, quotient), select(base_is_p, quotient, one)
        steps, scaled = scale(m, base)
        step = select(base_is_p, rest, -weight) * change
        step = select(steps == zero, step, scaled - base)
        ratio = expand(steps, scaled, step, base)
        log_bm = -log_of(ratio)
        log_pm = select(base_is_p, log_bm, log_bm + t)
        log_qm = select(base_is_p, log_bm - t, log_bm)
        apart = are_apart(p, t)
        if any_lane(apart):
            log_pm = select(apart, zero, log_pm)
            log_qm = select(apart, -log_rest, log_qm)
        other_step = select(base_is_p, -weight, rest) * change
        part = divide(other_step, m + other)
        square = part * part
        near = p * (ratio[3] * fma(-base * ratio[4], ratio[5], step))
        other_near = p * (part * fma(-other * square, tail_of(square), other_step))
        close = at_least(t, -t) < close_by
        term_p = select(close, select(base_is_p, near, other_near), p * log_pm)
        term_q = select(close, select(base_is_p, other_near, near), q * log_qm)
        return p, q, log_pm, log_qm, term_p, term_q

    return mix


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    own, mix, factor, nan = constants_of_row(T), mixing(T), factor_of(T), constants_of(T).NAN
    row_of, log1p = own.row, functions(np.float64).log1p
    wide_zero, one, half = np.float64(0), np.float64(1), np.float64(0.5)
    smallest_share = np.float64(_SMALLEST_SHARE[T])

    @device
    def is_degenerate(weight: Value) -> Value:
        return (weight < smallest_share) | (one - weight < smallest_share)

    @device
    def extra(options: Tuple, wide: Tuple) -> Tuple:
        """Return the shares, and the log-ratios where each distribution has its peak: means are relative to them."""
        weight = select(is_degenerate(options[1]), half, options[1])
        shares = (T(weight), T(one - weight), T(log1p(-weight)))
        row = row_of(options, wide[LARGEST_X], wide[LARGEST_Y], wide[SHIFT], wide_zero) + shares
        at_x = mix(row, T(wide[LARGEST_X]), T(wide[Y_AT_PEAK]))
        at_y = mix(row, T(wide[X_AT_PEAK]), T(wide[LARGEST_Y]))
        return shares + (at_x[2], at_y[3])  # noqa: RUF005

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        p, q, log_pm, log_qm, term_p, term_q = mix(row, x, y)
        return term_p, term_q, p * (log_pm - row[AT_PEAK_X]), q * (log_qm - row[AT_PEAK_Y]), p, q

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        total_p, total_q = total_of(state[4], state[10]), total_of(state[5], state[11])
        weight, degenerate = options[1], is_degenerate(options[1])
        from_p = weight * divide(total_of(state[0], state[6]), total_p)
        from_q = (one - weight) * divide(total_of(state[1], state[7]), total_q)
        nats = select(degenerate, wide_zero, at_least(from_p + from_q, wide_zero))
        value = defined(wide, nats) * options[0]
        slope = select(degenerate, wide_zero, divide(options[0] * options[3], options[2]))
        row = row_of(options, wide[LARGEST_X], wide[LARGEST_Y], wide[SHIFT], wide_zero)
        last = (
            T(divide(total_of(state[2], state[8]), total_p)), T(divide(total_of(state[3], state[9]), total_q)),
            T(factor(slope * weight, total_p)), T(factor(slope * (one - weight), total_q)), T(value),
        )  # fmt: skip
        return row + extra(options, wide) + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        p, q, log_pm, log_qm, term_p, term_q = mix(row, x, y)
        by_x = p * ((log_pm - row[AT_PEAK_X]) - row[MEAN_X]) * row[FACTOR_X]
        by_y = q * ((log_qm - row[AT_PEAK_Y]) - row[MEAN_Y]) * row[FACTOR_Y]
        valid = row[VALUE] == row[VALUE]
        return select(valid, by_x, nan), select(valid, by_y, nan)

    return measure_of("js_divergence", kind, 2, 6, extra, terms, finish, gradient)
