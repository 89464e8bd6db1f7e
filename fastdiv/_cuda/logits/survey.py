"""The first look at rows of logits: the largest ones, normalisers relative to them, and what makes values NaN.

Of one row: its largest logit, NaN if there is one. Of two rows: of each its largest logit m, the sum of
exp((x - m) / T), and the other row's logit there; and whether q = 0 < p somewhere. Sums are rescaled when a larger
logit comes, so that the row is read once. They give the shift between two rows; float32 takes the hardware's
exponentials for them, as later sums find what the shift is off by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import any_lane, device, divide, exp2_approximate, largest, select
from ..sums import Phase
from ..tuples import Tuple, Value, over

_LOG2E = 1.4426950408889634


def initial_of(T: Any, temperature_of: Callable[..., Value]) -> Callable[..., Any]:
    """Return what the survey has to know: the factor of a difference of logits that `power_of` takes."""
    unit = np.float64(_LOG2E if T is np.float32 else 1.0)
    zero = np.float64(0)

    @device
    def initial(options: Tuple) -> Any:
        return (T(divide(unit, temperature_of(options))),), (zero,)

    return initial


def power_of(T: Any) -> Callable[[Value], Value]:
    """Return the exponential of what has been multiplied by the factor."""
    return exp2_approximate if T is np.float32 else functions(T).exp


def surveying_one(T: Any, vector: int, finish: Callable[..., Any]) -> Phase:
    """Return the phase of one row: the largest logit, NaN if there is one."""
    least = T(-np.inf)

    @device
    def larger(row: Tuple, found: Value, a: Value, b: Value) -> Value:
        return largest(found, a)

    larger_of = over(vector, larger)

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        return (larger_of(row, state[0], a, b),)

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        return (largest(a[0], b[0]),)

    return Phase((least,), step, merge, finish)


def surveying_two(T: Any, vector: int, finish: Callable[..., Any]) -> Phase:
    """Return the phase of two rows: (m, sum, other) of both, 1 if q = 0 < p, and the factor."""
    c, power = constants_of(T), power_of(T)
    zero, one, least, lowest = c.ZERO, c.ONE, -c.INFINITY, -c.LARGEST

    @device
    def larger(row: Tuple, found: Value, a: Value, b: Value) -> Value:
        return largest(found, a)

    @device
    def count(top_and_factor: Tuple, found: Tuple, a: Value, b: Value) -> Tuple:
        top, factor = top_and_factor
        total = found[0] + power((a - top) * factor)
        return total, select(a == top, b, found[1])

    @device
    def cover(row: Tuple, found: Value, a: Value, b: Value) -> Value:
        return select((b == least) & (a > least), one, found)

    @device
    def masked(row: Tuple, found: Value, a: Value, b: Value) -> Value:
        return found | (b == least)

    largest_of, counted, covered = over(vector, larger), over(vector, count), over(vector, cover)
    any_masked = over(vector, masked)

    @device
    def cover_vector(found: Value, a: Tuple, b: Tuple) -> Value:
        if any_lane(any_masked(a, False, a, b)):
            return covered(a, found, a, b)
        return found

    @device
    def advance(factor: Value, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        top = largest_of(state, state[0], a, b)
        found = counted((top, factor), (zero, state[2]), a, b)
        return top, state[1] * power((state[0] - top) * factor) + found[0], found[1]

    @device
    def merge_rows(factor: Value, a: Tuple, b: Tuple) -> Tuple:
        top = largest(a[0], b[0])
        first, second = a[1] * power((a[0] - top) * factor), b[1] * power((b[0] - top) * factor)
        both = select(a[2] > b[2], a[2], b[2])
        other = select(a[0] > b[0], a[2], select(b[0] > a[0], b[2], both))
        return top, first + second, other

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        first, second = advance(row[0], state[:3], a, b), advance(row[0], state[3:6], b, a)
        return first + second + (cover_vector(state[6], a, b), row[0])

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        factor = select(a[7] > b[7], a[7], b[7])  # lanes without elements have none
        first, second = merge_rows(factor, a[:3], b[:3]), merge_rows(factor, a[3:6], b[3:6])
        return first + second + (select(a[6] > b[6], a[6], b[6]), factor)

    # Not minus infinity: what is that far below it is 0, not NaN.
    nothing = (lowest, zero, least)
    return Phase((*nothing, *nothing, zero, zero), step, merge, finish)
