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
    log2_approximate,
    reciprocal_approximate,
    select,
)
from ..rows import Measure
from ..sums import total_of
from ..tuples import Tuple, Value
from .measures import (
    COMPUTED,
    UNMOVED_X,
    UNMOVED_Y,
    X_AT_PEAK,
    Y_AT_PEAK,
    defined,
    factor_of,
    measure_of,
    moved_of,
)
from .slopes import slopes
from .softmax import ROW, constants_of_row, softmax

WEIGHT, REST, AT_PEAK_X, AT_PEAK_Y, MEAN_X, MEAN_Y, FACTOR_X, FACTOR_Y = range(ROW, ROW + 8)
_SMALL_CHANGE = 1 / 16
_LOG_SERIES = (1.0, -1 / 2, 1 / 3, -1 / 4)
"""Of log(1 + v) / v: right to 3e-6 below the small change."""
_SMALLEST_SHARE = {np.float32: 2.0**-100, np.float64: 2.0**-900}
"""Below it one distribution has no weight: the mixture is the other one."""


@cache
def quotient_of(T: Any) -> Any:
    """Return a function of a and b, neither b nor 1 / b near the ends of the type's range: a / b to an ulp."""
    if T is np.float64:
        return divide

    @device
    def quotient(a: Value, b: Value) -> Value:
        inverse = reciprocal_approximate(b)
        first = a * inverse
        return fma(fma(-first, b, a), inverse, first)

    return quotient


@cache
def mixed_in(T: Any) -> Any:
    """Return a function of a row, whether q is larger, a / b and that less 1: m, whether a is closer to it than b is,
    the closer one, and m less that.
    """
    one, two = T(1), T(2)

    @device
    def mixed(row: Tuple, a_is_p: Value, ratio: Value, change: Value) -> Tuple:
        share = select(a_is_p, row[WEIGHT], row[REST])
        other_share = select(a_is_p, row[REST], row[WEIGHT])
        # m is below the geometric mean, m^2 < a / b; told exactly where a and b are close.
        from_a = share * fma(share, change, two) > one
        moved = select(from_a, -other_share, share) * change
        return fma(share, ratio, other_share), from_a, select(from_a, ratio, one), moved

    return mixed


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
    zero, near, mixed = c.ZERO, T(0.34), mixed_in(T)
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
        m, from_a, closer, moved = mixed(row, a_is_p, ratio, change)
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
        """Return p log(p / m) + m - p and q log(q / m) + m - q, p, q, and q - p."""
        t, a_is_p, larger, ratio, change, curved, close = pair
        moved, excess, from_a, from_p = mixture
        size = absolute(t)
        other = fma(ratio, excess, fma(-change, size + moved, -curved))
        of_a = quotient(fma(moved, change, excess), ratio) + curved
        other = select(from_a, of_a, other)
        difference = difference_of(pair)
        p, q = p_of(pair), q_of(pair)
        far_p = fma(row[REST], difference, p * log_pm)
        far_q = fma(-row[WEIGHT], difference, q * log_qm)
        is_near = size < near
        return (
            select(is_near, larger * select(from_p, excess, other), far_p),
            select(is_near, larger * select(from_p, other, excess), far_q),
            p,
            q,
            difference,
        )

    return SimpleNamespace(mix=mix, terms=terms)


@cache
def log_ratios(T: Any) -> SimpleNamespace:
    """Return log(p / m) and log(q / m) as gradients and their means take them, alike to the bit.

    `logs` are those of a row, what was mixed and its logarithms; `of` a row and two logits are p, q and both.
    """
    return _quick_log_ratios() if T is np.float32 else _accurate_log_ratios(T)


def _accurate_log_ratios(T: Any) -> SimpleNamespace:
    mix, p_of, q_of = mixing(T).mix, softmax(T).p_of, softmax(T).q_of

    @device
    def logs(row: Tuple, pair: Tuple, log_pm: Value, log_qm: Value) -> Tuple:
        return log_pm, log_qm

    @device
    def of(row: Tuple, x: Value, y: Value) -> Tuple:
        pair, mixed, log_pm, log_qm = mix(row, x, y)
        return p_of(pair), q_of(pair), log_pm, log_qm

    return SimpleNamespace(logs=logs, of=of)


def _quick_log_ratios() -> SimpleNamespace:
    """With v = m / o - 1 of the closer one, log(m / o) = log(1 + v): four terms of its series where v is small."""
    T = np.float32
    s, larger_of = softmax(T), slopes(T).larger_of
    move_x, move_y, subtract, apart, log_ratio = (
        s.move_x,
        s.move_y,
        s.subtract,
        s.apart,
        s.log_ratio,
    )
    zero, one, near, mixed = T(0), T(1), T(_SMALL_CHANGE), mixed_in(T)
    series, ln2 = polynomial(tuple(map(T, _LOG_SERIES))), constants_of(T).LN2

    @device
    def logs_of(row: Tuple, t: Value, of_q: Value, ratio: Value, change: Value) -> Tuple:
        m, from_a, closer, moved = mixed(row, of_q, ratio, change)
        v = moved * reciprocal_approximate(closer)
        log_mo = select(absolute(v) < near, v * series(v), log2_approximate(one + v) * ln2)
        from_p = ~(from_a ^ of_q)
        return select(from_p, zero, t) - log_mo, select(from_p, -t, zero) - log_mo

    @device
    def logs(row: Tuple, pair: Tuple, log_pm: Value, log_qm: Value) -> Tuple:
        return logs_of(row, pair[0], pair[1], pair[3], pair[4])

    @device
    def of(row: Tuple, x: Value, y: Value) -> Tuple:
        x, y = move_x(row, x), move_y(row, y)
        whole, lost = subtract(x, y)
        d = apart(row, whole, lost)
        of_q, larger = larger_of(row, x, y, d)
        t, ratio, change, curved, close = log_ratio(row, d)
        smaller = larger * ratio
        p, q = select(of_q, smaller, larger), select(of_q, larger, smaller)
        log_pm, log_qm = logs_of(row, t, of_q, ratio, change)
        return p, q, log_pm, log_qm

    return SimpleNamespace(logs=logs, of=of)


@cache
def make(kind: str) -> Measure:
    """Return the measure."""
    T = COMPUTED[kind]
    own, mixture, factor = constants_of_row(T), mixing(T), factor_of(T)
    row_of, given_temperature = own.row, own.given_temperature
    mix, mixed_terms = mixture.mix, mixture.terms
    slope_logs, ratios_of = log_ratios(T).logs, log_ratios(T).of
    wide_zero, one, half = np.float64(0), np.float64(1), np.float64(0.5)
    smallest_share = np.float64(_SMALLEST_SHARE[T])

    @device
    def is_degenerate(weight: Value) -> Value:
        return (weight < smallest_share) | (one - weight < smallest_share)

    @device
    def extra(options: Tuple, row: Tuple, wide: Tuple) -> Tuple:
        """Return the shares, and the log-ratios where each distribution has its peak: means are relative to them."""
        weight, degenerate = options[1], is_degenerate(options[1])  # which is kept from 0 / 0
        shares = (
            select(degenerate, T(half), T(weight)),
            select(degenerate, T(half), T(one - weight)),
        )
        at_x = ratios_of(row + shares, T(wide[UNMOVED_X]), T(wide[Y_AT_PEAK]))
        at_y = ratios_of(row + shares, T(wide[X_AT_PEAK]), T(wide[UNMOVED_Y]))
        return shares + (at_x[2], at_y[3])  # noqa: RUF005

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        pair, mixed, log_pm, log_qm = mix(row, x, y)
        term_p, term_q, p, q, difference = mixed_terms(row, pair, mixed, log_pm, log_qm)
        log_pm, log_qm = slope_logs(row, pair, log_pm, log_qm)
        moment_p, moment_q = p * (log_pm - row[AT_PEAK_X]), q * (log_qm - row[AT_PEAK_Y])
        return term_p, term_q, moment_p, moment_q, p, difference

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
        last = (
            T(divide(total_of(state[2], state[8]), total_p)), T(divide(total_of(state[3], state[9]), total_q)),
            T(factor(slope * weight, total_p)), T(factor(slope * (one - weight), total_q)),
        )  # fmt: skip
        return row + extra(options, row, wide) + last, (value,) + wide[1:]  # noqa: RUF005

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        p, q, log_pm, log_qm = ratios_of(row, x, y)
        by_x = p * ((log_pm - row[AT_PEAK_X]) - row[MEAN_X]) * row[FACTOR_X]
        by_y = q * ((log_qm - row[AT_PEAK_Y]) - row[MEAN_Y]) * row[FACTOR_Y]
        return by_x, by_y

    return measure_of("js_divergence", kind, 2, (6, 4, 8), extra, terms, finish, gradient)
