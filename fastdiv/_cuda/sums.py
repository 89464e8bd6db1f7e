"""What a phase of the rows' driver adds up: sums in two parts, the second what the first has rounded away.

A phase has a state of some numbers of type T for each lane, and functions of it:
    start           the state of no elements at all
    step            (row, state, a, b) -> state, with a vector of elements of each input
    merge           two states -> that of both, to the bit the same for either order
    finish          (options, wide, state) -> (row, wide): what the next phase has to know, in T and in float64
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from .prims import device, select
from .tuples import Tuple, Value, each2, each3, over


class Phase(NamedTuple):
    """One pass over a row, as the module says."""

    start: Tuple
    step: Any
    merge: Callable[..., Any]
    finish: Any = None


@device
def plus(a: Value, b: Value) -> Value:
    """Return the rounded sum."""
    return a + b


@device
def lost(a: Value, b: Value, total: Value) -> Value:
    """Return what a + b has rounded away (D. E. Knuth, The Art of Computer Programming, vol. 2, 4.2.2, theorem B)."""
    part = total - a
    return (a - (total - part)) + (b - part)


@cache
def adding(count: int) -> SimpleNamespace:
    """Return functions of states of `count` sums: first all of their high parts, then the low ones."""
    plus_each, lost_each = each2(count, plus), each3(count, lost)

    @device
    def add(state: Tuple, terms: Tuple) -> Tuple:
        high, low = state[:count], state[count:]
        total = plus_each(high, terms)
        return total + plus_each(low, lost_each(high, terms, total))

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        high, other = a[:count], b[:count]
        total = plus_each(high, other)
        low = plus_each(a[count:], b[count:])
        return total + plus_each(low, lost_each(high, other, total))

    return SimpleNamespace(add=add, merge=merge)


_ZERO = np.float64(0)


@device
def total_of(high: Value, low: Value) -> Value:
    """Return a sum in float64. Past infinity what was rounded away is NaN."""
    total, rest = np.float64(high), np.float64(low)
    return select(total - total == _ZERO, total + rest, total)


def summed(
    T: Any, count: int, vector: int, terms: Callable[..., Any], finish: Callable[..., Any]
) -> Phase:
    """Return a phase that adds up `terms(row, x, y)`, a tuple of `count` numbers of each element."""
    zeros = (T(0),) * count
    own = adding(count)
    add, plus_each = own.add, each2(count, plus)

    @device
    def add_terms(row: Tuple, total: Tuple, a: Value, b: Value) -> Tuple:
        return plus_each(total, terms(row, a, b))

    if vector == 1:

        @device
        def total_of_vector(row: Tuple, a: Tuple, b: Tuple) -> Tuple:
            return terms(row, a[0], b[0])

    else:
        add_others = over(vector - 1, add_terms)

        @device
        def total_of_vector(row: Tuple, a: Tuple, b: Tuple) -> Tuple:
            return add_others(row, terms(row, a[0], b[0]), a[1:], b[1:])

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        return add(state, total_of_vector(row, a, b))

    return Phase(zeros + zeros, step, own.merge, finish)
