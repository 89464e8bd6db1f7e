"""Matrices by columns: a block has 8 vectors of 32 rows at a time, and adds columns up over as many rows as a tile has.

Sums are in two parts. The rows of a tile, its lanes and the tiles are merged in a fixed order: the same bits whatever
the number of columns. A matrix of one tile takes one launch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .. import _arrays
from .._kernel import Kernel, Pointer
from ..layout import ENOUGH_BLOCKS
from ..prims import barrier, block, device, lane, load, select, shared, shuffle_xor, store
from ..sums import adding, total_of
from ..teams import loading, storing
from ..tuples import Tuple, Value, choose, each2, each_with
from .elements import NAMES, memory_of, vector_of

Array = Any
LANES = 256
ACROSS = 8
"""Vectors of a row that a block has: 128 bytes."""
DOWN = LANES // ACROSS
"""Rows that it has at a time."""
TILE = 256
"""Rows of a tile: a lane adds up 8 of them."""
_WARPS = LANES // 32
_COLUMN, _ROW = np.int64(ACROSS - 1), np.int64(ACROSS.bit_length() - 1)


@device
def row_of_lane() -> Value:
    """Return which of the block's 32 rows the lane has."""
    return lane() >> _ROW


def tiles_of(rows: int) -> int:
    """Return how many tiles there are; an empty matrix has one, of zeros."""
    return max(1, -(-rows // TILE))


def stripes_of(columns: int, T: Any) -> int:
    """Return how many blocks have the columns."""
    return -(-columns // (ACROSS * vector_of(T)))


@cache
def merging(T: Any, count: int) -> Callable[[Tuple, Any], Tuple]:
    """Return a function that merges the states of a block's rows, column by column, for all its lanes."""
    merge, swap = adding(count).merge, each_with(2 * count, shuffle_xor)
    write, read = storing(2 * count), loading((T(0),) * (2 * count))
    apart = np.int64(_WARPS * ACROSS)
    in_warp, shift, half = np.int64(31), np.int64(5), np.int64(4 * ACROSS)

    @device
    def in_four(state: Tuple) -> Tuple:
        state = merge(state, swap(state, 8))
        return merge(state, swap(state, 16))

    @device
    def merge_rows(state: Tuple, exchange: Any) -> Tuple:
        own = in_four(state)
        place = (lane() >> shift) * np.int64(ACROSS) + (lane() & _COLUMN)
        write(exchange, place, apart, own, (lane() & in_warp) < np.int64(ACROSS))
        barrier()
        first = lane() & in_warp  # of the four warps' 32 states; the others follow
        return in_four(
            merge(read(exchange, first, apart, True), read(exchange, first + half, apart, True))
        )

    return merge_rows


def exchanged(count: int) -> int:
    """Return how many numbers `merging` needs in shared memory."""
    return _WARPS * ACROSS * 2 * count


def tile_sums(T: Any, term: Callable[..., Tuple], pairs: bool = False) -> Callable[..., None]:
    """Return a function that adds up a tile's columns and writes the sums: as results if the tile is all there is.

    Results are a number a column, or `pairs`: all first parts, then all second ones.
    `term(pointers, the row's begin, the vector's place, columns or 0 beyond the last row, common)` gives a vector.
    """
    vector = vector_of(T)
    own, merge_rows = adding(vector), merging(T, vector)
    start, add, exchange_size = (T(0),) * (2 * vector), own.add, exchanged(vector)
    write, nothing, chosen = memory_of(T, False).write, (T(0),) * vector, choose(vector, select)
    down, tile_rows, zero, one, two = (
        np.int64(DOWN),
        np.int64(TILE),
        np.int64(0),
        np.int64(1),
        np.int64(2),
    )

    @device
    def total(high: Value, low: Value) -> Value:
        return T(total_of(high, low))

    totals_of_pairs = each2(vector, total)

    @device
    def sum_tile(
        pointers: Any, common: Tuple, rows: Value, columns: Value, tile: Value, tiles: Value, at: Value,
        results: Any, partial: Any,
    ) -> None:  # fmt: skip
        exchange = shared(exchange_size, T)
        state = start
        row = tile * tile_rows + row_of_lane()
        limit = select(rows < tile_rows, rows, tile_rows)
        done = zero
        while done < limit:
            inside = row + done < rows
            terms = term(
                pointers, (row + done) * columns, at, select(inside, columns, zero), common
            )
            state = add(state, chosen(inside, terms, nothing))
            done += down
        state = merge_rows(state, exchange)
        first_row = row_of_lane() == zero
        only = select(first_row & (tiles == one), columns, zero)
        several = select(first_row & (tiles > one), columns, zero)
        highs, lows = state[:vector], state[vector:]
        if pairs:
            write(results, zero, at, only, highs)
            write(results, columns, at, only, lows)
        else:
            write(results, zero, at, only, totals_of_pairs(highs, lows))
        write(partial, tile * two * columns, at, several, highs)
        write(partial, (tile * two + one) * columns, at, several, lows)

    return sum_tile


@cache
def placing(T: Any) -> Callable[[Value], tuple[Value, Value]]:
    """Return a function of the columns: the lane's tile or group of rows, and the first column of its vector."""
    width, across = np.int64(vector_of(T)), np.int64(ACROSS * vector_of(T))

    @device
    def place(columns: Value) -> tuple[Value, Value]:
        stripes = (columns + across - np.int64(1)) // across
        group = block() // stripes
        return group, (block() - group * stripes) * across + (lane() & _COLUMN) * width

    return place


def _make_totals(T: Any, pairs: bool) -> Callable[..., None]:
    merge, merge_rows, exchange_size = adding(1).merge, merging(T, 1), exchanged(1)
    across, down, zero, two = np.int64(ACROSS), np.int64(DOWN), np.int64(0), np.int64(2)
    nothing = T(0)

    def totals(partial: Any, results: Any, tiles: Any, columns: Any) -> None:
        exchange = shared(exchange_size, T)
        column, tile = block() * across + (lane() & _COLUMN), row_of_lane()
        state = (nothing, nothing)
        done = zero
        while done < tiles:
            at, inside = (
                (done + tile) * two * columns + column,
                (column < columns) & (done + tile < tiles),
            )
            high = load(partial, at, inside, nothing)
            state = merge(state, (high, load(partial, at + columns, inside, nothing)))
            done += down
        state = merge_rows(state, exchange)
        mine = (column < columns) & (tile == zero)
        if pairs:
            store(results, column, state[0], mine)
            store(results, column + columns, state[1], mine)
        else:
            store(results, column, T(total_of(state[0], state[1])), mine)

    return totals


@cache
def totals_of(T: Any, pairs: bool) -> Kernel:
    """Return the kernel that adds up tiles: to a number a column, or to one in two parts, all first parts first."""
    return Kernel(
        f"nn_column_totals_{NAMES[T]}{'_pairs' if pairs else ''}",
        lambda: _make_totals(T, pairs),
        (Pointer(T), Pointer(T), np.int64, np.int64),
        lanes=LANES,
        vector_loads=False,
    )


def add_tiles(
    T: Any, partial: Array | None, results: Array, tiles: int, columns: int, pairs: bool
) -> None:
    """Launch what adds up tiles, if there are several."""
    if partial is not None:
        totals_of(T, pairs)(-(-columns // ACROSS), partial, results, tiles, columns)


def partial_sums(T: Any, tiles: int, columns: int) -> Array | None:
    """Return memory for the sums of several tiles."""
    return _arrays.empty(2 * tiles * columns, T) if tiles > 1 else None


def rows_at_once(rows: int, columns: int, T: Any) -> int:
    """Return how often a block that adds up nothing takes 32 rows: once while there are few blocks."""
    blocks = -(-rows // DOWN) * stripes_of(columns, T)
    return min(TILE // DOWN, max(1, blocks // (4 * ENOUGH_BLOCKS)))
