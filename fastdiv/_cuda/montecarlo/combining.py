"""What the lanes of a block have summed, put together in the order of the CPU: lanes of 64 bytes, halves first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..prims import at_least, device, divide, fma, lane, load, select, shuffle_xor, store
from ..tuples import Tuple, Value
from .large import LANES

_ZERO, _ONE, _FOUR, _FIVE = np.int64(0), np.int64(1), np.int64(4), np.int64(5)
_LANES = np.int64(LANES)
_NOTHING, _LEAST = np.float64(0), np.float64(1)

# What kernels say of a tile, and of how it is cut.
TILE, TILES, LEAVES_AT_ONCE, FIRST_LEAF, LEAVES, PAIR = range(6)
RUN, HALVES, BLOCK_CHUNKS, LEAF_CHUNKS, STRATA_AT_ONCE, OWN_COUNT, DIRECT = range(7)


def folding(lanes: int) -> Callable[[Value], Value]:
    """Return a function that adds so many neighbouring lanes up, halves first."""

    @device
    def last(x: Value) -> Value:
        return x + shuffle_xor(x, 1)

    if lanes == 2:
        return last
    rest, half = folding(lanes // 2), lanes // 2

    @device
    def fold(x: Value) -> Value:
        return rest(x + shuffle_xor(x, half))

    return fold


def _of_moments(T: Any, control: bool, moved: int) -> Callable[..., None]:
    """Return a function that sums a tile's values, and their squares about the mean, of each stratum of each leaf."""
    parts = 64 // np.dtype(T).itemsize
    chunks, width, eight = np.int64(LANES // parts), np.int64(parts), np.int64(8)
    fold, three, seven, none = folding(8), np.int64(3), np.int64(7), T(0)
    moved_size = np.int64(moved + 1)

    @device
    def observation(kept: Any, slot: Value, column: Value, halves: Value, wanted: Value) -> Value:
        at = slot * _LANES + column
        first = load(kept, at, wanted, none)
        return np.float64(first + load(kept, at + width, wanted & (halves > _ONE), none))

    @device
    def pass_over(
        kept: Any, place: Tuple, sizes: Tuple, means: Tuple, n: Value, wanted: Value
    ) -> tuple[Value, Value, Value, Value, Value]:
        """Return sums of f, g, f^2, g^2 and f g, less the means, over a lane's share of the observations."""
        slot, part = place
        total_f, total_g = _NOTHING, _NOTHING
        total_ff, total_gg, total_fg = _NOTHING, _NOTHING, _NOTHING
        number, chunk = _ZERO, _ZERO
        while chunk < sizes[BLOCK_CHUNKS]:
            column = (slot * sizes[BLOCK_CHUNKS] + chunk) * width + part
            done = _ZERO
            while done < sizes[RUN]:
                behind = _ZERO
                while behind < width:
                    there = wanted & (number + part < n)
                    f = observation(kept, done, column + behind, sizes[HALVES], there)
                    f = select(there, f - means[0], _NOTHING)
                    total_f, total_ff = total_f + f, fma(f, f, total_ff)
                    if control:
                        g = observation(
                            kept, sizes[RUN] + done, column + behind, sizes[HALVES], there
                        )
                        g = select(there, g - means[1], _NOTHING)
                        total_g = total_g + g
                        total_gg, total_fg = fma(g, g, total_gg), fma(f, g, total_fg)
                    behind += eight
                    number += eight
                done += _ONE
            chunk += sizes[HALVES]
        return total_f, total_g, total_ff, total_gg, total_fg

    @device
    def combine(memory: Tuple, where: Tuple, sizes: Tuple, last: Tuple) -> None:
        kept, _columns, units, moments, sums, _carried = memory
        last_leaf, last_whole, last_rest, rounds = last
        slot, part = lane() >> three, lane() & seven
        exists = slot < sizes[STRATA_AT_ONCE]
        slot = select(exists, slot, _ZERO)
        entry = (where[TILE] * chunks + slot * sizes[BLOCK_CHUNKS]) * _FOUR
        k = load(units, entry, True, _ZERO)
        leaf = where[FIRST_LEAF] + load(units, entry + _ONE, True, _ZERO)
        wanted = exists & (k >= _ZERO) & (leaf < where[LEAVES])
        of_last = last_whole + select(k < last_rest, _ONE, _ZERO)
        n = select(leaf == last_leaf, of_last, rounds)
        count = at_least(np.float64(n), _LEAST)
        place, nowhere = (slot, part), (_NOTHING, _NOTHING)
        f, g, ff, gg, fg = pass_over(kept, place, sizes, nowhere, n, wanted)
        f, g = fold(f), fold(g)
        means = (divide(f, count), divide(g, count))
        _f, _g, ff, gg, fg = pass_over(kept, place, sizes, means, n, wanted)
        ff, gg, fg = fold(ff), fold(gg), fold(fg)
        writes = wanted & (part == _ZERO)
        at = ((where[PAIR] + leaf) * sizes[OWN_COUNT] + k) * _FIVE
        store(moments, at, f, writes)
        store(moments, at + _ONE, ff, writes)
        store(moments, at + _ONE + _ONE, g, writes)
        store(moments, at + three, gg, writes)
        store(moments, at + _FOUR, fg, writes)
        if moved:
            sums_size = sizes[DIRECT] + sizes[OWN_COUNT] * moved_size
            last_sum = sizes[DIRECT] + (k + _ONE) * moved_size - _ONE
            store(sums, (where[PAIR] + leaf) * sums_size + last_sum, f, writes)

    return combine


def _of_gradients(T: Any, moved: int) -> Callable[..., None]:
    """Return a function that adds up the columns of gradients."""
    parts = 64 // np.dtype(T).itemsize
    chunks, width, last_part = np.int64(LANES // parts), np.int64(parts), np.int64(parts - 1)
    bits, none, fold = np.int64(parts.bit_length() - 1), T(0), folding(parts)
    moved_sums, moved_size = np.int64(moved), np.int64(moved + 1 if moved else 0)

    @device
    def add_chunks(columns: Any, at: Value, count: Value, wanted: Value, total: Value) -> Value:
        chunk = _ZERO
        while chunk < count:
            total = total + load(columns, at + chunk * width, wanted, none)
            chunk += _ONE
        return total

    @device
    def of_densities(memory: Tuple, begin: Value, where: Tuple, sizes: Tuple) -> None:
        _kept, columns, _units, _moments, sums, carried = memory
        part, row = lane() & last_part, lane() >> bits
        sums_size = sizes[DIRECT] + sizes[OWN_COUNT] * moved_size
        leaf = _ZERO
        while leaf < where[LEAVES_AT_ONCE]:
            present = where[FIRST_LEAF] + leaf < where[LEAVES]
            done = _ZERO
            while done < sizes[DIRECT]:
                own = done + row
                wanted = present & (own < sizes[DIRECT])
                carry = ((where[PAIR] + where[FIRST_LEAF]) * sizes[DIRECT] + own) * width + part
                total = load(carried, carry, wanted & (where[TILE] > _ZERO), none)
                at = begin + own * _LANES + leaf * sizes[LEAF_CHUNKS] * width + part
                total = add_chunks(columns, at, sizes[LEAF_CHUNKS], wanted, total)
                is_last = where[TILE] + _ONE == where[TILES]
                store(carried, carry, total, wanted & (where[TILE] + _ONE < where[TILES]))
                whole = fold(np.float64(total))
                at_sum = (where[PAIR] + where[FIRST_LEAF] + leaf) * sums_size + own
                store(sums, at_sum, whole, wanted & is_last & (part == _ZERO))
                done += chunks
            leaf += _ONE

    @device
    def of_places(memory: Tuple, begin: Value, where: Tuple, sizes: Tuple) -> None:
        _kept, columns, units, _moments, sums, _carried = memory
        part, row = lane() & last_part, lane() >> bits
        sums_size = sizes[DIRECT] + sizes[OWN_COUNT] * moved_size
        slot = _ZERO
        while slot < sizes[STRATA_AT_ONCE]:
            entry = (where[TILE] * chunks + slot * sizes[BLOCK_CHUNKS]) * _FOUR
            k = load(units, entry, True, _ZERO)
            leaf = where[FIRST_LEAF] + load(units, entry + _ONE, True, _ZERO)
            present = (k >= _ZERO) & (leaf < where[LEAVES])
            done = _ZERO
            while done < moved_sums:
                own = done + row
                wanted = present & (own < moved_sums)
                at = (
                    begin
                    + (sizes[DIRECT] + own) * _LANES
                    + slot * sizes[BLOCK_CHUNKS] * width
                    + part
                )
                whole = fold(np.float64(add_chunks(columns, at, sizes[BLOCK_CHUNKS], wanted, none)))
                at_sum = (where[PAIR] + leaf) * sums_size + sizes[DIRECT] + k * moved_size + own
                store(sums, at_sum, whole, wanted & (part == _ZERO))
                done += chunks
            slot += _ONE

    @device
    def combine(memory: Tuple, begin: Value, where: Tuple, sizes: Tuple) -> None:
        of_densities(memory, begin, where, sizes)
        if moved:
            of_places(memory, begin, where, sizes)

    return combine


def combining(T: Any, control: bool, gradients: bool, moved: int) -> Callable[..., None]:
    """Return a function that writes a tile's moments and sums."""
    of_moments, of_gradients = _of_moments(T, control, moved), _of_gradients(T, moved)

    @device
    def combine(memory: Tuple, begin: Value, where: Tuple, sizes: Tuple, last: Tuple) -> None:
        of_moments(memory, where, sizes, last)
        if gradients:
            of_gradients(memory, begin, where, sizes)

    return combine
