"""Gaussian components of many dimensions: a lane's vectors lie in columns of memory. Otherwise as `gaussians`.

A vector is the place of its first entry, the others follow `LANES` apart. Those of a sample lie behind one another:
z, y, u, w u and the gradient by x, so that each is found from the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants
from ..normal import numbers
from ..prims import any_lane, device, fma, index_of, load, low_word, select, store
from ..teams import storing
from ..tuples import Tuple, Value

LANES = 128
"""Of a block; the numbers that a lane keeps in memory lie so far apart."""
VECTORS = 5
"""Of a sample."""
_ZERO, _ONE, _APART = np.int64(0), np.int64(1), np.int64(LANES)


@cache
def drawing(T: Any, dimension: int) -> Callable[..., Value]:
    """Return a function that draws z, with a sign."""
    normals, per = numbers(T).normal, numbers(T).per_counter
    write, every, step = storing(per), np.int64(dimension), np.int64(per)
    none = T(0)

    @device
    def draw(
        memory: Tuple, z: Value, index: Value, stream: Value, seed: Value, sign: Value
    ) -> Value:
        _parameters, columns = memory
        done, number = _ZERO, _ZERO
        while done < every:
            # what there are too many of lies in y, which comes later
            values = normals(index_of(index), low_word(number), stream, seed)
            write(columns, z + done * _APART, _APART, values, True)
            done += step
            number += _ONE
        done = _ZERO
        while done < every:
            at = z + done * _APART
            store(columns, at, load(columns, at, True, none) * sign, True)
            done += _ONE
        return z

    return draw


def _spreading(T: Any, dimension: int, triangular: bool) -> Callable[..., Value]:
    """Return a function of z: y = L z."""
    none, every = T(0), np.int64(dimension)

    @device
    def spread(memory: Tuple, at: Value, z: Value) -> Value:
        parameters, columns = memory
        y = z + every * _APART
        a, row = _ZERO, at
        while a < every:
            if triangular:
                total, b = none, _ZERO
                while b <= a:
                    factor = load(parameters, row + b, True, none)
                    total = fma(load(columns, z + b * _APART, True, none), factor, total)
                    b += _ONE
                row += b
            else:
                total = load(columns, z + a * _APART, True, none) * load(
                    parameters, at + a, True, none
                )
            store(columns, y + a * _APART, total, True)
            a += _ONE
        return y

    return spread


def _density(T: Any, dimension: int, triangular: bool) -> Callable[..., Any]:
    """Return a function that finds u and the log-density; u counts for nothing where its square is out of range."""
    none, infinity, minus_half, every = T(0), T(np.inf), T(-0.5), np.int64(dimension)
    first_row = np.int64(1 + dimension)

    @device
    def density(memory: Tuple, at: Value, offset: Value, y: Value, z: Value) -> tuple[Value, Value]:
        parameters, columns = memory
        u = y + every * _APART
        same = load(parameters, offset + every, True, none) != none
        square, a, row = none, _ZERO, at + first_row
        while a < every:
            inverse = load(parameters, at + _ONE + a, True, none)
            start = load(parameters, offset + a, True, none)
            x = fma(load(columns, y + a * _APART, True, none), inverse, start)
            if triangular:
                b = _ZERO
                while b < a:
                    factor = load(parameters, row + b, True, none)
                    x = fma(load(columns, u + b * _APART, True, none), factor, x)
                    b += _ONE
                row += a
            x = select(same, load(columns, z + a * _APART, True, none), x)
            store(columns, u + a * _APART, x, True)
            square = fma(x, x, square)
            a += _ONE
        tame = square < infinity
        wild = (square == infinity) | (square != square)
        if any_lane(wild):
            a = _ZERO
            while a < every:
                store(columns, u + a * _APART, none, wild)
                a += _ONE
        log_scale = load(parameters, at, True, none)
        return u, fma(select(tame, square, infinity), minus_half, log_scale)

    return density


def _pulling(T: Any, dimension: int, triangular: bool) -> Callable[..., Value]:
    """Return a function that adds sign L^-T wu to g; what is solved for is written over wu."""
    none, every = T(0), np.int64(dimension)
    end = np.int64(1 + dimension + dimension * (dimension - 1))

    @device
    def pull(memory: Tuple, at: Value, sign: Value, wu: Value, g: Value) -> Value:
        parameters, columns = memory
        left, column = every, at + end
        while left > _ZERO:
            left -= _ONE
            place = left * _APART
            inverse = load(parameters, at + _ONE + left, True, none)
            x, factor = load(columns, wu + place, True, none), sign * inverse
            if triangular:
                x, factor, b = x * inverse, sign, every - _ONE
                column -= b - left
                while b > left:
                    entry = load(parameters, column + b - left - _ONE, True, none)
                    x = fma(load(columns, wu + b * _APART, True, none), entry, x)
                    b -= _ONE
                store(columns, wu + place, x, True)
            store(columns, g + place, fma(x, factor, load(columns, g + place, True, none)), True)
        return g

    return pull


def _outer(T: Any, dimension: int, triangular: bool) -> Callable[..., None]:
    """Return a function that adds a to sums, and behind them a b^T, as much of it as L has entries."""
    none, every = T(0), np.int64(dimension)

    @device
    def add(columns: Any, at: Value, a: Value, b: Value) -> None:
        row, sums = _ZERO, at + every * _APART
        while row < every:
            place = row * _APART
            x = load(columns, a + place, True, none)
            store(columns, at + place, load(columns, at + place, True, none) + x, True)
            column = _ZERO if triangular else row
            while column <= row:
                y = load(columns, b + column * _APART, True, none)
                store(columns, sums, fma(x, y, load(columns, sums, True, none)), True)
                sums += _APART
                column += _ONE
            row += _ONE

    return add


@cache
def large_gaussian(T: Any, dimension: int, triangular: bool) -> SimpleNamespace:
    """Return the functions of a component."""
    none, every, add = constants(T).ZERO, np.int64(dimension), _outer(T, dimension, triangular)
    behind = np.int64((VECTORS - 1) * dimension)

    @device
    def begin_pull(memory: Tuple, z: Value) -> Value:
        _parameters, columns = memory
        g, a = z + behind * _APART, _ZERO
        while a < every:
            store(columns, g + a * _APART, none, True)
            a += _ONE
        return g

    @device
    def scale(memory: Tuple, u: Value, factor: Value) -> Value:
        _parameters, columns = memory
        wu, a = u + every * _APART, _ZERO
        while a < every:
            place = a * _APART
            store(columns, wu + place, load(columns, u + place, True, none) * factor, True)
            a += _ONE
        return wu

    @device
    def keep_direct(
        columns: Any, at: Value, state: Tuple, weight: Value, factor: Value, wu: Value, u: Value
    ) -> Tuple:
        store(columns, at, fma(weight, factor, load(columns, at, True, none)), True)
        add(columns, at + _APART, wu, u)
        return state

    @device
    def keep_moved(columns: Any, at: Value, state: Tuple, g: Value, z: Value) -> Tuple:
        add(columns, at, g, z)
        return state

    return SimpleNamespace(
        draw=drawing(T, dimension),
        spread=_spreading(T, dimension, triangular),
        density=_density(T, dimension, triangular),
        scale=scale,
        begin_pull=begin_pull,
        pull=_pulling(T, dimension, triangular),
        keep_direct=keep_direct,
        keep_moved=keep_moved,
    )
