"""Uniform and normal numbers from Philox's words, as csrc/simd/normal.hpp, operation by operation.

Only such that are rounded correctly: the bits are the CPU's.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .math import constants, ratios, tails
from .philox import philox, philox_long
from .prims import as_bits, as_float, device, fma, select, square_root

Value = Any
_HALF_PI = {np.dtype("f4"): "0x1.921fb6p+0", np.dtype("f8"): "0x1.921fb54442d18p+0"}


@cache
def numbers(T: Any) -> SimpleNamespace:
    """Return the functions for float32 or float64; `per_counter` is how many numbers a counter gives."""
    c, r, t = constants(T), ratios(T), tails(T)
    word, bits = c.word, 8 * np.dtype(T).itemsize
    drop, bits_of_one = word(bits - c.mantissa_bits), word(c.exponent_bias << c.mantissa_bits)
    below_one = T(1 - 0.5 * 2.0**-c.mantissa_bits)
    four, minus_two, zero, one, rounding = T(4), T(-2), c.ZERO, c.ONE, c.ROUND
    half_pi = T(float.fromhex(_HALF_PI[np.dtype(T)]))
    bit, second_bit, to_sign, nothing = word(1), word(2), word(bits - 2), word(0)
    sin_tail, cos_tail, divide_out, log_to_one = t.sin_tail, t.cos_tail, r.divide_out, r.log_to_one

    @device
    def uniform(random: Value) -> Value:
        """Return (n + 1/2) 2^-m, n the m highest bits of a word: exact, and neither 0 nor 1."""
        return as_float(word(word(random >> drop) | bits_of_one)) - below_one

    @device
    def cos_sin_of_turns(u: Value) -> tuple[Value, Value]:
        """Return cos and sin of 2 pi u: 4 u = q + r, |r| <= 1/2, without rounding."""
        quarters = u * four
        rounded = quarters + rounding
        q = as_bits(rounded)
        rest = quarters - (rounded - rounding)
        z = rest * rest
        near_sin = fma(rest, half_pi, rest * sin_tail(z))
        near_cos = fma(z, cos_tail(z), one)
        even = word(q & bit) == nothing
        cos = as_bits(select(even, near_cos, near_sin))
        sin = as_bits(select(even, near_sin, near_cos))
        cos_sign = word(word(word(q + bit) & second_bit) << to_sign)
        sin_sign = word(word(q & second_bit) << to_sign)
        return as_float(word(cos ^ cos_sign)), as_float(word(sin ^ sin_sign))

    @device
    def box_muller(u: Value, v: Value) -> tuple[Value, Value]:
        """Return two normal numbers of two uniform ones (G. E. P. Box, M. E. Muller, 1958)."""
        radius = square_root(minus_two * log_to_one(divide_out(u, one), zero))
        cos, sin = cos_sin_of_turns(v)
        return radius * cos, radius * sin

    if T is np.float32:

        @device
        def uniforms(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, ...]:
            a, b, d, e = philox(index, block, stream, seed)
            return uniform(a), uniform(b), uniform(d), uniform(e)

        @device
        def normals(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, ...]:
            a, b, d, e = uniforms(index, block, stream, seed)
            x, y = box_muller(a, b)
            z, w = box_muller(d, e)
            return x, y, z, w

    else:

        @device
        def uniforms(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, ...]:
            a, b = philox_long(index, block, stream, seed)
            return uniform(a), uniform(b)

        @device
        def normals(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, ...]:
            a, b = uniforms(index, block, stream, seed)
            return box_muller(a, b)

    return SimpleNamespace(uniform=uniforms, normal=normals, per_counter=16 // np.dtype(T).itemsize)
