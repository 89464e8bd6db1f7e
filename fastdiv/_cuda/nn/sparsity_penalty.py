"""The penalty that keeps hidden units quiet on average.

sum_j KL(rho | r_j) of two-way distributions, r_j the mean of column j
KL(rho | r) = rho phi(d / rho) + (1 - rho) phi(-d / (1 - rho)), d = r - rho, phi(y) = y - log(1 + y): both not negative
d/dr = (r - rho) / (r (1 - r))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .. import _arrays
from .._kernel import Kernel, Pointer
from ..layout import Layout
from ..math import constants, functions, ratios
from ..prims import block, device, divide, fma, lane, load, select, shared, store
from ..sums import Phase, adding, total_of
from ..teams import team_reduce
from ..tuples import Tuple, Value
from .columns import (
    LANES,
    add_tiles,
    partial_sums,
    placing,
    stripes_of,
    tile_sums,
    tiles_of,
)
from .elements import NAMES, all_aligned, flat, memory_of, suffix, vector_of

Array = Any
_c, _r = constants(np.float64), ratios(np.float64)
_zero, _one, _smallest = _c.ZERO, _c.ONE, _c.SMALLEST_REGULAR
_divide_out_known, _log_ratio_any = _r.divide_out_known, functions(np.float64).log_ratio_any
_START = (np.float64(0), np.float64(0))
_sums = adding(1)
_merge = _sums.merge
_reduce = team_reduce(
    Layout(LANES, LANES, chunked=False, vector=2), Phase(_START, _sums.add, _merge, _sums.add)
)
_EXCHANGED = 2 * LANES // 32


@device
def weighted_phi(p: Value, q: Value, q_minus_p: Value) -> Value:
    """Return p phi((q - p) / p) = (q - p) - p log(q / p), without cancellation where q is near p."""
    regular = (q > _smallest) & (q < _one)
    difference = select(regular, q_minus_p, _zero)
    k, _, _, s, z, tail = _divide_out_known(select(regular, q, p), p, difference)
    near = s * fma(-p * z, tail, q_minus_p)
    far = q_minus_p - p * _log_ratio_any(q, p)
    return select(regular & (k == _zero), near, far)


@device
def two_way_kl(rho: Value, mean: Value) -> Value:
    """Return the divergence of a column."""
    d = mean - rho
    return weighted_phi(rho, mean, d) + weighted_phi(_one - rho, _one - mean, -d)


def _make_sums(T: Any, aligned: bool) -> Callable[..., None]:
    read, place, nothing = memory_of(T, aligned).read, placing(T), (T(0),) * vector_of(T)

    @device
    def term(pointers: Any, begin: Value, at: Value, length: Value, common: Tuple) -> Tuple:
        return read(pointers[0], begin, at, length)

    sum_tile = tile_sums(T, term, pairs=True)

    def column_sums(
        x: Any, results: Any, partial: Any, rows: Any, columns: Any, tiles: Any
    ) -> None:
        tile, at = place(columns)
        sum_tile((x, x), nothing, rows, columns, tile, tiles, at, results, partial)

    return column_sums


def _make_penalty(T: Any) -> Callable[..., None]:
    lanes, zero, nothing = np.int64(LANES), np.int64(0), T(0)
    no_part = np.float64(0)

    def penalty(
        pairs: Any,
        gradient: Any,
        parts: Any,
        columns: Any,
        wanted: Any,
        rows: Any,
        rho: Any,
        factor: Any,
    ) -> None:
        exchange = shared(_EXCHANGED, np.float64)
        column = block() * lanes + lane()
        inside = column < columns
        high, low = (
            load(pairs, column, inside, nothing),
            load(pairs, column + columns, inside, nothing),
        )
        mean = divide(total_of(high, low), rows)
        slope = divide(mean - rho, mean * (_one - mean)) * factor
        store(gradient, column, T(slope), inside & (column < wanted))
        own = select(inside, two_way_kl(rho, mean), no_part)
        total = _reduce((own, no_part), exchange)
        store(parts, block(), total_of(total[0], total[1]), lane() == zero)

    return penalty


def _make_total() -> Callable[..., None]:
    lanes, zero, nothing = np.int64(LANES), np.int64(0), np.float64(0)

    def total(parts: Any, value: Any, count: Any) -> None:
        exchange = shared(_EXCHANGED, np.float64)
        state = _START
        at = zero
        while at < count:
            part = load(parts, at + lane(), at + lane() < count, nothing)
            state = _merge(state, (part, nothing))
            at += lanes
        state = _reduce(state, exchange)
        store(value, zero, total_of(state[0], state[1]), lane() == zero)

    return total


@cache
def sums_of(T: Any, aligned: bool) -> Kernel:
    """Return the kernel that adds up columns, each to a number in two parts."""
    return Kernel(
        f"nn_column_sums_{suffix(T, aligned)}",
        lambda: _make_sums(T, aligned),
        (*(Pointer(T),) * 3, *(np.int64,) * 3),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned,
    )


@cache
def kernel_of(T: Any) -> Kernel:
    """Return the kernel of columns' divergences: 256 of them are one part."""
    return Kernel(
        f"nn_sparsity_penalty_{NAMES[T]}",
        lambda: _make_penalty(T),
        (Pointer(T), Pointer(T), Pointer(np.float64), np.int64, np.int64, *(np.float64,) * 3),
        lanes=LANES,
        vector_loads=False,
    )


@cache
def total_kernel() -> Kernel:
    """Return the kernel that adds up parts."""
    arguments = (Pointer(np.float64), Pointer(np.float64), np.int64)
    return Kernel("nn_sparsity_penalty_total", _make_total, arguments, LANES, vector_loads=False)


def nn_sparsity_penalty(
    activations: Array, sparsity: float, cotangent: float, gradient: Array | None
) -> Array:
    """Compute the gradient of a column's entries; return the penalty as an array of no axes: nothing waits for it."""
    value = _arrays.empty(1, np.float64)
    T, (rows, columns) = activations.dtype.type, activations.shape
    if columns == 0:
        value[...] = 0
        return value.reshape(())
    tiles, pairs = tiles_of(rows), _arrays.empty(2 * columns, T)
    partial = partial_sums(T, tiles, columns)
    aligned = columns % vector_of(T) == 0 and all_aligned(activations)
    grid = tiles * stripes_of(columns, T)
    sums_of(T, aligned)(grid, flat(activations), pairs, partial, rows, columns, tiles)
    add_tiles(T, partial, pairs, tiles, columns, pairs=True)
    blocks = -(-columns // LANES)
    parts = value if blocks == 1 else _arrays.empty(blocks, np.float64)
    wanted = 0 if gradient is None else columns
    with np.errstate(all="ignore"):
        factor = np.float64(cotangent) / np.float64(rows)
    kernel_of(T)(blocks, pairs, gradient, parts, columns, wanted, rows, sparsity, factor)
    if blocks > 1:
        total_kernel()(1, parts, value, blocks)
    return value.reshape(())
