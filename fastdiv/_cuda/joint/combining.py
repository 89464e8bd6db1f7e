"""The kernel that adds up what tiles leave of their table's marginals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..prims import barrier, block, device, lane, select, shared
from ..teams import loading, storing, team_reduce
from ..tuples import Tuple, Value, choose
from .conclusion import QUAD, sums
from .layout import LANES, WARP, Layout


def make_combine(T: Any, spread: int) -> Callable[..., None]:
    """Return the kernel that adds up the parts of marginals; so many lanes share an item's."""
    items_at_once, merge = np.int64(LANES // spread), sums(T, 2).merge
    shift, in_items = np.int64((LANES // spread).bit_length() - 1), np.int64(LANES // spread - 1)
    read, read_back, write = loading((T(0),) * QUAD), loading((T(0),) * QUAD), storing(QUAD)
    reduce = team_reduce(Layout(4, WARP, 1, 1, LANES, True), sums(T, 2))
    zeros, step, quad, one, zero = (
        (T(0),) * QUAD,
        np.int64(spread),
        np.int64(QUAD),
        np.int64(1),
        np.int64(0),
    )
    lanes, many = np.int64(LANES), spread > 1
    exchanged, keep = QUAD * LANES, choose(QUAD, select)

    @device
    def gather(exchange: Any, state: Tuple, item: Value) -> Tuple:
        write(exchange, lane(), lanes, state, True)
        barrier()
        total = zeros
        for k in range(spread):
            total = merge(total, read_back(exchange, item + k * items_at_once, lanes, True))
        barrier()
        return total

    def kernel(
        parts: Any, marginals: Any, totals: Any, items: Any, count: Any, blocks: Any, rounds: Any
    ) -> None:
        exchange = shared(exchanged, T)
        index = block() // blocks
        begin = (block() - index * blocks) * rounds * items_at_once
        own, first = lane() & in_items, lane() >> shift
        whole = zeros
        done = zero
        while done < rounds:
            item = begin + done * items_at_once + own
            state = zeros
            part = zero
            while part < count:
                place = part + first
                at = (index * quad * count + place) * items + item
                state = merge(
                    state, read(parts, at, count * items, (place < count) & (item < items))
                )
                part += step
            if many:
                state = gather(exchange, state, own)
            mine = (first == zero) & (item < items)
            write(marginals, (index * items + item) * quad, one, state, mine)
            whole = merge(whole, state)
            done += one
        kept = keep(first == zero, whole, zeros)  # others that share an item have its sum too
        write(totals, block() * quad, one, reduce(kept, exchange), lane() == zero)

    return kernel
