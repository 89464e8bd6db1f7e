"""Random numbers for vectors of elements, in registers: element e of a matrix has number `offset + e` of a stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..normal import numbers
from ..prims import device, select
from ..tuples import Tuple, Value, choose

_NO_BLOCK = np.uint32(0)


def in_step(T: Any, offset: int, columns: int) -> bool:
    """Whether each vector of a row of so many elements takes the numbers of one counter."""
    count = numbers(T).per_counter
    return offset % count == 0 and columns % count == 0


@cache
def drawing(T: Any, distribution: str, whole: bool) -> Callable[[Value, Value, Value], Tuple]:
    """Return a function of a number's place, a stream and a seed: as many numbers from there as are in 16 bytes.

    They are one counter's if they are drawn `whole`, else some of two.
    """
    draw, count = getattr(numbers(T), distribution), numbers(T).per_counter
    bits = count.bit_length() - 1
    shift, one, two, nothing = np.uint64(bits), np.uint64(1), np.uint64(2), np.uint64(0)

    @device
    def one_counter(place: Value, stream: Value, seed: Value) -> Tuple:
        return draw(place >> shift, _NO_BLOCK, stream, seed)

    if whole:
        return one_counter
    # Of two counters' numbers so many are needed once they have moved by one place.
    kept = 2 * count - 2
    by_one, by_two = choose(kept, select), choose(count, select)
    past, past_two = kept + 1, count + 2  # slices have constant ends

    @device
    def two_counters(place: Value, stream: Value, seed: Value) -> Tuple:
        index = place >> shift
        both = draw(index, _NO_BLOCK, stream, seed) + draw(index + one, _NO_BLOCK, stream, seed)
        moved = by_one((place & one) != nothing, both[1:past], both[:kept])
        if count == 2:
            return moved[:count]
        return by_two((place & two) != nothing, moved[2:past_two], moved[:count])

    return two_counters
