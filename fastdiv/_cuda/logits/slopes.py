"""Probabilities as gradients take them: in float32 right to a fraction of 1e-5, where values need 4 units.

The hardware's exponential is good enough. For q - p the larger logit is reduced by its row's largest one: that is
rounded, so that the difference has a relative error of 2^-23 |log(p / largest p)|, 8e-6 at most.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import polynomial
from ..prims import absolute, device, exp2_approximate, fma, select
from ..tuples import Tuple, Value
from .softmax import (
    INVERSE_TEMPERATURE,
    LARGEST_X,
    LARGEST_Y,
    MAGIC_X,
    REST_X,
    REST_Y,
    STEPS_LOW,
    STEPS_PER_UNIT,
    exponentials,
    softmax,
)

_NEAR = 0.125
"""In nats: closer p and q are compared by four terms of a series, which are right to 2e-6 there."""
_SERIES = (-1.0, 1 / 2, -1 / 6, 1 / 24)
"""Of (exp(-s) - 1) / s."""


@cache
def slopes(T: Any) -> SimpleNamespace:
    """Return `p_of` a moved logit, `difference`, q - p, of two and what they differ by in two parts."""
    return _quick() if T is np.float32 else _accurate(T)


def _accurate(T: Any) -> SimpleNamespace:
    s = softmax(T)
    compare, difference_of, apart = s.compare, s.difference_of, s.apart_behind_step

    @device
    def difference(row: Tuple, x: Value, y: Value, whole: Value, lost: Value) -> Value:
        return difference_of(compare(row, x, y, apart(row, whole, lost)))

    return SimpleNamespace(p_of=s.probability_x, difference=difference)


def _quick() -> SimpleNamespace:
    T = np.float32
    zero, one = constants_of(T).ZERO, constants_of(T).ONE
    near, quick = T(_NEAR), exponentials(T).quick
    series, apart = polynomial(tuple(map(T, _SERIES))), softmax(T).apart_behind_step

    @device
    def p_of(row: Tuple, x: Value) -> Value:
        return quick(row, x, row[MAGIC_X])

    @device
    def larger_of(row: Tuple, x: Value, y: Value, d: Value) -> Tuple:
        """Return whether q is larger, and the larger one."""
        of_q = d < zero
        below = select(of_q, y - row[LARGEST_Y], x - row[LARGEST_X])
        steps = fma(below, row[STEPS_LOW], select(of_q, row[REST_Y], row[REST_X]))
        return of_q, exp2_approximate(fma(below, row[STEPS_PER_UNIT], steps))

    @device
    def difference(row: Tuple, x: Value, y: Value, whole: Value, lost: Value) -> Value:
        d = apart(row, whole, lost)
        of_q, larger = larger_of(row, x, y, d)
        size = absolute(d)
        s = size * row[INVERSE_TEMPERATURE]
        far = exp2_approximate(-(size * row[STEPS_PER_UNIT])) - one
        change = select(s < near, s * series(s), far)
        return larger * select(of_q, -change, change)

    return SimpleNamespace(p_of=p_of, difference=difference, larger_of=larger_of)
