"""Numbers: what hardware rounds correctly is so here, what it approximates is as rough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.ir
import numba
import numpy as np
from numba.extending import intrinsic

from .blocks import KernelFault


@intrinsic
def _fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(
        context: Any, builder: llvmlite.ir.IRBuilder, signature: Any, arguments: Any
    ) -> Any:
        return builder.fma(*arguments)

    return a(a, a, a), generate


@numba.vectorize(["float32(float32,float32,float32)", "float64(float64,float64,float64)"])
def _fma(a: Any, b: Any, c: Any) -> Any:
    return _fused(a, b, c)


def alike(*values: Any) -> None:
    kinds = {np.asarray(value).dtype for value in values}
    if len(kinds) > 1:
        raise KernelFault(f"one operation on {' and '.join(map(str, kinds))}")


def fma(a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once."""
    alike(a, b, c)
    return _fma(a, b, c)


def divide(a: Any, b: Any) -> Any:
    """Return a / b, correctly rounded."""
    alike(a, b)
    return np.divide(a, b)


def square_root(x: Any) -> Any:
    """Return the correctly rounded square root."""
    return np.sqrt(x)


def select(mask: Any, a: Any, b: Any) -> Any:
    """Return a where the mask holds, elsewhere b."""
    alike(a, b)
    return np.where(mask, a, b)


def at_least(x: Any, least: Any) -> Any:
    """Return the larger number; NaN in x stays."""
    return select(x < least, least, x)


def at_most(x: Any, most: Any) -> Any:
    """Return the smaller number; NaN in x stays."""
    return select(x > most, most, x)


def largest(a: Any, b: Any) -> Any:
    """Return the larger number; NaN if either is."""
    alike(a, b)
    return np.maximum(a, b)


def absolute(x: Any) -> Any:
    """Return a number without its sign."""
    return np.abs(x)


_WORDS = {4: np.uint32, 8: np.uint64}


def as_bits(x: Any) -> Any:
    """Return the bits of a number as an unsigned word of its width."""
    x = np.asarray(x)
    return x.view(_WORDS[x.itemsize])


def as_float(x: Any) -> Any:
    """Return the number that has these bits."""
    x = np.asarray(x)
    return x.view({4: np.float32, 8: np.float64}[x.itemsize])


def widen_bfloat16(x: Any) -> Any:
    """Return a bfloat16, given as 16 bits, as float32."""
    return as_float(np.asarray(x).astype(np.uint32) << np.uint32(16))


def narrow_bfloat16(x: Any) -> Any:
    """Return a float32 rounded to bfloat16, as 16 bits."""
    bits = as_bits(x)
    even = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    word = np.where(np.isnan(x), (bits >> np.uint32(16)) | np.uint32(0x40), even >> np.uint32(16))
    return word.astype(np.uint16)


def widen_half(x: Any) -> Any:
    """Return a float16, given as 16 bits, as float32."""
    return np.asarray(x).view(np.float16).astype(np.float32)


def narrow_half(x: Any) -> Any:
    """Return a float32 rounded to float16, as 16 bits."""
    return np.asarray(x).astype(np.float16).view(np.uint16)


_SMALLEST_NORMAL = np.finfo(np.float32).tiny


_BOUNDS = {"exp2": 2.0**-22.5, "log2": 2.0**-22, "reciprocal": 2.0**-23}
"""Relative errors that kernels have to bear, of logarithms absolute ones within (1/2, 2)."""
error_sign = 0
"""0: either sign, by the argument's bits; 1 or -1: always that one."""


def _roughly(name: str, x: Any, function: Callable[[Any], Any]) -> Any:
    """Return a function's value, as far off as hardware may be; subnormal numbers are 0 on either side."""
    alike(x, np.float32(0))
    x = np.asarray(x)
    flushed = np.where(np.abs(x) < _SMALLEST_NORMAL, np.copysign(np.float32(0), x), x)
    with np.errstate(all="ignore"):
        return _off(name, function(flushed.astype(np.float64)), as_bits(x))


def _off(name: str, exact: Any, bits: Any) -> Any:
    mixed = bits.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(63)
    sign = np.where(mixed == 1, 1.0, -1.0) if error_sign == 0 else np.float64(error_sign)
    error = sign * (_BOUNDS[name] - 2.0**-24)  # less what rounding adds
    unit = np.maximum(np.abs(exact), 1.0) if name == "log2" else np.abs(exact)
    value = (exact + np.where(np.isfinite(exact), error * unit, 0)).astype(np.float32)
    tiny = np.abs(value) < _SMALLEST_NORMAL
    return np.where(tiny, np.copysign(np.float32(0), value), value)


def exp2_approximate(x: Any) -> Any:
    """Return 2^x to about 2 units in the last place; float32 alone."""
    return _roughly("exp2", x, np.exp2)


def log2_approximate(x: Any) -> Any:
    """Return the logarithm, its error absolute near 1; float32 alone."""
    return _roughly("log2", x, np.log2)


def reciprocal_approximate(x: Any) -> Any:
    """Return 1 / x to about 1 unit in the last place; float32 alone."""
    return _roughly("reciprocal", x, np.reciprocal)
