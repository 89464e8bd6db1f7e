"""The kernel of samples: draws them, evaluates both densities and F, and sums value, variance and gradients of leaves.

As csrc/kernels/samples.hpp, operation by operation and sum by sum, so that the bits are the CPU's. A leaf of K strata,
`rounds` observations of each, is cut as the CPU's loops go: a stratum into blocks, a block into as many parts as
lanes fit into 64 bytes, of `run` samples each, `width` apart. That is a lane's work here; the two points of an
antithetic pair belong to two lanes. Chunks, the lanes of all parts of one block, follow one another in a leaf, leaves
in a block of lanes; a leaf of more chunks than that is done in tiles. Each lane keeps in columns of memory its values
of F, of the control variate, its sums by p, by q, and by the place of the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer
from ..prims import (
    barrier,
    block,
    device,
    dynamic_shared,
    lane,
    load,
    select,
    store,
)
from ..teams import loading, storing
from ..tuples import Tuple, Value
from .combining import combining
from .divergences import FUNCTIONS
from .gaussians import MOST_IN_REGISTERS, gaussian
from .large import LANES
from .mixtures import mixture
from .triangles import SMALL
from .variants import SURROGATE_P, SURROGATE_Q, P, Q, Variant


def _moving(v: Variant) -> Callable[..., Tuple]:
    """Return a function that adds a sample to the sums by its place."""
    T, own = v.T, gaussian(v.T, v.dimension, v.triangular[v.source])

    @device
    def nowhere(columns: Any, at: Value, state: Tuple, g: Tuple, z: Tuple) -> Tuple:
        return state

    if not v.moved:
        return nowhere
    if v.dimension > MOST_IN_REGISTERS:
        keep: Callable[..., Tuple] = own.keep_moved
        return keep
    add = own.add_moved

    @device
    def in_registers(columns: Any, at: Value, state: Tuple, g: Tuple, z: Tuple) -> Tuple:
        return add(state, g, z)

    if v.dimension <= SMALL:
        return in_registers
    read, write = loading((T(0),) * v.moved_sums), storing(v.moved_sums)
    apart = np.int64(LANES)

    @device
    def in_memory(columns: Any, at: Value, state: Tuple, g: Tuple, z: Tuple) -> Tuple:
        write(columns, at, apart, add(read(columns, at, apart, True), g, z), True)
        return state

    return in_memory


def _beginning(T: Any, count: int) -> tuple[Tuple, Callable[..., None]]:
    """Return sums of nothing, and a function that writes a lane's sums from registers, `count` or none of them."""
    apart = np.int64(LANES)

    @device
    def nothing(columns: Any, at: Value, state: Tuple) -> None:
        pass

    if not count:
        return (T(0),), nothing
    write = storing(count)

    @device
    def keep(columns: Any, at: Value, state: Tuple) -> None:
        write(columns, at, apart, state, True)

    return (T(0),) * count, keep


def _controlling(v: Variant) -> Callable[..., Value]:
    """Return a function that evaluates the control variate."""
    zero, one = v.T(0), np.int64(1)

    @device
    def absent(memory: Tuple, at: Tuple, offsets: Tuple, y: Tuple, z: Tuple) -> Value:
        return zero

    if not v.control:
        return absent
    of_p = mixture(v.T, v.traits(SURROGATE_P)).log_density
    of_q = mixture(v.T, v.traits(SURROGATE_Q)).log_density

    @device
    def control(memory: Tuple, at: Tuple, offsets: Tuple, y: Tuple, z: Tuple) -> Value:
        log_p, _u = of_p(memory, at[2], offsets[2], one, y, z)
        log_q, _w = of_q(memory, at[3], offsets[3], one, y, z)
        return log_p - log_q

    return control


def columns_in(v: Variant) -> Callable[..., Any]:
    """Return a function that returns the memory of sums, and where a lane's begin there."""
    every_lane = np.int64(LANES)

    @device
    def in_shared(kept: Any, scratch: Any, before: Value, slots: Value) -> Any:
        return kept, before * every_lane

    @device
    def in_scratch(kept: Any, scratch: Any, before: Value, slots: Value) -> Any:
        return scratch, block() * slots * every_lane

    return in_shared if v.shared else in_scratch


def _reading_again(slim: bool) -> Callable[[Value, Value, Value], Value]:
    """Return a function of where parameters begin, a sample's number and 0 that says where they begin.

    In a way that the compiler does not see through: it would keep them all in registers, which have no room for them.
    """

    @device
    def once(base: Value, done: Value, nothing: Value) -> Value:
        return base

    @device
    def for_each(base: Value, done: Value, nothing: Value) -> Value:
        return base + done * nothing

    return once if slim else for_each


def make(v: Variant) -> Callable[..., None]:
    """Return the kernel."""
    T, dimension = v.T, v.dimension
    zero, one, four, every_lane = np.int64(0), np.int64(1), np.int64(4), np.int64(LANES)
    parts = 64 // np.dtype(T).itemsize
    part_bits, last_part = np.int64(parts.bit_length() - 1), np.int64(parts - 1)
    chunks, width = np.int64(LANES // parts), np.int64(parts)
    none, plus_one, has_control = T(0), T(1), v.control
    own_gaussian = gaussian(T, dimension, v.triangular[v.source])
    draw, spread, begin_pull = own_gaussian.draw, own_gaussian.spread, own_gaussian.begin_pull
    control, move, memory_of = _controlling(v), _moving(v), columns_in(v)
    p, q = mixture(T, v.traits(P)), mixture(T, v.traits(Q))
    log_density_p, log_density_q = p.log_density, q.log_density
    add_p, add_q = p.add_gradient, q.add_gradient
    apply = FUNCTIONS[v.estimator, v.source](T)
    gradients = v.direct[P] or v.direct[Q] or v.moved
    in_registers = [v.traits(m).sums if v.traits(m).in_registers else 0 for m in (P, Q)]
    start_p, keep_p = _beginning(T, in_registers[P])
    start_q, keep_q = _beginning(T, in_registers[Q])
    start_moved, keep_moved = _beginning(T, v.moved_sums if dimension <= SMALL else 0)
    seen, moved_sums = np.int64(dimension + 1), np.int64(v.moved_sums)
    combine, again = combining(T, v.control, gradients, v.moved_sums), _reading_again(v.slim)

    def samples(
        parameters: Any, units: Any, moments: Any, sums: Any, carried: Any, scratch: Any,
        first_pair: Any, pair_size: Any, strata: Any, stratum_size: Any, own_count: Any,
        place_p: Any, place_q: Any, place_sp: Any, place_sq: Any, seen_p: Any, seen_q: Any, seen_sp: Any, seen_sq: Any,
        count_p: Any, count_q: Any, direct_q: Any, direct: Any, slots: Any,
        run: Any, halves: Any, block_chunks: Any, leaf_chunks: Any, strata_at_once: Any, tiles: Any,
        leaves_at_once: Any, leaf_size: Any, rounds: Any, first_leaf: Any, leaves: Any, groups: Any, last_leaf: Any,
        last_count: Any, last_whole: Any, last_rest: Any, stream: Any, seed: Any,
        weight_p: Any, weight_q: Any, share: Any, nothing: Any,
    ) -> None:  # fmt: skip
        kept = dynamic_shared(T)
        columns, begin = memory_of(kept, scratch, run + run if has_control else run, slots)
        own = lane()
        chunk, part = own >> part_bits, own & last_part
        number = block() // groups
        group, pair = block() - number * groups, first_pair + number
        base = pair * pair_size
        tile = zero
        while tile < tiles:
            entry = (tile * chunks + chunk) * four
            given = load(units, entry, True, zero)
            leaf = group * leaves_at_once + load(units, entry + one, True, zero)
            inside = (given >= zero) & (leaf < leaves)
            k = select(inside, given, zero)
            start = load(units, entry + one + one, True, zero)
            sign = select(
                load(units, entry + one + one + one, True, zero) == zero, plus_one, -plus_one
            )
            count = select(leaf == last_leaf, last_count, leaf_size)
            factor = share * load(parameters, base + strata + k * stratum_size, True, none)
            if gradients:
                slot = zero
                while slot < direct + moved_sums:
                    store(columns, begin + slot * every_lane + own, none, True)
                    slot += one
            state_p, state_q, state_moved = start_p, start_q, start_moved
            column_p, column_q = begin + own, begin + direct_q * every_lane + own
            column_moved = begin + direct * every_lane + own
            vectors = column_moved + moved_sums * every_lane
            memory = (parameters, columns)
            done = zero
            while done < run:
                here = again(base, done, nothing)
                stratum = here + strata + k * stratum_size
                at = (here + place_p, here + place_q, here + place_sp, here + place_sq)
                offsets = (
                    here + seen_p + k * count_p * seen,
                    here + seen_q + k * count_q * seen,
                    here + seen_sp + k * seen,
                    here + seen_sq + k * seen,
                )
                within = k + own_count * (start + done * width + part)
                valid = inside & (within < count)
                index = (first_leaf + leaf) * leaf_size + within
                z = draw(memory, vectors, index, stream, seed, sign)
                y = spread(memory, stratum + one, z)
                log_p, known_p = log_density_p(memory, at[0], offsets[0], count_p, y, z)
                log_q, known_q = log_density_q(memory, at[1], offsets[1], count_q, y, z)
                d = log_p - log_q
                # both densities are 0, far away from a component without weight
                value, slope = apply(select(d == d, d, none), weight_p, weight_q)
                store(kept, done * every_lane + own, select(valid, value * share, none), True)
                if has_control:
                    variate = control(memory, at, offsets, y, z) * share
                    column = (run + done) * every_lane + own
                    store(kept, column, select(valid, variate, none), True)
                if gradients:
                    own_factor = select(valid, slope * factor, none)
                    point, g = (y, z), begin_pull(memory, z)
                    place = (column_p, at[0], offsets[0], count_p)
                    state_p, g = add_p(
                        memory, place, point, (log_p, known_p), own_factor, state_p, g
                    )
                    place = (column_q, at[1], offsets[1], count_q)
                    state_q, g = add_q(
                        memory, place, point, (log_q, known_q), own_factor, state_q, g
                    )
                    state_moved = move(columns, column_moved, state_moved, g, z)
                done += one
            keep_p(columns, column_p, state_p)
            keep_q(columns, column_q, state_q)
            keep_moved(columns, column_moved, state_moved)
            barrier()
            where = (tile, tiles, leaves_at_once, group * leaves_at_once, leaves, pair * leaves)
            sizes = (run, halves, block_chunks, leaf_chunks, strata_at_once, own_count, direct)
            last = (last_leaf, last_whole, last_rest, rounds)
            combine((kept, columns, units, moments, sums, carried), begin, where, sizes, last)
            barrier()
            tile += one

    return samples


@cache
def kernel_of(v: Variant) -> Kernel:
    """Return what can be launched."""
    T, count, number = Pointer(v.T), np.int64, Pointer(np.float64)
    return Kernel(
        v.name,
        lambda: make(v),
        (
            T,
            Pointer(np.int64),
            number,
            number,
            T,
            T,
            *(count,) * 34,
            np.uint32,
            np.uint64,
            *(v.T,) * 3,
            np.int64,
        ),
        lanes=LANES,
        blocks_per_processor=v.blocks,
        vector_loads=False,
        wide_sums=True,
    )
