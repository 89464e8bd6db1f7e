"""A layer's bias and activation.

y = f(x + b), b one number a column
dL/dx = f'(x + b) dL/dy, and dL/db is its sum over the rows
f' from y: identity 1;  relu 1 where y > 0;  tanh (1 - y)(1 + y);  sigmoid y (1 - y);  softplus 1 - exp(-y).
gelu(x) = x Phi(x) does not tell x, whose slope is Phi(x) + x phi(x): it keeps x + b instead of y.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .._kernel import Kernel, Pointer
from ..logistic import exponentials, logistics
from ..math import constants
from ..prims import at_least, at_most, device, fma, select
from ..tuples import Tuple, Value, each, each2
from .columns import (
    DOWN,
    LANES,
    add_tiles,
    partial_sums,
    placing,
    row_of_lane,
    rows_at_once,
    stripes_of,
    tile_sums,
    tiles_of,
)
from .elements import all_aligned, flat, memory_of, suffix, vector_of

Array = Any
ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")


class Activation(NamedTuple):
    """A function's value, and what is upstream times its slope."""

    value: Callable[[Value], Value]
    times_slope: Callable[[Value, Value], Value]


def _identity(T: Any) -> Activation:
    @device
    def value(x: Value) -> Value:
        return x

    @device
    def times_slope(y: Value, upstream: Value) -> Value:
        return upstream

    return Activation(value, times_slope)


def _relu(T: Any) -> Activation:
    zero = constants(T).ZERO

    @device
    def value(x: Value) -> Value:
        return select(x < zero, zero, x)  # NaN stays

    @device
    def times_slope(y: Value, upstream: Value) -> Value:
        return select(y <= zero, zero, upstream)

    return Activation(value, times_slope)


def _tanh(T: Any) -> Activation:
    one = constants(T).ONE

    @device
    def times_slope(y: Value, upstream: Value) -> Value:
        return ((one - y) * (one + y)) * upstream

    return Activation(logistics(T).tanh, times_slope)


def _sigmoid(T: Any) -> Activation:
    one = constants(T).ONE

    @device
    def times_slope(y: Value, upstream: Value) -> Value:
        return (y * (one - y)) * upstream

    return Activation(logistics(T).logistic, times_slope)


def _softplus(T: Any) -> Activation:
    far, expm1_near = exponentials(T).far, exponentials(T).expm1_near

    @device
    def times_slope(y: Value, upstream: Value) -> Value:
        return -expm1_near(-at_most(y, far)) * upstream

    return Activation(logistics(T).softplus, times_slope)


def _gelu(T: Any) -> Activation:
    normal_cdf, most = logistics(T).normal_cdf, logistics(T).farthest

    @device
    def value(x: Value) -> Value:
        cdf, _ = normal_cdf(x)
        return at_least(x, -most) * cdf  # of -inf it is 0

    @device
    def times_slope(x: Value, upstream: Value) -> Value:
        cdf, density = normal_cdf(x)
        return fma(at_most(at_least(x, -most), most), density, cdf) * upstream

    return Activation(value, times_slope)


_MAKE = dict(zip(ACTIVATIONS, (_identity, _relu, _tanh, _sigmoid, _softplus, _gelu), strict=True))


@device
def _plus(a: Value, b: Value) -> Value:
    return a + b


def _make(T: Any, activation: str, keeps: bool, aligned: bool) -> Callable[..., None]:
    memory, count, place = memory_of(T, aligned), vector_of(T), placing(T)
    read, write, down, zero = memory.read, memory.write, np.int64(DOWN), np.int64(0)
    of_each, plus_each = each(count, _MAKE[activation](T).value), each2(count, _plus)

    def forward(x: Any, bias: Any, out: Any, pre: Any, rows: Any, columns: Any, steps: Any) -> None:
        group, at = place(columns)
        shift = read(bias, zero, at, columns)
        row = group * steps * down + row_of_lane()
        done = zero
        while done < steps:
            length = select(row < rows, columns, zero)
            begin = row * columns
            total = plus_each(read(x, begin, at, length), shift)
            if keeps:
                write(pre, begin, at, length, total)
            write(out, begin, at, length, of_each(total))
            row += down
            done += np.int64(1)

    return forward


def _make_backward(T: Any, activation: str, shifted: bool, aligned: bool) -> Callable[..., None]:
    memory, count, place = memory_of(T, aligned), vector_of(T), placing(T)
    read, write, zero = memory.read, memory.write, np.int64(0)
    times_slope, plus_each = each2(count, _MAKE[activation](T).times_slope), each2(count, _plus)
    nothing = (T(0),) * count

    @device
    def term(pointers: Any, begin: Value, at: Value, length: Value, shift: Tuple) -> Tuple:
        saved, upstream, out = pointers
        total = read(upstream, begin, at, length)
        if shifted:
            total = plus_each(total, shift)
        gradient = times_slope(read(saved, begin, at, length), total)
        write(out, begin, at, length, gradient)
        return gradient

    sum_tile = tile_sums(T, term)

    def backward(
        saved: Any, upstream: Any, column_upstream: Any, out: Any, bias_gradient: Any, partial: Any,
        rows: Any, columns: Any, tiles: Any,
    ) -> None:  # fmt: skip
        tile, at = place(columns)
        shift = nothing
        if shifted:
            shift = read(column_upstream, zero, at, columns)
        pointers = (saved, upstream, out)
        sum_tile(pointers, shift, rows, columns, tile, tiles, at, bias_gradient, partial)

    return backward


@cache
def kernel_of(T: Any, activation: str, keeps: bool, aligned: bool) -> Kernel:
    """Return what can be launched."""
    return Kernel(
        f"nn_bias_activation_{activation}_{suffix(T, aligned)}{'_pre' if keeps else ''}",
        lambda: _make(T, activation, keeps, aligned),
        (*(Pointer(T),) * 4, *(np.int64,) * 3),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned,
    )


@cache
def backward_kernel_of(T: Any, activation: str, shifted: bool, aligned: bool) -> Kernel:
    """Return what can be launched."""
    return Kernel(
        f"nn_bias_activation_backward_{activation}_{suffix(T, aligned)}{'_shifted' if shifted else ''}",
        lambda: _make_backward(T, activation, shifted, aligned),
        (*(Pointer(T),) * 6, *(np.int64,) * 3),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned,
    )


def nn_bias_activation(
    x: Array, bias: Array, activation: int, out: Array, pre: Array | None
) -> None:
    """Compute the activation; x + bias goes to `pre` if that is given."""
    if x.size == 0:
        return
    T, (rows, columns) = x.dtype.type, x.shape
    aligned = columns % vector_of(T) == 0 and all_aligned(x, bias, out, pre)
    steps = rows_at_once(rows, columns, T)
    groups = -(-rows // (steps * DOWN))
    kernel = kernel_of(T, ACTIVATIONS[activation], pre is not None, aligned)
    memory = [None if array is None else flat(array) for array in (x, bias, out, pre)]
    kernel(groups * stripes_of(columns, T), *memory, rows, columns, steps)


def nn_bias_activation_backward(
    saved: Array,
    upstream: Array,
    column_upstream: Array | None,
    activation: int,
    out: Array,
    bias_gradient: Array,
) -> None:
    """Compute the gradients by what goes in, and by the bias."""
    T, (rows, columns) = saved.dtype.type, saved.shape
    if columns == 0:
        return
    arrays = (saved, upstream, column_upstream, out)
    aligned = columns % vector_of(T) == 0 and all_aligned(*arrays)
    tiles = tiles_of(rows)
    partial = partial_sums(T, tiles, columns)
    kernel = backward_kernel_of(T, ACTIVATIONS[activation], column_upstream is not None, aligned)
    memory = [None if array is None else flat(array) for array in arrays]
    grid = tiles * stripes_of(columns, T)
    kernel(grid, *memory, bias_gradient, partial, rows, columns, tiles)
    add_tiles(T, partial, bias_gradient, tiles, columns, pairs=False)
