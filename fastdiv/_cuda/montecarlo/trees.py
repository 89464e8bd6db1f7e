"""From the sums of leaves to those of a run: moments join in a dyadic tree, gradients add up batch by batch.

As csrc/drivers/montecarlo/nodes.hpp and montecarlo.cpp. A node is kept where its first leaf was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer
from ..prims import barrier, block, device, lane, load, store
from ..teams import loading, storing
from ..tuples import Tuple

LANES = 256
SPAN_LEVEL = 10
"""A block joins all of 2^10 nodes that there are."""
_ZERO, _ONE, _FIVE, _EIGHT = np.int64(0), np.int64(1), np.int64(5), np.int64(8)
_NOTHING, _HALF, _TWO = np.float64(0), np.float64(0.5), np.float64(2)


def _make_join() -> Callable[..., None]:
    read, write = loading((_NOTHING,) * 5), storing(5)
    lanes, levels, two = np.int64(LANES), np.int64(SPAN_LEVEL), np.int64(2)
    last_nodes = np.int64(1 << (SPAN_LEVEL - 1))

    @device
    def join(a: Tuple, b: Tuple, share: Any) -> Tuple:
        """Return the moments of both, of as many observations each; not contracted."""
        f, ff, g, gg, fg = a
        other_f, other_ff, other_g, other_gg, other_fg = b
        df, dg = other_f - f, other_g - g
        return (
            f + other_f,
            (ff + other_ff) + df * df * share,
            g + other_g,
            (gg + other_gg) + dg * dg * share,
            (fg + other_fg) + df * dg * share,
        )

    def join_leaves(
        moments: Any,
        first: Any,
        end: Any,
        leaves: Any,
        strata: Any,
        level: Any,
        spans: Any,
        rounds: Any,
    ) -> None:
        pair = block() // spans
        # the first leaf of this block's nodes, counted as all leaves are
        span = ((first >> (level + levels)) + block() - pair * spans) << (level + levels)
        base = (pair * leaves - first) * strata
        width, nodes, share = _ONE << level, last_nodes, _HALF / rounds
        step = _ZERO
        while step < levels:
            done = _ZERO
            while done < nodes:
                number = done + lane()
                leaf = span + number * two * width
                inside = (number < nodes) & (leaf >= first) & (leaf + two * width <= end)
                k = _ZERO
                while k < strata:
                    at = (base + leaf * strata + k) * _FIVE
                    a = read(moments, at, _ONE, inside)
                    b = read(moments, at + width * strata * _FIVE, _ONE, inside)
                    write(moments, at, _ONE, join(a, b, share), inside)
                    k += _ONE
                done += lanes
            barrier()
            width, nodes, share = width * two, nodes // two, share * _HALF
            step += _ONE

    return join_leaves


def _make_add() -> Callable[..., None]:
    lanes = np.int64(LANES)

    def add_batches(
        sums: Any, batches: Any, size: Any, first: Any, end: Any, leaves: Any, first_group: Any, level: Any,
        count: Any, begin: Any, rounds: Any, blocks: Any,
    ) -> None:  # fmt: skip
        pair = block() // blocks
        item = (block() - pair * blocks) * lanes + lane()
        batch = item // size
        wanted = batch < count
        own = item - batch * size
        at = (pair * count + batch) * size + own
        total = load(batches, at, wanted, _NOTHING)
        base = (pair * leaves - first) * size + own
        width = _ONE << level
        turn = begin
        while turn < rounds:
            group = (first_group + turn * count + batch) << level
            done = _ZERO
            while done < width:
                leaf = group + done
                inside = wanted & (leaf >= first) & (leaf < end)
                total = total + load(sums, base + leaf * size, inside, _NOTHING)
                done += _ONE
            turn += _ONE
        store(batches, at, total, wanted)

    return add_batches


@cache
def join_kernel() -> Kernel:
    """Return what joins siblings."""
    kinds = (Pointer(np.float64), *(np.int64,) * 6, np.float64)
    return Kernel("montecarlo_join", _make_join, kinds, lanes=LANES, vector_loads=False)


@cache
def add_kernel() -> Kernel:
    """Return what adds the sums of leaves to those of batches."""
    kinds = (Pointer(np.float64), Pointer(np.float64), *(np.int64,) * 10)
    return Kernel("montecarlo_add_batches", _make_add, kinds, lanes=LANES, vector_loads=False)
