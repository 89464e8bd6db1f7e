"""Mixtures of Gaussians at a lane's sample, as csrc/kernels/distributions/mixture.hpp.

    log p(x) = log sum_j exp(l_j),   responsibilities r_j = exp(l_j - log p(x)),   l_j with the weight's logarithm

The largest l_j is taken out first. Components are gone through three times, which is quicker than to keep what is known
of each: for the largest, for the sum, and for gradients. A single Gaussian is gone through once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ..math import constants, functions, ratios
from ..prims import at_most, device, divide, fma, load, select, store
from ..teams import loading, storing
from ..tuples import Tuple, Value
from .divergences import exponential
from .gaussians import MOST_IN_REGISTERS, component_size, gaussian, sums_size
from .large import LANES
from .triangles import SMALL


class Traits(NamedTuple):
    """What is known of a mixture when its kernel is made."""

    dimension: int
    triangular: bool
    mixed: bool
    """Whether there may be more than one component."""
    weightless: bool
    """Whether components may be without weight: only the gradient by it is of interest."""
    direct: bool
    """Whether gradients by the parameters of the density are wanted."""
    moved: bool
    """And by the place of the sample."""
    sign: int
    """Of what pulls samples: -1 for p, 1 for q."""

    @property
    def sums(self) -> int:
        """Count the sums of a component that lanes take."""
        return sums_size(self.dimension, self.triangular) if self.direct else 0

    @property
    def in_registers(self) -> bool:
        """Whether lanes take them in registers."""
        return self.direct and not self.mixed and self.dimension <= SMALL


def _keeping(T: Any, traits: Traits, own: SimpleNamespace) -> Callable[..., Tuple]:
    """Return a function that adds a sample to the sums, wherever they are."""

    @device
    def nowhere(
        columns: Any, at: Value, state: Tuple, weight: Value, factor: Value, wu: Tuple, u: Tuple
    ) -> Tuple:
        return state

    if not traits.direct:
        return nowhere
    if traits.dimension > MOST_IN_REGISTERS:
        keep: Callable[..., Tuple] = own.keep_direct
        return keep
    add = own.add_direct

    @device
    def in_registers(
        columns: Any, at: Value, state: Tuple, weight: Value, factor: Value, wu: Tuple, u: Tuple
    ) -> Tuple:
        return add(state, weight, factor, wu, u)

    if traits.in_registers:
        return in_registers
    read, write, apart = loading((T(0),) * traits.sums), storing(traits.sums), np.int64(LANES)

    @device
    def in_memory(
        columns: Any, at: Value, state: Tuple, weight: Value, factor: Value, wu: Tuple, u: Tuple
    ) -> Tuple:
        sums = add(read(columns, at, apart, True), weight, factor, wu, u)
        write(columns, at, apart, sums, True)
        return state

    return in_memory


def _single(T: Any, traits: Traits) -> SimpleNamespace:
    """Return the functions of one Gaussian; what is kept of its density is u."""
    own = gaussian(T, traits.dimension, traits.triangular)
    density, pull, scale = own.density, own.pull, own.scale
    keep, one, sign, moved = _keeping(T, traits, own), T(1), T(traits.sign), traits.moved
    forgotten = traits.dimension > MOST_IN_REGISTERS

    @device
    def log_density(
        memory: Tuple, at: Value, offset: Value, count: Value, y: Tuple, z: Tuple
    ) -> tuple[Value, Tuple]:
        u, log_p = density(memory, at, offset, y, z)
        return log_p, u

    @device
    def add_gradient(
        memory: Tuple,
        place: Tuple,
        point: Tuple,
        known: Tuple,
        factor: Value,
        state: Tuple,
        g: Tuple,
    ) -> tuple[Tuple, Tuple]:
        column, at, offset, _count = place
        _log_p, u = known
        if forgotten:  # the other density has written over it
            y, z = point
            u, _log_p = density(memory, at, offset, y, z)
        wu = scale(memory, u, factor)
        state = keep(memory[1], column, state, one, factor, wu, u)
        if moved:
            g = pull(memory, at, sign, wu, g)
        return state, g

    return SimpleNamespace(log_density=log_density, add_gradient=add_gradient)


def _several(T: Any, traits: Traits) -> SimpleNamespace:
    """Return the functions of a mixture; what is kept of its density is the largest l_j and 1 / sum exp(l_j - that)."""
    c, own = constants(T), gaussian(T, traits.dimension, traits.triangular)
    zero, one, minus_infinity, sign = c.ZERO, c.ONE, T(-np.inf), T(traits.sign)
    density, pull, scale = own.density, own.pull, own.scale
    keep, exp_of_negative = _keeping(T, traits, own), exponential(T)
    divide_out, log_to_one, exp = ratios(T).divide_out, ratios(T).log_to_one, functions(T).exp
    most = T(T(0.99) * T(c.exponent_bias * c.LN2))
    first, next_one = np.int64(0), np.int64(1)
    size = component_size(traits.dimension, traits.triangular)
    component, seen, flag = np.int64(size), np.int64(traits.dimension + 1), np.int64(size - 1)
    sums, direct, moved, weightless = (
        np.int64(traits.sums * LANES),
        traits.direct,
        traits.moved,
        traits.weightless,
    )

    @device
    def weighted(
        memory: Tuple, at: Value, offset: Value, y: Tuple, z: Tuple
    ) -> tuple[Tuple, Value]:
        u, each = density(memory, at, offset, y, z)
        if weightless:
            each = select(load(memory[0], at + flag, True, zero) != zero, minus_infinity, each)
        return u, each

    @device
    def log_density(
        memory: Tuple, at: Value, offset: Value, count: Value, y: Tuple, z: Tuple
    ) -> tuple[Value, Tuple]:
        largest = minus_infinity
        j = first
        while j < count:
            _u, each = weighted(memory, at + j * component, offset + j * seen, y, z)
            largest = select(each > largest, each, largest)
            j += next_one
        nowhere = largest == minus_infinity
        base, total = select(nowhere, zero, largest), zero
        j = first
        while j < count:
            _u, each = weighted(memory, at + j * component, offset + j * seen, y, z)
            exponential_of, _change = exp_of_negative(each - base)
            total = total + exponential_of
            j += next_one
        whole = select(nowhere, one, total)
        log_p = largest + log_to_one(divide_out(whole, one), zero)
        return log_p, (base, select(nowhere, zero, divide(one, whole)))

    @device
    def add_weightless(
        columns: Any, column: Value, is_one: Value, ratio: Value, factor: Value
    ) -> None:
        """Add N_j(x) / p(x) times the sample's factor, kept finite, for a component without weight."""
        before = load(columns, column, True, zero)
        store(
            columns,
            column,
            select(is_one, fma(exp(at_most(ratio, most)), factor, before), before),
            True,
        )

    @device
    def add_gradient(
        memory: Tuple,
        place: Tuple,
        point: Tuple,
        known: Tuple,
        factor: Value,
        state: Tuple,
        g: Tuple,
    ) -> tuple[Tuple, Tuple]:
        parameters, columns = memory
        column, at, offset, count = place
        y, z = point
        log_p, (base, share) = known
        share = share * factor
        j = first
        while j < count:
            there = at + j * component
            u, each = weighted(memory, there, offset + j * seen, y, z)
            weight, _change = exp_of_negative(each - base)
            wu = scale(memory, u, share * weight)
            state = keep(columns, column + j * sums, state, weight, share, wu, u)
            if moved:
                g = pull(memory, there, sign, wu, g)
            if weightless and direct:
                is_one = load(parameters, there + flag, True, zero) != zero
                u, each = density(memory, there, offset + j * seen, y, z)
                add_weightless(columns, column + j * sums, is_one, each - log_p, factor)
            j += next_one
        return state, g

    return SimpleNamespace(log_density=log_density, add_gradient=add_gradient)


@cache
def mixture(T: Any, traits: Traits) -> SimpleNamespace:
    """Return the functions of a mixture."""
    return _several(T, traits) if traits.mixed else _single(T, traits)
