"""Elementary functions of kernels: those of csrc/simd/math.hpp, operation by operation.

`functions(T)` makes them for float32 or float64. Each states its largest error, in units in the last place, in
`MAX_ULP`, which a test sweeps; arguments are positive normal numbers unless a function says otherwise.
Constants are of the type T: a literal beside a float32 would make a float64 of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import coefficients
from .prims import as_bits, as_float, device, divide, fma, select

Value = Any
"""A number of each lane."""

# Of log_ratio: a sum and a quotient, each half a unit of s, which may be a whole one of the result, and its rounding.
MAX_ULP = {"log_ratio": 2.5, "log": 1.1, "log1p": 1.1, "exp": 1.1}

# ln 2 in two parts, the first with trailing zeros, so that k * high is exact; bits of the types.
_CONSTANTS = {
    np.dtype(np.float64): {
        "LN2": "0x1.62e42fefa39efp-1",
        "LN2_HIGH": "0x1.62e42fee00000p-1",
        "LN2_LOW": "0x1.a39ef35793c76p-33",
        "LOG2E": "0x1.71547652b82fep+0",
        "SMALLEST_REGULAR": "0x1p-1020",
        "LARGEST": "0x1.fffffffffffffp1023",
        "NOISE": "0x1p-102",
    },
    np.dtype(np.float32): {
        "LN2": "0x1.62e430p-1",
        "LN2_HIGH": "0x1.62e000p-1",
        "LN2_LOW": "0x1.0bfbe8p-15",
        "LOG2E": "0x1.715476p+0",
        "SMALLEST_REGULAR": "0x1p-124",
        "LARGEST": "0x1.fffffep127",
        "NOISE": "0x1p-44",
    },
}


@cache
def constants(T: Any) -> SimpleNamespace:
    """Return a type's constants, as numbers of that type."""
    named = {name: T(float.fromhex(text)) for name, text in _CONSTANTS[np.dtype(T)].items()}
    bits = np.finfo(T).nmant
    bias = int(np.finfo(T).maxexp) - 1
    return SimpleNamespace(
        **named,
        word=np.uint32 if T is np.float32 else np.uint64,
        mantissa_bits=bits,
        exponent_bias=bias,
        ZERO=T(0),
        ONE=T(1),
        TWO=T(2),
        HALF=T(0.5),
        INFINITY=T(np.inf),
        NAN=T(np.nan),
        # Adding it rounds to a whole number and leaves that in the low mantissa bits.
        ROUND=T(3 * 2.0 ** (bits - 1)),
        LARGE=T(float.fromhex(_CONSTANTS[np.dtype(T)]["LARGEST"]) / 8),
        UP=T(2.0**64),
        DOWN=T(2.0**-64),
    )


def polynomial(numbers: tuple[Any, ...]) -> Callable[[Value], Value]:
    """Return a function that evaluates the polynomial, lowest power first."""
    first = numbers[0]
    if len(numbers) == 2:
        second = numbers[1]

        @device
        def line(x: Value) -> Value:
            return fma(second, x, first)

        return line
    rest = polynomial(numbers[1:])

    @device
    def evaluate(x: Value) -> Value:
        return fma(rest(x), x, first)

    return evaluate


@cache
def tails(T: Any) -> SimpleNamespace:
    """Return the fitted polynomials by their names in `coefficients`."""
    suffix = f"_{np.dtype(T).itemsize * 8}"
    found = {}
    for name, numbers in vars(coefficients).items():
        if name.endswith(suffix):
            found[name.removesuffix(suffix).lower()] = polynomial(tuple(map(T, numbers)))
    return SimpleNamespace(**found)


@cache
def ratios(T: Any) -> SimpleNamespace:
    """Return functions of quotients, whose logarithms lose no digit to the quotient's rounding.

    a / b = 2^k (1 + s) / (1 - s), so log(a / b) = k ln 2 + 2 atanh(s). With a' = a 2^-k within [0.66, 1.51] b, the
    difference a' - b is exact (Sterbenz' lemma). A ratio is a tuple: k, a', the difference, s, s^2 and
    (2 atanh(s) - 2 s) / s^3.
    """
    c = constants(T)
    word, shift = c.word, c.word(c.mantissa_bits)
    top = word(1 << (8 * np.dtype(T).itemsize - 1))
    half_above_top = word((1 << (8 * np.dtype(T).itemsize - 1)) + (1 << (c.mantissa_bits - 1)))
    exponents = word(~((1 << c.mantissa_bits) - 1) & (2 ** (8 * np.dtype(T).itemsize) - 1))
    offset = T(2.0 ** (8 * np.dtype(T).itemsize - 1 - c.mantissa_bits))
    # The exponent whose last mantissa bit is 1: or-ing a small integer into it makes it a float.
    magic_bits = word((c.exponent_bias + c.mantissa_bits) << c.mantissa_bits)
    magic = T(2.0**c.mantissa_bits)
    magic_and_offset = T(magic + offset)
    zero, ln2, ln2_high, ln2_low, noise = c.ZERO, c.LN2, c.LN2_HIGH, c.LN2_LOW, c.NOISE
    tail_of = tails(T).two_atanh_tail

    @device
    def scale(a: Value, b: Value) -> tuple[Value, Value]:
        """Return k and a'."""
        # The bit patterns count log2 nearly linearly: their difference, rounded, is the exponent k.
        exponent = word(word(as_bits(a) - as_bits(b)) + half_above_top)
        k = as_float(word(word(exponent >> shift) | magic_bits)) - magic_and_offset
        scaled = as_float(word(word(as_bits(a) - word(exponent & exponents)) + top))
        return k, scaled

    @device
    def expand(k: Value, scaled: Value, difference: Value, b: Value) -> tuple[Value, ...]:
        """Return the ratio of a k, an a' and an a' - b."""
        s = divide(difference, scaled + b)
        z = s * s
        return k, scaled, difference, s, z, tail_of(z)

    @device
    def divide_out(a: Value, b: Value) -> tuple[Value, ...]:
        """Return the ratio of two numbers."""
        k, scaled = scale(a, b)
        return expand(k, scaled, scaled - b, b)

    @device
    def divide_out_known(a: Value, b: Value, a_minus_b: Value) -> tuple[Value, ...]:
        """Return the ratio of an a that is b + a_minus_b more exactly than it is itself."""
        k, scaled = scale(a, b)
        return expand(k, scaled, select(k == zero, a_minus_b, scaled - b), b)

    @device
    def divide_out_sum(a: Value, b: Value, b_low: Value) -> tuple[Value, ...]:
        """Return the ratio of a to b + b_low."""
        k, scaled = scale(a, b)
        return expand(k, scaled, (scaled - b) - b_low, b)

    @device
    def log_of(ratio: tuple[Value, ...]) -> Value:
        k, _, _, s, z, tail = ratio
        small = fma(s * z, tail, s + s)
        return fma(k, ln2_high, fma(k, ln2_low, small))

    @device
    def log_to_one(ratio: tuple[Value, ...], lost: Value) -> Value:
        """Return the logarithm of a ratio to 1; `lost` is what the difference has rounded away."""
        # 2 atanh(s) = d - s (d - s^2 tail), in which the rounding of s hardly counts
        k, _, difference, s, z, tail = ratio
        small = fma(-s, fma(-z, tail, difference), fma(k, ln2_low, lost))
        return fma(k, ln2_high, difference + small)

    @device
    def bregman(ratio: tuple[Value, ...], a: Value, b: Value) -> Value:
        """Return b log(b / a) - b + a >= 0 from the ratio of a to b."""
        # The terms in s of b log combine to s (a' - b): nothing cancels where a is close to b. Quotients closer to
        # a power of two than rounding can tell count as one, so that proportional rows give exactly 0.
        k, scaled, difference, s, z, tail = ratio
        whole = fma(-b, k * ln2, a - scaled)
        near = select(z < noise, zero, s)
        return fma(near, fma(-(b * z), tail, difference), whole)

    return SimpleNamespace(**{name: f for name, f in locals().items() if callable(f)})


@cache
def functions(T: Any) -> SimpleNamespace:
    """Return logarithms and exponentials of anything: 0, subnormal, infinite and negative numbers, and NaN."""
    c, r, t = constants(T), ratios(T), tails(T)
    zero, one, half, infinity, nan = c.ZERO, c.ONE, c.HALF, c.INFINITY, c.NAN
    smallest, large, up, down = c.SMALLEST_REGULAR, c.LARGE, c.UP, c.DOWN
    sixty_four, two, largest_safe = T(64), c.TWO, c.LARGE
    tiny = T(0.25 / 2.0**c.mantissa_bits)
    word, shift = c.word, c.word(c.mantissa_bits)
    bits_of_one = word(c.exponent_bias << c.mantissa_bits)
    rounding, ln2_high, ln2_low, log2e = c.ROUND, c.LN2_HIGH, c.LN2_LOW, c.LOG2E
    most = T((c.exponent_bias + 2) * float(c.LN2))
    least = T(-(c.exponent_bias + c.mantissa_bits + 3) * float(c.LN2))
    scale, expand, divide_out = r.scale, r.expand, r.divide_out
    log_of, log_to_one, exp_tail = r.log_of, r.log_to_one, t.exp_tail

    @device
    def log_ratio(a: Value, b: Value) -> Value:
        """Return log(a / b) of positive normal numbers."""
        return log_of(divide_out(a, b))

    @device
    def center_exponent(x: Value) -> tuple[Value, Value]:
        """Return x 2^-k in the middle of the range, and k."""
        small, big = x < smallest, x > large
        factor = select(small, up, select(big, down, one))
        return x * factor, select(small, -sixty_four, select(big, sixty_four, zero))

    @device
    def log_ratio_any(a: Value, b: Value) -> Value:
        """Return log(a / b): 0 / b = -inf, a / 0 = inf, 0 / 0, inf / inf and what is negative = NaN."""
        a_regular, b_regular = (a > zero) & (a < infinity), (b > zero) & (b < infinity)
        a_centered, a_exponent = center_exponent(select(a_regular, a, one))
        b_centered, b_exponent = center_exponent(select(b_regular, b, one))
        k, scaled, difference, s, z, tail = divide_out(a_centered, b_centered)
        result = log_of((k + (a_exponent - b_exponent), scaled, difference, s, z, tail))
        result = select((a == infinity) | (b == zero), infinity, result)
        result = select((b == infinity) | (a == zero), -infinity, result)
        both = ((a == zero) & (b == zero)) | ((a == infinity) & (b == infinity))
        valid = (a >= zero) & (b >= zero)
        return select(valid, select(both, nan, result), nan)

    @device
    def log(x: Value) -> Value:
        regular = (x > zero) & (x < infinity)
        centered, exponent = center_exponent(select(regular, x, one))
        k, scaled, difference, s, z, tail = divide_out(centered, one)
        result = log_to_one((k + exponent, scaled, difference, s, z, tail), zero)
        # infinity and NaN are their own logarithms
        irregular = select(x == zero, -infinity, select(x < zero, nan, x))
        return select(regular, result, irregular)

    @device
    def log1p(x: Value) -> Value:
        """Return log(1 + x): the part of x that 1 + x rounds away is put back."""
        regular = (x > -one) & (x < largest_safe)
        safe = select(regular, x, one)
        total = safe + one
        rest = select(total >= two, one - (total - safe), safe - (total - one))
        k, scaled = scale(total, one)
        # rest carries the factor 2^-k of the scaled sum
        high, low = scaled - one, rest * divide(scaled, total)
        difference = high + low
        result = log_to_one(expand(k, scaled, difference, one), low - (difference - high))
        result = select((x > -tiny) & (x < tiny), x, result)
        return select(regular, result, log(x + one))

    @device
    def times_power_of_two(x: Value, k: Value) -> Value:
        """Return x 2^k for whole k down to twice the least exponent, rounded once."""
        # In two factors, so that subnormal results are right.
        first = k * half + rounding
        second = (k - (first - rounding)) + rounding
        a = as_float(word(word(as_bits(first) << shift) + bits_of_one))
        b = as_float(word(word(as_bits(second) << shift) + bits_of_one))
        return (x * a) * b

    @device
    def exp(x: Value) -> Value:
        """Return 2^n exp(r), |r| <= ln(2) / 2."""
        clipped = select(x > most, most, x)
        clipped = select(clipped < least, least, clipped)
        n = fma(clipped, log2e, rounding) - rounding
        rest = fma(n, -ln2_low, fma(n, -ln2_high, clipped))
        return times_power_of_two(fma(exp_tail(rest), rest * rest, rest) + one, n)

    return SimpleNamespace(**{name: f for name, f in locals().items() if callable(f)})
