"""Triangular systems of few unknowns in registers: vectors are tuples, L lies in memory as `gaussians` says.

In the order of csrc/kernels/distributions/gaussian.hpp.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..prims import device, fma, load
from ..teams import loading
from ..tuples import Tuple, Value, each2, each_with

SMALL = 3
"""Up to so many dimensions the CPU adds gradients up in one pass, in another order of some operations."""
_ONE = np.int64(1)


@device
def plus(a: Value, b: Value) -> Value:
    """Return a + b."""
    return a + b


@device
def times(a: Value, b: Value) -> Value:
    """Return a b."""
    return a * b


@cache
def products(count: int, forward: bool = True) -> Callable[[Tuple, Tuple, Value], Value]:
    """Return a function that adds products of entries to a number, from the first on, or from the last."""
    if count == 1:

        @device
        def one(a: Tuple, b: Tuple, start: Value) -> Value:
            return fma(a[0], b[0], start)

        return one
    rest, last = products(count - 1, forward), count - 1

    @device
    def from_first(a: Tuple, b: Tuple, start: Value) -> Value:
        return rest(a[1:], b[1:], fma(a[0], b[0], start))

    @device
    def from_last(a: Tuple, b: Tuple, start: Value) -> Value:
        return rest(a[:last], b[:last], fma(a[last], b[last], start))

    return from_first if forward else from_last


@cache
def adding_multiples(count: int) -> Callable[[Value, Tuple, Tuple], Tuple]:
    """Return a function of x, a and s: x a + s, entry by entry."""
    if count == 1:

        @device
        def one(x: Value, a: Tuple, s: Tuple) -> Tuple:
            return (fma(x, a[0], s[0]),)

        return one
    rest = adding_multiples(count - 1)

    @device
    def add(x: Value, a: Tuple, s: Tuple) -> Tuple:
        return (fma(x, a[0], s[0]),) + rest(x, a[1:], s[1:])  # noqa: RUF005

    return add


@cache
def adding_outer(
    rows: int, triangular: bool, row: int = 0
) -> Callable[[Tuple, Tuple, Tuple], Tuple]:
    """Return a function of a, b and s: s + a b^T, as much of it as L has entries, from a row on."""
    width = row + 1 if triangular else 1
    add, begin = adding_multiples(width), 0 if triangular else row
    end = begin + width
    if row + 1 == rows:

        @device
        def last(a: Tuple, b: Tuple, s: Tuple) -> Tuple:
            return add(a[row], b[begin:end], s)

        return last
    rest = adding_outer(rows, triangular, row + 1)

    @device
    def from_row(a: Tuple, b: Tuple, s: Tuple) -> Tuple:
        return add(a[row], b[begin:end], s[:width]) + rest(a, b, s[width:])

    return from_row


def solving(T: Any, dimension: int, triangular: bool, row: int) -> Callable[..., Tuple]:
    """Return a function that finds the entries of u = L^-1 (y + offset) from a row on, those before it known."""
    zero = T(0)
    inverse, first = np.int64(1 + row), np.int64(1 + dimension + row * (row - 1) // 2)
    place, inside = np.int64(row), row + 1 < dimension

    @device
    def start(parameters: Any, at: Value, offset: Value, y: Tuple) -> Value:
        factor = load(parameters, at + inverse, True, zero)
        return fma(y[row], factor, load(parameters, offset + place, True, zero))

    entry: Any
    if triangular and row > 0:
        read, add = loading((zero,) * row), products(row)

        @device
        def entry(parameters: Any, at: Value, offset: Value, y: Tuple, u: Tuple) -> Tuple:
            x = start(parameters, at, offset, y)
            return u + (add(u, read(parameters, at + first, _ONE, True), x),)  # noqa: RUF005

    else:

        @device
        def entry(parameters: Any, at: Value, offset: Value, y: Tuple, u: Tuple) -> Tuple:
            return u + (start(parameters, at, offset, y),)  # noqa: RUF005

    if row == 0:

        @device
        def entry(parameters: Any, at: Value, offset: Value, y: Tuple, u: Tuple) -> Tuple:
            return (start(parameters, at, offset, y),)

    if not inside:
        return entry
    rest = solving(T, dimension, triangular, row + 1)

    @device
    def solve(parameters: Any, at: Value, offset: Value, y: Tuple, u: Tuple) -> Tuple:
        return rest(parameters, at, offset, y, entry(parameters, at, offset, y, u))

    return solve


def spreading(T: Any, dimension: int, triangular: bool) -> Callable[..., Tuple]:
    """Return a function of z: y = L z, with L in memory by rows."""
    zero = T(0)
    if not triangular:
        read, multiply = loading((zero,) * dimension), each2(dimension, times)

        @device
        def diagonal(parameters: Any, at: Value, z: Tuple) -> Tuple:
            return multiply(z, read(parameters, at, _ONE, True))

        return diagonal

    def make(row: int) -> Callable[..., Tuple]:
        width, first = row + 1, np.int64(row * (row + 1) // 2)
        read_row, add = loading((zero,) * width), products(width)

        @device
        def entry(parameters: Any, at: Value, z: Tuple) -> Tuple:
            return (add(z[:width], read_row(parameters, at + first, _ONE, True), zero),)

        if width == dimension:
            return entry
        rest = make(row + 1)

        @device
        def spread(parameters: Any, at: Value, z: Tuple) -> Tuple:
            return entry(parameters, at, z) + rest(parameters, at, z)

        return spread

    return make(0)


def solving_transposed(T: Any, dimension: int, row: int) -> Callable[..., Tuple]:
    """Return a function that finds the entries of x = L^-T wu from a row on."""
    zero = T(0)
    behind = dimension - 1 - row
    inverse = np.int64(1 + row)
    columns = 1 + dimension + dimension * (dimension - 1) // 2
    first = np.int64(columns + row * (2 * dimension - row - 1) // 2)

    @device
    def start(parameters: Any, at: Value, wu: Tuple) -> Value:
        return wu[row] * load(parameters, at + inverse, True, zero)

    if behind == 0:

        @device
        def last(parameters: Any, at: Value, wu: Tuple) -> Tuple:
            return (start(parameters, at, wu),)

        return last
    rest, read = solving_transposed(T, dimension, row + 1), loading((zero,) * behind)
    add = products(behind, dimension <= SMALL)

    @device
    def solve(parameters: Any, at: Value, wu: Tuple) -> Tuple:
        x = rest(parameters, at, wu)
        return (add(x, read(parameters, at + first, _ONE, True), start(parameters, at, wu)),) + x  # noqa: RUF005

    return solve


def pulling(T: Any, dimension: int, triangular: bool) -> Callable[..., Tuple]:
    """Return a function that adds sign L^-T wu to g."""
    zero, add = T(0), adding_multiples(dimension)
    if triangular:
        solve = solving_transposed(T, dimension, 0)

        @device
        def pull(parameters: Any, at: Value, sign: Value, wu: Tuple, g: Tuple) -> Tuple:
            return add(sign, solve(parameters, at, wu), g)

        return pull
    read, multiply = loading((zero,) * dimension), each2(dimension, times)
    if dimension <= SMALL:

        @device
        def pull_small(parameters: Any, at: Value, sign: Value, wu: Tuple, g: Tuple) -> Tuple:
            return add(sign, multiply(wu, read(parameters, at + _ONE, _ONE, True)), g)

        return pull_small
    scale, fused = each_with(dimension, times), adding_outer(dimension, False)

    @device
    def pull_diagonal(parameters: Any, at: Value, sign: Value, wu: Tuple, g: Tuple) -> Tuple:
        return fused(wu, scale(read(parameters, at + _ONE, _ONE, True), sign), g)

    return pull_diagonal
