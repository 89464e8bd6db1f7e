"""Negative log-likelihood of data under means.

-log p(x | m, s) = sum_j (x_j - m_j)^2 / (2 s^2) + log s + log(2 pi) / 2
d/dm_j = (m_j - x_j) / s^2
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..math import constants
from ..prims import at_least, at_most, device, divide, select
from ..tuples import Tuple, Value
from .rows import Pass, run

Array = Any
_HALF_LOG_TWO_PI = 0.91893853320467274
_two, _infinity = np.float64(2), np.float64(np.inf)


@device
def finish(scale: Value, constant: Value, total: Value) -> Value:
    """Return the value of a row's sum of squares."""
    return divide(divide(divide(total, scale), scale), _two) + constant


@cache
def make(T: Any, outputs: int) -> Pass:
    """Return the pass, with the gradient or without."""
    most = np.float64(np.finfo(T).max)
    zero = constants(T).ZERO

    @device
    def prepare(scale: Value, factor: Value) -> Tuple:
        # The square of a scale may leave the numbers' range, and where the mean is right infinity would give NaN.
        c = np.float64(factor)
        quotient = divide(divide(c, scale), scale)
        finite = (c > -_infinity) & (c < _infinity)
        return (T(select(finite, at_most(at_least(quotient, -most), most), quotient)),)

    @device
    def apply(row: Tuple, mean: Value, x: Value, unused: Value, noise: Value) -> Tuple:
        difference = mean - x
        slope = difference * row[0]
        return difference * difference, slope, slope

    padding = (float(zero),) * 3
    return Pass("nn_gaussian_nll", T, padding, 2, outputs, apply, prepare, finish)


def nn_gaussian_nll(
    mean: Array, x: Array, scale: float, cotangent: Array, value: Array, gradient: Array | None
) -> None:
    """Compute the values, and the gradient times each row's cotangent."""
    outputs = () if gradient is None else (gradient,)
    constant = mean.shape[1] * (math.log(scale) + _HALF_LOG_TWO_PI)
    own = make(mean.dtype.type, len(outputs))
    run(own, (mean, x), cotangent, value, outputs, scale=scale, constant=constant)
