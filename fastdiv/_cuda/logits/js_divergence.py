"""JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).

With the shift that the survey finds, t = (x - y - shift) / T is the log-ratio log(p / q). Let b be the larger of p and
q, a the smaller one, c = a / b - 1 = exp(-|t|) - 1, and s the share of a in the mixture: m = b (1 + s c). The logarithm
to m is taken of a or b, whichever is closer to it; that of the other one differs by t. Neither loses digits. To each x
log(x / m) is added m - x, which cancels between p and q, and no term is negative. Where |t| is small, o being the
closer one, h = (m - o) / (m + o), 2 atanh(h) = 2 h + h^3 R(h^2) and f = h (m - o - o h^2 R(h^2)):

    o log(o / m) + m - o = f, b log(b / m) + m - b = b ((f + (m - a) c) / a + c + |t|) if o = a,
    a log(a / m) + m - a = b ((1 + c) f - c (|t| + m - b) - (c + |t|)) if o = b, all of f and m in units of b

The sums of p and of q are divided by separately, so that an error of the shift counts by its square.
dJS/dx = w p (log(p / m) - KL(p | m)) / T; dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import polynomial, ratios, tails
from ..prims import (
    absolute,
    at_least,
    device,
    divide,
    fma,
    largest,
    log2_approximate,
    reciprocal_approximate,
    select,
)
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import (
    COMPUTED,
    defined,
    factor_of,
    measure_of,
    moved_of,
)
from .slopes import slopes
from .softmax import ROW, constants_of_row, quotient_of, softmax

WEIGHT, REST, MEAN_X, MEAN_Y, FACTOR_X, FACTOR_Y = range(ROW, ROW + 6)
_SMALL_CHANGE = 1 / 16
_LOG_SERIES = (1.0, -1 / 2, 1 / 3, -1 / 4)
"""Of log(1 + v) / v: right to 3e-6 below the small change."""
_SMALLEST_SHARE = {np.float32: 2.0**-100, np.float64: 2.0**-900}
"""Below it one distribution has no weight: the mixture is the other one."""


@cache
def mixing(T: Any) -> SimpleNamespace:
    """Return `mix`, of a row and two logits: the compared pair, what follows of m, and both logarithms; and `terms`."""
    c, s, r, tail_of, quotient = (
        constants_of(T),
        softmax(T),
        ratios(T),
        tails(T).two_atanh_tail,
        quotient_of(T),
    )
    zero, one, two, near = c.ZERO, c.ONE, T(2), T(0.34)
    move_x, move_y, subtract, compare, p_of, q_of, difference_of = (
        s.move_x, s.move_y, s.subtract, s.compare, s.p_of, s.q_of, s.difference_of
    )  # fmt: skip
    scale, log_of, apart = r.scale, r.log_of, s.apart

    @device
    def mix(row: Tuple, x: Value, y: Value) -> Any:
        x, y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(x, y)
        pair = compare(row, x, y, apart(row, whole, lost))
        t, a_is_p, larger, ratio, change, curved, close = pair
        share, other_share = (
            select(a_is_p, row[WEIGHT], row[REST]),
            select(a_is_p, row[REST], row[WEIGHT]),
        )
        m = fma(share, ratio, other_share)
        # m is below the geometric mean, m^2 < a / b; told exactly where a and b are close.
        from_a = share * fma(share, change, two) > one
        closer = select(from_a, ratio, one)
        moved = select(from_a, -other_share, share) * change
        k, scaled = scale(m, closer)
        difference = select(k == zero, moved, scaled - closer)
        part = quotient(difference, scaled + closer)
        square = part * part
        tail = tail_of(square)
        log_mo = log_of((k, scaled, difference, part, square, tail))
        from_p = ~(from_a ^ a_is_p)
        log_pm = select(from_p, zero, t) - log_mo
        log_qm = select(from_p, -t, zero) - log_mo
        excess = part * fma(-closer * square, tail, moved)
        return pair, (moved, excess, from_a, from_p), log_pm, log_qm

    @device
    def terms(row: Tuple, pair: Tuple, mixture: Tuple, log_pm: Value, log_qm: Value) -> Tuple:
        """Return p log(p / m) + m - p and q log(q / m) + m - q, what both are without m and p or q, p, and q - p."""
        t, a_is_p, larger, ratio, change, curved, close = pair
        moved, excess, from_a, from_p = mixture
        size = absolute(t)
        other = fma(ratio, excess, fma(-change, size + moved, -curved))
        of_a = quotient(fma(moved, change, excess), ratio) + curved
        other = select(from_a, of_a, other)
        difference = difference_of(pair)
        p, moment_q = p_of(pair), q_of(pair) * log_qm
        moment_p = p * log_pm
        far_p = fma(row[REST], difference, moment_p)
        far_q = fma(-row[WEIGHT], difference, moment_q)
        is_near = size < near
        return (
            select(is_near, larger * select(from_p, excess, other), far_p),
            select(is_near, larger * select(from_p, other, excess), far_q),
            moment_p,
            moment_q,
            p,
            difference,
        )

    return SimpleNamespace(mix=mix, terms=terms)


@cache
def log_ratios(T: Any) -> Any:
    """Return a function of a row and two logits, as gradients take them: p, q, log(p / m) and log(q / m).

    With v = m / o - 1 of the closer one, log(m / o) = log(1 + v): four terms of its series where v is small.
    """
    return _quick_log_ratios() if T is np.float32 else _accurate_log_ratios(T)


def _accurate_log_ratios(T: Any) -> Any:
    mix, p_of, q_of = mixing(T).mix, softmax(T).p_of, softmax(T).q_of

    @device
    def ratios_of(row: Tuple, x: Value, y: Value) -> Tuple:
        pair, mixed, log_pm, log_qm = mix(row, x, y)
        return p_of(pair), q_of(pair), log_pm, log_qm

    return ratios_of


def _quick_log_ratios() -> Any:
    T = np.float32
    s, compare = softmax(T), slopes(T).compare
    move_x, move_y, subtract, apart = s.move_x, s.move_y, s.subtract, s.apart
    zero, one, two, near, lowest = T(0), T(1), T(2), T(_SMALL_CHANGE), -constants_of(T).LARGEST
    series, ln2 = polynomial(tuple(map(T, _LOG_SERIES))), constants_of(T).LN2

    @device
    def ratios_of(row: Tuple, x: Value, y: Value) -> Tuple:
        x, y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(x, y)
        of_q, larger, size, ratio, change = compare(row, x, y, apart(row, whole, lost))
        size = -largest(-size, lowest)  # beside p = 0 it must not be infinite
        share = select(of_q, row[WEIGHT], row[REST])
        other_share = select(of_q, row[REST], row[WEIGHT])
        from_smaller = share * fma(share, change, two) > one
        v = share * change
        v = select(from_smaller, -(other_share * change) * reciprocal_approximate(ratio), v)
        far = log2_approximate(one + v) * ln2
        log_mo = select(absolute(v) < near, v * series(v), far)
        # Of the one that m was not compared with the logarithm differs by |t|, which is added to the larger one's.
        log_larger = select(from_smaller, size, zero) - log_mo
        log_smaller = select(from_smaller, zero, -size) - log_mo
        smaller = larger * ratio
        return (
            select(of_q, smaller, larger),
            select(of_q, larger, smaller),
            select(of_q, log_smaller, log_larger),
            select(of_q, log_larger, log_smaller),
        )

    return ratios_of


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    own, mixture, factor = constants_of_row(T), mixing(T), factor_of(T)
    row_of, given_temperature = own.row, own.given_temperature
    mix, mixed_terms, ratios_of = mixture.mix, mixture.terms, log_ratios(T)
    wide_zero, one, half = np.float64(0), np.float64(1), np.float64(0.5)
    smallest_share = np.float64(_SMALLEST_SHARE[T])

    @device
    def is_degenerate(weight: Value) -> Value:
        return (weight < smallest_share) | (one - weight < smallest_share)

    @device
    def extra(options: Tuple, row: Tuple, wide: Tuple) -> Tuple:
        """Return the shares."""
        weight = select(is_degenerate(options[1]), half, options[1])  # keeps kernels from 0 / 0
        return T(weight), T(one - weight)

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        pair, mixed, log_pm, log_qm = mix(row, x, y)
        return mixed_terms(row, pair, mixed, log_pm, log_qm)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        total_p, missing = total_of(state[4], state[10]), total_of(state[5], state[11])
        total_q = total_p + missing
        weight, degenerate = options[1], is_degenerate(options[1])
        from_p = weight * divide(total_of(state[0], state[6]), total_p)
        from_q = (one - weight) * divide(total_of(state[1], state[7]), total_q)
        # What is left where the rows are close, of the error that the shift has in nats.
        off = divide(missing, total_p)
        nats = (from_p + from_q) - weight * (one - weight) * half * off * off
        nats = select(degenerate, wide_zero, at_least(nats, wide_zero))
        value = defined(wide, nats) * options[0]
        slope = select(
            degenerate, wide_zero, divide(options[0] * options[3], given_temperature(options))
        )
        slope = defined(wide, slope)
        row = row_of(options, moved_of(wide), wide_zero)
        shares = extra(options, row, wide)
        last = (
            T(divide(total_of(state[2], state[8]), total_p)), T(divide(total_of(state[3], state[9]), total_q)),
            T(factor(slope * weight, total_p)), T(factor(slope * (one - weight), total_q)),
        )  # fmt: skip
        return row + shares + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        p, q, log_pm, log_qm = ratios_of(row, x, y)
        by_x = p * (log_pm - row[MEAN_X]) * row[FACTOR_X]
        by_y = q * (log_qm - row[MEAN_Y]) * row[FACTOR_Y]
        return by_x, by_y

    return measure_of("js_divergence", kind, 2, (6, 2, 6), extra, terms, finish, gradient)
