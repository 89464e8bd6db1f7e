"""What the lanes of a team do together: reduce states, read vectors of a row, keep them, write vectors.

Every function here is made for a layout, a type in memory and a type to compute in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from .layout import Layout
from .prims import (
    VECTOR_BYTES,
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


class Team(Protocol):
    """A layout of anything: how many lanes share it."""

    @property
    def team(self) -> int:
        """A power of two."""


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


def meeting(layout: Team, phase: Phase) -> Callable[..., Tuple]:
    """Return a function of a state, and of shared memory for blocks, after which `gathering` finds the team's."""
    count = len(phase.start)
    in_warp = butterfly(count, phase.merge, WARP)
    write, warps = storing(count), layout.team // WARP
    last_lane, shift, apart, zero = np.int64(WARP - 1), np.int64(5), np.int64(warps), np.int64(0)

    @device
    def meet_in_warp(state: Tuple, exchange: Any) -> Tuple:
        return in_warp(state)

    @device
    def meet_in_block(state: Tuple, exchange: Any) -> Tuple:
        own = in_warp(state)
        write(exchange, lane() >> shift, apart, own, (lane() & last_lane) == zero)
        barrier()
        return own

    return meet_in_warp if warps == 1 else meet_in_block


def gathering(layout: Team, phase: Phase) -> Callable[..., Tuple]:
    """Return a function of what `meeting` left that merges the states; a barrier follows before the next meeting."""
    count, warps = len(phase.start), layout.team // WARP
    across, read = butterfly(count, phase.merge, max(warps, 1)), loading(phase.start)
    last_warp, apart = np.int64(warps - 1), np.int64(warps)

    @device
    def gather_from_warp(state: Tuple, exchange: Any) -> Tuple:
        return state

    @device
    def gather_from_block(state: Tuple, exchange: Any) -> Tuple:
        return across(read(exchange, lane() & last_warp, apart, True))

    return gather_from_warp if warps == 1 else gather_from_block


def team_reduce(layout: Team, phase: Phase) -> Callable[..., Tuple]:
    """Return a function of a state, and of shared memory for blocks, that merges the team's for all its lanes."""
    meet, gather = meeting(layout, phase), gathering(layout, phase)

    @device
    def reduce_warp(state: Tuple, exchange: Any) -> Tuple:
        return meet(state, exchange)

    @device
    def reduce_block(state: Tuple, exchange: Any) -> Tuple:
        merged = gather(meet(state, exchange), exchange)
        barrier()
        return merged

    return reduce_warp if layout.team == WARP else reduce_block


def combine_slots(layout: Team, phase: Phase) -> Callable[..., Tuple]:
    """Return a function that merges partial states in memory, by all lanes of a team."""
    start, merge = phase.start, phase.merge
    read, reduce = loading(start), team_reduce(layout, phase)
    team, one, width = np.int64(layout.team), np.int64(1), np.int64(len(start))

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


def slots_combined(phase: Phase) -> Callable[..., Tuple]:
    """Return a function by which a warp merges the partial states of a row's chunks, always in the same order."""
    count = len(phase.start)
    start, merge = phase.start, phase.merge
    read, reduce = loading(start), butterfly(count, merge, WARP)
    warp, one, zero = np.int64(WARP), np.int64(1), np.int64(0)
    width, last_lane = np.int64(count), np.int64(WARP - 1)

    @device
    def combine(slots: Any, first: Value, chunks: Value) -> Tuple:
        state = start
        done = zero
        while done < chunks:
            slot = done + (lane() & last_lane)
            state = merge(state, read(slots, (first + slot) * width, one, slot < chunks))
            done += warp
        return reduce(state)

    return combine


def keeping_vectors(layout: Layout, S: Any) -> Callable[..., None]:
    """Return a function that writes the team's vectors of a step into shared memory, by 16 bytes a lane."""
    vector = VECTOR_BYTES // np.dtype(S).itemsize
    own, apart = np.int64(vector), np.int64(layout.team * vector)
    in_team = np.int64(layout.team - 1)

    def made(count: int) -> Callable[..., None]:
        @device
        def last(stage: Any, begin: Value, words: Tuple) -> None:
            at = begin + (lane() & in_team) * own
            store_vector(stage, at, at, at + own, words)

        if count == vector:
            return last
        rest = made(count - vector)

        @device
        def keep(stage: Any, begin: Value, words: Tuple) -> None:
            last(stage, begin, words[:vector])
            rest(stage, begin + apart, words[vector:])

        return keep

    return made(layout.vector)


def recalling_vectors(layout: Layout, S: Any) -> Callable[..., Tuple]:
    """Return a function that reads what `keeping_vectors` has written."""
    vector, other = VECTOR_BYTES // np.dtype(S).itemsize, S(0)
    own, apart = np.int64(vector), np.int64(layout.team * vector)
    in_team = np.int64(layout.team - 1)

    def made(count: int) -> Callable[..., Tuple]:
        @device
        def last(stage: Any, begin: Value) -> Tuple:
            at = begin + (lane() & in_team) * own
            return load_vector(stage, at, at, at + own, other)

        if count == vector:
            return last
        rest = made(count - vector)

        @device
        def recall(stage: Any, begin: Value) -> Tuple:
            return last(stage, begin) + rest(stage, begin + apart)

        return recall

    return made(layout.vector)


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
    vector = VECTOR_BYTES // np.dtype(word).itemsize
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

    read, write = _reading_vectors(count, vector, other), _writing_vectors(count, vector)
    return SimpleNamespace(
        read=read, write=write, widen=widen, narrow=narrow, others=(other,) * count
    )


def _reading_vectors(count: int, vector: int, other: Any) -> Callable[..., Tuple]:
    """Return a function that reads a row's next elements by 16 bytes at a time."""
    apart = np.int64(vector)

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return load_vector(pointer, begin + at, begin + at, begin + length, other)

    if count == vector:
        return last
    rest = _reading_vectors(count - vector, vector, other)

    @device
    def read(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return last(pointer, begin, at, length) + rest(pointer, begin, at + apart, length)

    return read


def _writing_vectors(count: int, vector: int) -> Callable[..., None]:
    apart = np.int64(vector)

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store_vector(pointer, begin + at, begin + at, begin + length, values)

    if count == vector:
        return last
    rest = _writing_vectors(count - vector, vector)

    @device
    def write(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store_vector(pointer, begin + at, begin + at, begin + length, values[:vector])
        rest(pointer, begin, at + apart, length, values[vector:])

    return write
