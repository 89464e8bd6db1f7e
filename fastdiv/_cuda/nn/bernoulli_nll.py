"""Negative log-likelihood of data in [0, 1] under logits.

-log p(x | l) = sum_j softplus(l_j) - x_j l_j, 0 <= x <= 1
With t = exp(-|l|), and w = 1 - x where l > 0, else x:   a term is |l| w + log(1 + t), a sum without cancellation
d/dl_j = sigmoid(l_j) - x_j:   1 - x - t / (1 + t) where l > 0, else t / (1 + t) - x
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..logistic import exponentials, signs
from ..math import constants
from ..prims import device, divide, select
from ..tuples import Tuple, Value
from .rows import Pass, run

Array = Any


@device
def prepare(scale: Value, factor: Value) -> Tuple:
    """Return the row's constants."""
    return (factor,)


@device
def finish(scale: Value, constant: Value, total: Value) -> Value:
    """Return the value of a row."""
    return total


@cache
def make(T: Any, outputs: int) -> Pass:
    """Return the pass, with the gradient or without."""
    c, e = constants(T), exponentials(T)
    zero, one, absolute = c.ZERO, c.ONE, signs(T).absolute
    exp_of_negative, log1p_of_fraction = e.exp_of_negative, e.log1p_of_fraction

    @device
    def apply(row: Tuple, logit: Value, x: Value, unused: Value, noise: Value) -> Tuple:
        magnitude = absolute(logit)
        t = exp_of_negative(-magnitude)
        positive = logit > zero
        w = select(positive, one - x, x)
        other = divide(t, t + one)
        slope = select(positive, w - other, other - w) * row[0]
        # inf 0 = 0
        term = select(w == zero, zero, magnitude * w) + log1p_of_fraction(t)
        return term, slope, slope

    padding = (float("-inf"), 0.0, 0.0)
    return Pass("nn_bernoulli_nll", T, padding, 2, outputs, apply, prepare, finish)


def nn_bernoulli_nll(
    logits: Array, x: Array, cotangent: Array, value: Array, gradient: Array | None
) -> None:
    """Compute the values, and the gradient times each row's cotangent."""
    outputs = () if gradient is None else (gradient,)
    run(make(logits.dtype.type, len(outputs)), (logits, x), cotangent, value, outputs)
