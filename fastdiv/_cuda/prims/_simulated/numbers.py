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


def _roughly(x: Any, function: Callable[[Any], Any], units: int) -> Any:
    """Return a function's value, some units in the last place off; subnormal numbers are 0 on either side."""
    alike(x, np.float32(0))
    x = np.asarray(x)
    bits = as_bits(x).astype(np.uint64)
    value = function(np.where(np.abs(x) < _SMALLEST_NORMAL, np.copysign(np.float32(0), x), x))
    noise = (bits * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(2 * units + 1)
    unit = np.spacing(np.where(np.isfinite(value), value, 0)) * np.isfinite(value)
    value = value + (noise.astype(np.float32) - units) * unit
    tiny = np.abs(value) < _SMALLEST_NORMAL
    return np.where(tiny, np.copysign(np.float32(0), value), value).astype(np.float32)


def exp2_approximate(x: Any) -> Any:
    """Return 2^x to about 2 units in the last place; float32 alone."""
    return _roughly(x, np.exp2, 1)


def log2_approximate(x: Any) -> Any:
    """Return the logarithm, its error absolute near 1; float32 alone."""
    return _roughly(x, np.log2, 1)


def reciprocal_approximate(x: Any) -> Any:
    """Return 1 / x to about 1 unit in the last place; float32 alone."""
    return _roughly(x, np.reciprocal, 1)
