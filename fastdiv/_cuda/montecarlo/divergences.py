"""Functions F of d = log p(x) - log q(x) that are averaged, and their slopes.

As csrc/kernels/distributions/{kl,js}_divergence.hpp, operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..math import constants, functions, ratios, tails
from ..prims import as_bits, as_float, at_least, device, divide, fma, select

Value = Any
Function = Callable[[Value, Value, Value], tuple[Value, Value]]


@cache
def exponential(T: Any) -> Callable[[Value], tuple[Value, Value]]:
    """Return a function that gives exp(x) and exp(x) - 1 for x <= 0, -inf included."""
    c, exp_tail, times_power_of_two = (
        constants(T),
        tails(T).exp_tail,
        functions(T).times_power_of_two,
    )
    zero, one, rounding, log2e = c.ZERO, c.ONE, c.ROUND, c.LOG2E
    minus_high, minus_low = T(-c.LN2_HIGH), T(-c.LN2_LOW)
    least = T(-(c.exponent_bias + c.mantissa_bits + 3) * float(c.LN2))

    @device
    def exp_of_negative(x: Value) -> tuple[Value, Value]:
        clipped = at_least(x, least)
        n = fma(clipped, log2e, rounding) - rounding
        rest = fma(n, minus_low, fma(n, minus_high, clipped))
        small = fma(exp_tail(rest), rest * rest, rest)
        result = times_power_of_two(small + one, n)
        return result, select(n == zero, small, result - one)

    return exp_of_negative


def kl_divergence(T: Any) -> Function:
    """KL(p | q) = E_p F(d): F(d) = d, F'(d) = 1."""
    one = constants(T).ONE

    @device
    def apply(d: Value, weight_p: Value, weight_q: Value) -> tuple[Value, Value]:
        return d, one

    return apply


def _js_divergence(T: Any, of_p: bool) -> Function:
    """JS(p, q) = w E_p F_p(d) + v E_q F_q(d), m = w p + v q.

    F_p(d) = log p/m, F_p'(d) = v q/m; F_q(d) = log q/m, F_q'(d) = -w p/m. The larger of p and q is divided out: with
    t = exp(-|d|), m/larger is 1 + (t - 1) times the smaller one's share.
    """
    c, r = constants(T), ratios(T)
    zero, one, exp_of_negative = c.ZERO, c.ONE, exponential(T)
    divide_out_known, log_of = r.divide_out_known, r.log_of
    word = c.word
    without_sign = word(2 ** (8 * np.dtype(T).itemsize - 1) - 1)

    @device
    def apply(d: Value, weight_p: Value, weight_q: Value) -> tuple[Value, Value]:
        p_larger = d >= zero
        distance = as_float(word(as_bits(d) & without_sign))
        t, change = exp_of_negative(-distance)
        smaller_share = select(p_larger, weight_q, weight_p)
        whole = fma(smaller_share, t, select(p_larger, weight_p, weight_q))
        log_whole = log_of(divide_out_known(whole, one, smaller_share * change))
        if of_p:
            other = divide(select(p_larger, t, one), whole)
            return select(p_larger, zero, -distance) - log_whole, weight_q * other
        other = divide(select(p_larger, one, t), whole)
        return select(p_larger, -distance, zero) - log_whole, -weight_p * other

    return apply


def js_divergence_of_p(T: Any) -> Function:
    """Return what is averaged over samples of p."""
    return _js_divergence(T, True)


def js_divergence_of_q(T: Any) -> Function:
    """Return what is averaged over samples of q."""
    return _js_divergence(T, False)


FUNCTIONS = {
    ("kl_divergence", 0): kl_divergence,
    ("js_divergence", 0): js_divergence_of_p,
    ("js_divergence", 1): js_divergence_of_q,
}
"""By estimator and source of the samples."""
