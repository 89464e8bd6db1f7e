"""What the lanes of a team do together: reduce states, read vectors of a row, keep them, write vectors.

Every function here is made for a layout, a type in memory and a type to compute in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .layout import Layout
from .prims import (
    barrier,
    device,
    lane,
    load,
    load_vector,
    narrow_bfloat16,
    narrow_half,
    shuffle_xor,
    store,
    store_vector,
    widen_bfloat16,
    widen_half,
)
from .sums import Phase
from .tuples import Tuple, Value, each, each_with

WARP = 32


@device
def same(x: Value) -> Value:
    """Return x."""
    return x


@cache
def butterfly(count: int, merge: Callable[[Tuple, Tuple], Tuple], lanes: int) -> Any:
    """Return a function of a state that merges those of so many neighbouring lanes, a power of two."""
    exchange = each_with(count, shuffle_xor)
    if lanes == 1:
        return same
    rest = butterfly(count, merge, lanes // 2)
    distance = lanes // 2

    @device
    def reduce(state: Tuple) -> Tuple:
        return rest(merge(state, exchange(state, distance)))

    return reduce


def storing(count: int) -> Callable[..., None]:
    """Return a function that writes a tuple into memory, `apart` elements between its entries."""
    if count == 1:

        @device
        def last(memory: Any, index: Value, apart: Value, values: Tuple, mask: Value) -> None:
            store(memory, index, values[0], mask)

        return last
    rest = storing(count - 1)

    @device
    def write(memory: Any, index: Value, apart: Value, values: Tuple, mask: Value) -> None:
        store(memory, index, values[0], mask)
        rest(memory, index + apart, apart, values[1:], mask)

    return write


def loading(others: Tuple) -> Callable[..., Tuple]:
    """Return a function that reads a tuple from memory; where the mask does not hold, `others`."""
    other = others[0]
    if len(others) == 1:

        @device
        def last(memory: Any, index: Value, apart: Value, mask: Value) -> Tuple:
            return (load(memory, index, mask, other),)

        return last
    rest = loading(others[1:])

    @device
    def read(memory: Any, index: Value, apart: Value, mask: Value) -> Tuple:
        return (load(memory, index, mask, other),) + rest(memory, index + apart, apart, mask)  # noqa: RUF005

    return read


def team_reduce(layout: Layout, phase: Phase) -> Callable[..., Tuple]:
    """Return a function of a state, and of shared memory for blocks, that merges the team's states for all its lanes."""
    count = len(phase.start)
    warps = layout.team // WARP
    in_warp = butterfly(count, phase.merge, WARP)
    if warps == 1:

        @device
        def reduce_warp(state: Tuple, exchange: Any) -> Tuple:
            return in_warp(state)

        return reduce_warp
    across = butterfly(count, phase.merge, warps)
    write, read = storing(count), loading(phase.start)
    last_lane, last_warp = np.int64(WARP - 1), np.int64(warps - 1)
    shift, apart = np.int64(5), np.int64(warps)

    @device
    def reduce_block(state: Tuple, exchange: Any) -> Tuple:
        own = in_warp(state)
        write(exchange, lane() >> shift, apart, own, (lane() & last_lane) == np.int64(0))
        barrier()
        parts = read(exchange, lane() & last_warp, apart, True)
        barrier()
        return across(parts)

    return reduce_block


def combine_slots(layout: Layout, phase: Phase) -> Callable[..., Tuple]:
    """Return a function that merges the partial states of a row's chunks, in an order that depends on nothing else."""
    count = len(phase.start)
    start, merge = phase.start, phase.merge
    read, reduce = loading(start), team_reduce(layout, phase)
    team, one = np.int64(layout.team), np.int64(1)
    width = np.int64(count)

    @device
    def combine(slots: Any, first: Value, chunks: Value, exchange: Any) -> Tuple:
        state = start
        done = np.int64(0)
        while done < chunks:
            slot = done + lane()
            state = merge(state, read(slots, (first + slot) * width, one, slot < chunks))
            done += team
        return reduce(state, exchange)

    return combine


def _scalars(count: int, other: Any) -> Callable[..., Tuple]:
    """Return a function that reads a row's next elements one by one."""

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return (load(pointer, begin + at, at < length, other),)

    if count == 1:
        return last
    rest = _scalars(count - 1, other)

    @device
    def read(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return last(pointer, begin, at, length) + rest(pointer, begin, at + np.int64(1), length)

    return read


def _store_scalars(count: int) -> Callable[..., None]:
    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store(pointer, begin + at, values[0], at < length)

    if count == 1:
        return last
    rest = _store_scalars(count - 1)

    @device
    def write(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store(pointer, begin + at, values[0], at < length)
        rest(pointer, begin, at + np.int64(1), length, values[1:])

    return write


NARROW = {"float16": (widen_half, narrow_half), "bfloat16": (widen_bfloat16, narrow_bfloat16)}


@cache
def vectors(layout: Layout, kind: str, aligned: bool, padding: float) -> SimpleNamespace:
    """Return `read` and `write` of a vector of a row, as stored, and `widen` and `narrow` to and from that.

    A kind is float32, float64, or float16 and bfloat16, which are stored as uint16. Rows that begin at a multiple of
    16 bytes move in whole vectors, others element by element: the same elements go to the same lanes.
    """
    count = layout.vector
    word = np.uint16 if kind in NARROW else np.dtype(kind).type
    infinite = {"float16": 0xFC00, "bfloat16": 0xFF80}
    other = word(infinite[kind]) if kind in NARROW and padding < 0 else word(padding)
    converts = kind in NARROW
    widen, narrow = (
        each(count, convert) if converts else same for convert in NARROW.get(kind, (same, same))
    )
    if not aligned:
        read, write = _scalars(count, other), _store_scalars(count)
        return SimpleNamespace(
            read=read, write=write, widen=widen, narrow=narrow, others=(other,) * count
        )

    @device
    def read_vector(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return load_vector(pointer, begin + at, begin, begin + length, other)

    @device
    def write_vector(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store_vector(pointer, begin + at, begin, begin + length, values)

    return SimpleNamespace(
        read=read_vector, write=write_vector, widen=widen, narrow=narrow, others=(other,) * count
    )
