"""Sums of a loss over many steps: sum of first_i + weight * second_i, of first_i, and of recorded * second_i.

A second term may be a number common to all rows. Each of a block's lanes has sums of its own, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer
from ..prims import lane, load, store
from ..sums import adding, total_of
from .elements import LANES, NAMES

Array = Any
SLOTS = LANES
"""Sums of each term."""


def _make(T: Any) -> Callable[..., None]:
    add, start, nothing = adding(2).add, (T(0),) * 4, T(0)
    lanes, zero, no_number, two = np.int64(LANES), np.int64(0), np.float64(0), np.int64(2)

    def tally(
        first: Any, second: Any, number: Any, sums: Any,
        rows: Any, has_second: Any, has_number: Any, weight: Any, recorded: Any,
    ) -> None:  # fmt: skip
        state = start
        row = lane()
        base = zero
        while base < rows:
            inside = row + base < rows
            one = load(first, row + base, inside, nothing)
            other = load(second, row + base, inside & (has_second > zero), nothing)
            state = add(state, (one, other))
            base += lanes
        by_first, by_second = total_of(state[0], state[2]), total_of(state[1], state[3])
        common = load(number, zero, has_number > zero, no_number)
        own_rows = np.float64((rows - lane() + lanes - np.int64(1)) // lanes)
        by_second = by_second + own_rows * common
        total = by_first + weight * by_second
        at = lane()
        store(sums, at, load(sums, at, True, no_number) + total, True)
        store(sums, at + lanes, load(sums, at + lanes, True, no_number) + by_first, True)
        last = at + two * lanes
        store(sums, last, load(sums, last, True, no_number) + recorded * by_second, True)

    return tally


@cache
def kernel_of(T: Any) -> Kernel:
    """Return what can be launched."""
    return Kernel(
        f"nn_tally_{NAMES[T]}",
        lambda: _make(T),
        (Pointer(T), Pointer(T), *(Pointer(np.float64),) * 2, *(np.int64,) * 3, *(np.float64,) * 2),
        lanes=LANES,
        vector_loads=False,
    )


def nn_tally(
    first: Array, second: Array | None, weight: float, recorded: float, sums: Array
) -> None:
    """Add a step's terms, one number a row each, to 3 `SLOTS` sums; `second` may have no axes, in float64."""
    number = second if second is not None and second.ndim == 0 else None
    rows = None if number is not None else second
    kernel_of(first.dtype.type)(
        1,
        first,
        rows,
        None if number is None else number.reshape(1),
        sums,
        len(first),
        int(rows is not None),
        int(number is not None),
        weight,
        recorded,
    )
