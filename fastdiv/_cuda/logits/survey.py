"""The first look at rows of logits: the largest ones, normalisers relative to them, and what makes values NaN.

Of one row: its largest logit m, how often it occurs (k), R = sum of exp((x - m) / T) of the others, and whether it has
a NaN. Of two rows: the same of both, each one's logit where the other is largest, and whether q = 0 < p somewhere.
Sums are rescaled when a larger logit comes. They give the shift between two rows; float32 takes the hardware's
exponentials for them, as later sums find what the shift is off by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import device, divide, exp2_approximate, select
from ..sums import Phase
from ..tuples import Tuple, Value, rotate

_LOG2E = 1.4426950408889634


def initial_of(T: Any, temperature_of: Callable[..., Value]) -> Callable[..., Any]:
    """Return what the survey has to know: the factor of a difference of logits that `power_of` takes."""
    unit = np.float64(_LOG2E if T is np.float32 else 1.0)
    zero = np.float64(0)

    @device
    def initial(options: Tuple) -> Any:
        return (T(divide(unit, temperature_of(options))),), (zero,)

    return initial


def power_of(T: Any) -> Callable[[Value, Value], Value]:
    """Return a function of a difference of logits and the factor: the exponential; 0 of -inf and of NaN."""
    zero, exp = T(0), functions(T).exp

    @device
    def approximate(difference: Value, factor: Value) -> Value:
        return select(difference <= zero, exp2_approximate(difference * factor), zero)

    @device
    def accurate(difference: Value, factor: Value) -> Value:
        return select(difference <= zero, exp(difference * factor), zero)

    return approximate if T is np.float32 else accurate


def counting(T: Any, vector: int) -> tuple[Callable[..., Tuple], Callable[..., Tuple]]:
    """Return `advance` and `merge` of one row's (m, k, R, the other row's logit at m)."""
    c, power = constants_of(T), power_of(T)
    zero, one, least = c.ZERO, c.ONE, T(-np.inf)

    @device
    def lower(state: Tuple, top: Value, factor: Value) -> Tuple:
        """Return a state relative to a logit that is as large or larger."""
        largest, count, rest, other = state
        falls = top > largest
        rest = select(falls, (rest + count) * power(largest - top, factor), rest)
        return top, select(falls, zero, count), rest, select(falls, least, other)

    @device
    def largest_of(a: Tuple) -> Value:
        top = a[0]
        for _ in range(vector):
            top = select(a[0] > top, a[0], top)
            a = rotate(a)
        return top

    @device
    def advance(factor: Value, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        top = largest_of(a)
        largest, count, rest, other = lower(state, select(top > state[0], top, state[0]), factor)
        for _ in range(vector):
            is_largest = (a[0] == largest) & (a[0] > least)
            count = count + select(is_largest, one, zero)
            rest = rest + select(is_largest, zero, power(a[0] - largest, factor))
            other = select(is_largest & (b[0] > other), b[0], other)
            a, b = rotate(a), rotate(b)
        return largest, count, rest, other

    @device
    def merge(factor: Value, a: Tuple, b: Tuple) -> Tuple:
        top = select(a[0] > b[0], a[0], b[0])
        first, second = lower(a, top, factor), lower(b, top, factor)
        other = select(first[3] > second[3], first[3], second[3])
        return top, first[1] + second[1], first[2] + second[2], other

    return advance, merge


def surveying_one(T: Any, vector: int, finish: Callable[..., Any]) -> Phase:
    """Return the phase of one row: the largest logit, and 1 if there is a NaN."""
    zero, one, least = T(0), T(1), T(-np.inf)

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        largest, missing = state
        for _ in range(vector):
            largest = select(a[0] > largest, a[0], largest)
            missing = select(a[0] == a[0], missing, one)
            a = rotate(a)
        return largest, missing

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        return select(a[0] > b[0], a[0], b[0]), select(a[1] > b[1], a[1], b[1])

    return Phase((least, zero), step, merge, finish)


def surveying_two(T: Any, vector: int, finish: Callable[..., Any]) -> Phase:
    """Return the phase of two rows: (m, k, R, other) of both, 1 if there is a NaN, 1 if q = 0 < p, and the factor."""
    advance, merge_rows = counting(T, vector)
    zero, one, least = T(0), T(1), T(-np.inf)

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        factor = row[0]
        first, second = advance(factor, state[:4], a, b), advance(factor, state[4:8], b, a)
        missing, uncovered = state[8], state[9]
        for _ in range(vector):
            missing = select((a[0] == a[0]) & (b[0] == b[0]), missing, one)
            uncovered = select((b[0] == least) & (a[0] > least), one, uncovered)
            a, b = rotate(a), rotate(b)
        return first + second + (missing, uncovered, factor)

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        factor = select(a[10] > b[10], a[10], b[10])  # lanes without elements have none
        first, second = merge_rows(factor, a[:4], b[:4]), merge_rows(factor, a[4:8], b[4:8])
        missing, uncovered = select(a[8] > b[8], a[8], b[8]), select(a[9] > b[9], a[9], b[9])
        return first + second + (missing, uncovered, factor)

    nothing = (least, zero, zero, least)
    return Phase((*nothing, *nothing, zero, zero, zero), step, merge, finish)
