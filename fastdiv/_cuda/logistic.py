"""Functions made of one exponential: those of csrc/simd/logistic.hpp and normal_cdf.hpp, operation by operation.

Only such that are rounded correctly, so that the bits are the CPU's; arguments are any numbers.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .math import constants, functions, tails
from .prims import as_bits, as_float, at_least, at_most, device, divide, fma, select

Value = Any

MAX_ULP = {"expm1": 2.5, "tanh": 3.0, "logistic": 2.5, "softplus": 2.5, "normal_cdf": 6.0}

_FAR = 64 * float.fromhex("0x1.62e42fefa39efp-1")
"""exp(_FAR) and exp(-_FAR) beside 1 leave one of the two alone, in float32 and in float64."""
_FARTHEST = {np.dtype("f4"): 15, np.dtype("f8"): 40}
"""Beyond it the normal distribution's tail is 0."""


@cache
def signs(T: Any) -> SimpleNamespace:
    """Return `absolute` and `with_sign_of`."""
    word = constants(T).word
    sign = word(1 << (8 * np.dtype(T).itemsize - 1))
    rest = word(~sign)

    @device
    def absolute(x: Value) -> Value:
        return as_float(word(as_bits(x) & rest))

    @device
    def with_sign_of(magnitude: Value, x: Value) -> Value:
        return as_float(word(as_bits(magnitude) | word(as_bits(x) & sign)))

    return SimpleNamespace(absolute=absolute, with_sign_of=with_sign_of)


@cache
def exponentials(T: Any) -> SimpleNamespace:
    """Return exp(x) - 1, exp(x) for x <= 0, and log(1 + t) for 0 <= t <= 1."""
    c, t, elementary = constants(T), tails(T), functions(T)
    one, half, zero, rounding, log2e = c.ONE, c.HALF, c.ZERO, c.ROUND, c.LOG2E
    ln2, ln2_high, ln2_low, two = c.LN2, c.LN2_HIGH, c.LN2_LOW, c.TWO
    word, shift = c.word, c.word(c.mantissa_bits)
    bits_of_one = word(c.exponent_bias << c.mantissa_bits)
    far, threshold = T(_FAR), T(0.41421356)
    least = T(-T(c.exponent_bias + c.mantissa_bits + 3) * ln2)
    exp, exp_tail, times_power_of_two = elementary.exp, t.exp_tail, elementary.times_power_of_two

    @device
    def split_exponential(x: Value) -> tuple[Value, Value]:
        """Return n and a of exp(x) = 2^n (1 + a); a = exp(r) - 1, |r| <= ln(2) / 2."""
        n = fma(x, log2e, rounding) - rounding
        r = fma(n, -ln2_low, fma(n, -ln2_high, x))
        return n, fma(exp_tail(r), r * r, r)

    @device
    def expm1_near(x: Value) -> Value:
        """Return 2^n a + (2^n - 1) of |x| <= _FAR: the latter is exact or all there is."""
        n, a = split_exponential(x)
        power = as_float(word(word(as_bits(n + rounding) << shift) + bits_of_one))
        return fma(power, a, power - one)

    @device
    def expm1(x: Value) -> Value:
        near = at_most(at_least(x, -far), far)
        result = select(x > far, exp(x), expm1_near(near))
        return select(x == zero, x, result)  # -0 stays

    @device
    def exp_of_negative(x: Value) -> Value:
        """Return exp(x) for x <= 0 and NaN."""
        n, a = split_exponential(at_least(x, least))
        return times_power_of_two(a + one, n)

    if T is np.float64:
        two_atanh_tail = t.two_atanh_tail

        @device
        def log1p_of_fraction(t: Value) -> Value:
            """Return log(1 + d) = d - s (d - s^2 tail), s = d / (2 + d); d of (1 + t) / 2 where t is large."""
            halved = t > threshold
            d = select(halved, (t - one) * half, t)
            s = divide(d, d + two)
            z = s * s
            small = d - s * fma(-z, two_atanh_tail(z), d)
            return select(halved, small + ln2, small)

    else:
        log_1p_tail = t.log_1p_tail

        @device
        def log1p_of_fraction(t: Value) -> Value:
            return fma(t * t, log_1p_tail(t), t)

    return SimpleNamespace(
        far=far,
        expm1_near=expm1_near,
        expm1=expm1,
        exp_of_negative=exp_of_negative,
        log1p_of_fraction=log1p_of_fraction,
    )


@cache
def logistics(T: Any) -> SimpleNamespace:
    """Return tanh, the logistic function, softplus, and the normal distribution function with its density."""
    c, e, sign = constants(T), exponentials(T), signs(T)
    zero, one, two, four = c.ZERO, c.ONE, c.TWO, T(4)
    minus_half, one_and_half, inverse_root = T(-0.5), T(1.5), T(0.39894228040143268)
    far, farthest = e.far, T(_FARTHEST[np.dtype(T)])
    expm1_near, exp_of_negative, log1p_of_fraction = (
        e.expm1_near,
        e.exp_of_negative,
        e.log1p_of_fraction,
    )
    absolute, with_sign_of, exp = sign.absolute, sign.with_sign_of, functions(T).exp
    normal_tail = tails(T).normal_tail

    @device
    def tanh(x: Value) -> Value:
        """Return e / (e + 2), e = exp(2 |x|) - 1, with the sign of x."""
        e = expm1_near(at_most(two * absolute(x), far))
        return with_sign_of(divide(e, e + two), x)

    @device
    def logistic(x: Value) -> Value:
        """Return 1 / (1 + exp(-x))."""
        t = exp_of_negative(-absolute(x))
        return divide(select(x < zero, t, one), t + one)

    @device
    def softplus(x: Value) -> Value:
        """Return log(1 + exp(x))."""
        return select(x > zero, x, zero) + log1p_of_fraction(exp_of_negative(-absolute(x)))

    @device
    def normal_cdf(x: Value) -> tuple[Value, Value]:
        """Return Phi(x) and phi(x); where they are small their relative error is."""
        a = at_most(absolute(x), farthest)
        # exp(-a^2 / 2), with what rounding the square has lost
        square = a * a
        lost = fma(a, a, -square)
        bell = exp(square * minus_half)
        bell = fma(bell * minus_half, lost, bell)
        fitted = normal_tail(divide(a - four, a + four))
        tail = bell * divide(fitted, fma(a, one_and_half, one))
        return select(x < zero, tail, one - tail), bell * inverse_root

    return SimpleNamespace(
        tanh=tanh, logistic=logistic, softplus=softplus, normal_cdf=normal_cdf, farthest=farthest
    )
