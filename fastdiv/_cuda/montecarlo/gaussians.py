"""Gaussian components at a lane's sample: in registers, a tuple of D numbers, or where D is large as `large` says.

As csrc/kernels/distributions/gaussian.hpp, operation by operation.

    log N(x; m, L) = -|u|^2 / 2 - log det L - D/2 log 2 pi,   u = L^-1 (x - m);   D/2 log 2 pi is left out
    d/dm = L^-T u,   d/dL = lower triangle of L^-T (u u^T - 1),   d/dx = -L^-T u

Samples are x = m_k + y, y = L_k z. Of gradients only the sums of w, w u and w u u^T are taken; L^-T is multiplied in
the end. In memory a component is (log scale, 1 / L_aa, L_ab / -L_aa by rows, L_ba / -L_aa by columns, whether it has no
weight), and where a stratum lies seen from it ((m_k - m_j)_a / L_jaa, whether both are the same).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants
from ..normal import numbers
from ..prims import device, fma, index_of, load, select
from ..tuples import Tuple, Value, choose, each2, each_with
from .large import large_gaussian
from .triangles import SMALL, adding_outer, plus, products, pulling, solving, spreading, times

MOST_IN_REGISTERS = 8
"""Vectors of more entries are kept in memory."""


def entries(dimension: int, triangular: bool) -> int:
    """Count the numbers of L."""
    return dimension * (dimension + 1) // 2 if triangular else dimension


def component_size(dimension: int, triangular: bool) -> int:
    """Count the numbers of a component in memory."""
    return 2 + dimension + (dimension * (dimension - 1) if triangular else 0)


def sums_size(dimension: int, triangular: bool) -> int:
    """Count the sums of a component's gradient."""
    return 1 + dimension + entries(dimension, triangular)


def _drawing(T: Any, dimension: int, number: int = 0) -> Callable[..., Tuple]:
    """Return a function that draws a sample's normals from a block of its counter on."""
    normals, per = numbers(T).normal, numbers(T).per_counter
    width, place = min(per, dimension - number * per), np.uint32(number)

    @device
    def draw(index: Value, stream: Value, seed: Value) -> Tuple:
        return normals(index, place, stream, seed)[:width]

    if width + number * per == dimension:
        return draw
    rest = _drawing(T, dimension, number + 1)

    @device
    def draw_all(index: Value, stream: Value, seed: Value) -> Tuple:
        return draw(index, stream, seed) + rest(index, stream, seed)

    return draw_all


def _adding_direct(dimension: int, triangular: bool) -> Callable[..., Tuple]:
    """Return a function that adds a sample's w, w u and w u u^T to the sums; w = factor weight, and wu is w u."""
    end = 1 + dimension
    add, outer, small = (
        each2(dimension, plus),
        adding_outer(dimension, triangular),
        dimension <= SMALL,
    )

    @device
    def add_direct(state: Tuple, weight: Value, factor: Value, wu: Tuple, u: Tuple) -> Tuple:
        whole = state[0] + factor * weight if small else fma(weight, factor, state[0])
        return (whole,) + add(state[1:end], wu) + outer(wu, u, state[end:])  # noqa: RUF005

    return add_direct


def _adding_moved(dimension: int, triangular: bool) -> Callable[..., Tuple]:
    """Return a function that adds a sample's g and g z^T to the sums."""
    add, outer = each2(dimension, plus), adding_outer(dimension, triangular)

    @device
    def add_moved(state: Tuple, g: Tuple, z: Tuple) -> Tuple:
        return add(state[:dimension], g) + outer(g, z, state[dimension:])

    return add_moved


@cache
def small_gaussian(T: Any, dimension: int, triangular: bool) -> SimpleNamespace:
    """Return the functions of a component in registers."""
    c = constants(T)
    zero, infinity, minus_half = c.ZERO, c.INFINITY, T(-0.5)
    nothing, same_place = (zero,) * dimension, np.int64(dimension)
    solve, squares = solving(T, dimension, triangular, 0), products(dimension)
    pick = choose(dimension, select)

    spread_all, pull_all = (make(T, dimension, triangular) for make in (spreading, pulling))
    draw_all, scale_all = _drawing(T, dimension), each_with(dimension, times)

    @device
    def draw(
        memory: Tuple, at: Value, index: Value, stream: Value, seed: Value, sign: Value
    ) -> Tuple:
        return scale_all(draw_all(index_of(index), stream, seed), sign)

    @device
    def spread(memory: Tuple, at: Value, z: Tuple) -> Tuple:
        return spread_all(memory[0], at, z)

    @device
    def density(memory: Tuple, at: Value, offset: Value, y: Tuple, z: Tuple) -> tuple[Tuple, Value]:
        """Return u and the log-density; u counts for nothing where its square is out of range."""
        parameters, _columns = memory
        same = load(parameters, offset + same_place, True, zero) != zero
        u = pick(same, z, solve(parameters, at, offset, y, nothing))
        square = squares(u, u, zero)
        tame = square < infinity
        log_scale = load(parameters, at, True, zero)
        return pick(tame, u, nothing), fma(select(tame, square, infinity), minus_half, log_scale)

    @device
    def scale(memory: Tuple, u: Tuple, factor: Value) -> Tuple:
        return scale_all(u, factor)

    @device
    def begin_pull(memory: Tuple, z: Tuple) -> Tuple:
        return nothing

    @device
    def pull(memory: Tuple, at: Value, sign: Value, wu: Tuple, g: Tuple) -> Tuple:
        return pull_all(memory[0], at, sign, wu, g)

    return SimpleNamespace(
        draw=draw,
        spread=spread,
        density=density,
        scale=scale,
        begin_pull=begin_pull,
        pull=pull,
        add_direct=_adding_direct(dimension, triangular),
        add_moved=_adding_moved(dimension, triangular),
    )


@cache
def gaussian(T: Any, dimension: int, triangular: bool) -> SimpleNamespace:
    """Return the functions of a component, in registers or in memory."""
    make = small_gaussian if dimension <= MOST_IN_REGISTERS else large_gaussian
    return make(T, dimension, triangular)
