"""What the lanes of a team do together: they merge their states, and those that others left in memory.

Every function here is made for a layout, a type in memory and a type to compute in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np

from .prims import (
    barrier,
    device,
    lane,
    load,
    shuffle_xor,
    store,
)
from .sums import Phase
from .tuples import Tuple, Value, each_with

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
