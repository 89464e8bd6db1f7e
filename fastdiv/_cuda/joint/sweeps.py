"""What lanes do with their part of a table: find it, read it, add up its columns and rows.

A place is (the table's first element, elements between rows, the lane's first row, the end of the rows, its first
column, columns). The part of a team that lies beside the table reads zeros, which count as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..prims import barrier, device, lane, select, shuffle_xor
from ..sums import adding
from ..teams import loading, storing
from ..tuples import Tuple, Value, each_with, rotate
from ..vectors import vectors
from .layout import LANES, WARP, Layout


@device
def times(a: Value, b: Value) -> Value:
    """Return the rounded product."""
    return a * b


def placing(layout: Layout) -> Callable[..., Tuple]:
    """Return a function of a table's or tile's first element, row and column that returns the lane's place."""
    across, group = layout.across, layout.group
    warp_shift, group_shift = np.int64(5), np.int64(group.bit_length() - 1)
    in_team, in_warp, in_group = np.int64(layout.team - 1), np.int64(WARP - 1), np.int64(group - 1)
    across_shift, in_across = np.int64(across.bit_length() - 1), np.int64(across - 1)
    rows_of_warp, strip, vector = (
        np.int64(WARP // group),
        np.int64(layout.strip),
        np.int64(layout.vector),
    )

    @device
    def place(
        base: Value, row_stride: Value, row: Value, end: Value, column: Value, ny: Value
    ) -> Tuple:
        member = lane() & in_team
        warp, own = member >> warp_shift, member & in_warp
        down = (warp >> across_shift) * rows_of_warp + (own >> group_shift)
        right = (warp & in_across) * strip + (own & in_group) * vector
        return base, row_stride, row + down, end, column + right, ny

    return place


@cache
def moving(layout: Layout, kind: str, aligned: bool) -> SimpleNamespace:
    """Return `read` and `write` of a lane's columns of a row: vectors, the group's width apart."""
    memory = vectors(layout, kind, aligned, 0.0)
    read_one, write_one = memory.read, memory.write
    apart, vector = np.int64(layout.group * layout.vector), layout.vector

    def reading(count: int) -> Callable[..., Tuple]:
        if count == 1:
            return read_one
        rest = reading(count - 1)

        @device
        def read(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
            return read_one(pointer, begin, at, length) + rest(pointer, begin, at + apart, length)

        return read

    def writing(count: int) -> Callable[..., None]:
        if count == 1:
            return write_one
        rest = writing(count - 1)

        @device
        def write(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
            write_one(pointer, begin, at, length, values[:vector])
            rest(pointer, begin, at + apart, length, values[vector:])

        return write

    return SimpleNamespace(read=reading(layout.vectors), write=writing(layout.vectors))


AT_ONCE = 4
"""Rows that are read before the first of them is added up: memory is far away."""


def finding(layout: Layout) -> Callable[..., Tuple]:
    """Return a function of a place and a step: the lane's row, and its length there."""
    rows, zero = np.int64(layout.rows), np.int64(0)

    @device
    def find(place: Tuple, step: Value) -> Tuple:
        row = place[2] + step * rows
        return row, select(row < place[3], place[5], zero)

    return find


@cache
def visiting(layout: Layout, kind: str, aligned: bool) -> Callable[..., Tuple]:
    """Return a function of a place and a step: the lane's entries of its row."""
    read, find = moving(layout, kind, aligned).read, finding(layout)

    @device
    def visit(table: Any, place: Tuple, step: Value) -> Tuple:
        row, length = find(place, step)
        return read(table, place[0] + row * place[1], place[4], length)

    return visit


@cache
def visiting_several(layout: Layout, kind: str, aligned: bool) -> Callable[..., Tuple]:
    """Return the same for some steps, a tuple of rows."""
    visit = visiting(layout, kind, aligned)

    def visiting_next(count: int) -> Callable[..., Tuple]:
        @device
        def last(table: Any, place: Tuple, step: Value) -> Tuple:
            return (visit(table, place, step),)

        if count == 1:
            return last
        rest, one = visiting_next(count - 1), np.int64(1)

        @device
        def several(table: Any, place: Tuple, step: Value) -> Tuple:
            return (visit(table, place, step),) + rest(table, place, step + one)  # noqa: RUF005

        return several

    return visiting_next(AT_ONCE)


@cache
def merging_lanes(count: int, distances: tuple[int, ...]) -> Callable[[Tuple], Tuple]:
    """Return a function that merges states of `count` sums between lanes so far apart, for all of them."""
    merge, exchange = adding(count).merge, each_with(2 * count, shuffle_xor)
    if not distances:

        @device
        def same(state: Tuple) -> Tuple:
            return state

        return same
    rest, distance = merging_lanes(count, distances[1:]), distances[0]

    @device
    def reduce(state: Tuple) -> Tuple:
        return rest(merge(state, exchange(state, distance)))

    return reduce


def _powers(first: int, end: int) -> tuple[int, ...]:
    """Return the powers of two from the first on, below the end."""
    return tuple(1 << k for k in range(first.bit_length() - 1, end.bit_length() - 1))


@cache
def merging_groups(layout: Layout, count: int) -> Callable[[Tuple], Tuple]:
    """Return a function that merges states of `count` sums along a row, in a warp."""
    return merging_lanes(count, _powers(1, layout.group))


@cache
def merging_rows(layout: Layout, T: Any, count: int) -> Callable[..., Tuple]:
    """Return a function that merges the states of lanes with the same columns, through shared memory for blocks.

    It takes 2 `count` numbers of each lane there.
    """
    in_warp = merging_lanes(count, _powers(layout.group, WARP))
    warps = layout.team // WARP // layout.across
    if warps == 1:

        @device
        def reduce_warp(state: Tuple, exchange: Any) -> Tuple:
            return in_warp(state)

        return reduce_warp
    merge, write, read = adding(count).merge, storing(2 * count), loading((T(0),) * (2 * count))
    apart, own, next_warp = (
        np.int64(LANES),
        np.int64(layout.across * WARP - 1),
        np.int64(layout.across * WARP),
    )

    @device
    def reduce_block(state: Tuple, exchange: Any) -> Tuple:
        write(exchange, lane(), apart, in_warp(state), True)
        barrier()
        at = lane() & own
        total = read(exchange, at, apart, True)
        for _ in range(warps - 1):
            at = at + next_warp
            total = merge(total, read(exchange, at, apart, True))
        barrier()
        return total

    return reduce_block


@cache
def folding(T: Any, count: int) -> Callable[[Tuple], Tuple]:
    """Return a function that adds up some numbers, in two parts."""
    add, nothing = adding(1).add, (T(0), T(0))

    @device
    def fold(values: Tuple) -> Tuple:
        state = nothing
        for _ in range(count):
            state = add(state, (values[0],))
            values = rotate(values)
        return state

    return fold


def summing_row(layout: Layout, T: Any) -> Callable[[Tuple], Tuple]:
    """Return a function of a lane's entries of a row: what its warp's strip of the row adds up to, in two parts."""
    fold, merge = folding(T, layout.columns), merging_groups(layout, 1)

    @device
    def add_up(values: Tuple) -> Tuple:
        return merge(fold(values))

    return add_up


def summing_columns(layout: Layout, T: Any, aligned: bool) -> Callable[..., Tuple]:
    """Return a function that adds up the lane's columns, times a factor, over its rows."""
    count = layout.columns
    visit, add = visiting_several(layout, np.dtype(T).name, aligned), adding(count).add
    zeros, zero, several = (T(0),) * (2 * count), np.int64(0), np.int64(AT_ONCE)
    scale_each = each_with(count, times)

    @device
    def sweep(table: Any, place: Tuple, steps: Value, factor: Value) -> Tuple:
        state = zeros
        step = zero
        while step < steps:
            rows = visit(table, place, step)
            for _ in range(AT_ONCE):
                state = add(state, scale_each(rows[0], factor))
                rows = rotate(rows)
            step += several
        return state

    return sweep
