"""Divergence of Gaussians from the standard normal distribution, and a draw.

KL(N(m, e^v) | N(0, 1)) = 1/2 sum_j m_j^2 + e^{v_j} - 1 - v_j
z = m + e^{v / 2} xi, xi standard normal: the reparameterised draw
dL/dm = dL/dz + c m,   dL/dv = (dL/dz e^{v / 2} xi + c (e^v - 1)) / 2,   c the cotangent of the row's KL
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..logistic import exponentials
from ..math import constants, functions, tails
from ..prims import at_least, at_most, device, fma, select
from ..tuples import Tuple, Value
from .rows import Noise, Pass, run

Array = Any
_half = np.float64(0.5)


@cache
def expm1_and_rest(T: Any) -> Callable[[Value], tuple[Value, Value]]:
    """Return a function that returns exp(x) - 1, and exp(x) - 1 - x, which is never negative.

    Where they are small: g(2 h) = expm1(h)^2 + 2 g(h) has no negative terms, and is used twice, from |x| / 4 on.
    """
    infinity, quarter = constants(T).INFINITY, T(0.25)
    nearest = T(1.386)  # 4 times what the exponential's tail is fitted for
    exp_tail, expm1 = tails(T).exp_tail, exponentials(T).expm1

    @device
    def both(x: Value) -> tuple[Value, Value]:
        near = at_most(at_least(x, -nearest), nearest)
        h = near * quarter
        rest = exp_tail(h) * (h * h)
        e = h + rest
        for _ in range(2):
            rest = fma(e, e, rest + rest)
            h = h + h
            e = h + rest
        is_near = near == x
        far = expm1(x)
        far_rest = select(x == infinity, x, far - x)
        return select(is_near, e, far), select(is_near, rest, far_rest)

    return both


@device
def _no_constants(scale: Value, factor: Value) -> Tuple:
    return (factor,)


@device
def _halved(scale: Value, constant: Value, total: Value) -> Value:
    return total * _half


@cache
def make(T: Any) -> Pass:
    """Return the pass forward."""
    exp, half, both = functions(T).exp, constants(T).HALF, expm1_and_rest(T)

    @device
    def apply(row: Tuple, mean: Value, log_variance: Value, unused: Value, noise: Value) -> Tuple:
        drawn = fma(exp(log_variance * half), noise, mean)
        _, rest = both(log_variance)
        return fma(mean, mean, rest), drawn, drawn

    name, padding = "nn_gaussian_kl_draw", (0.0, 0.0, 0.0)
    return Pass(name, T, padding, 2, 1, apply, _no_constants, _halved, draws=True)


@cache
def make_backward(T: Any) -> Pass:
    """Return the pass backward."""
    exp, half, both = functions(T).exp, constants(T).HALF, expm1_and_rest(T)

    @device
    def apply(row: Tuple, mean: Value, log_variance: Value, upstream: Value, noise: Value) -> Tuple:
        c = row[0]
        by_mean = fma(c, mean, upstream)
        moved = upstream * (exp(log_variance * half) * (half * noise))
        expm1, _ = both(log_variance)
        return c, by_mean, fma(c * half, expm1, moved)

    name, padding = "nn_gaussian_kl_draw_backward", (0.0, 0.0, 0.0)
    return Pass(name, T, padding, 3, 2, apply, _no_constants, _halved, has_value=False, draws=True)


def nn_gaussian_kl_draw(
    mean: Array, log_variance: Array, seed: int, offset: int, stream: int, value: Array, z: Array
) -> None:
    """Compute the divergences and draw."""
    noise = Noise(seed, offset, stream)
    run(make(mean.dtype.type), (mean, log_variance), None, value, (z,), noise=noise)


def nn_gaussian_kl_draw_backward(
    mean: Array,
    log_variance: Array,
    upstream_z: Array,
    seed: int,
    offset: int,
    stream: int,
    cotangent: Array,
    mean_gradient: Array,
    log_variance_gradient: Array,
) -> None:
    """Compute both gradients, the noise drawn again."""
    run(
        make_backward(mean.dtype.type),
        (mean, log_variance, upstream_z),
        cotangent,
        None,
        (mean_gradient, log_variance_gradient),
        noise=Noise(seed, offset, stream),
    )
