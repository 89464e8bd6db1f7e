"""fastdiv.nn.functional slowly and obviously: NumPy in float64, the same names and signatures.

Outputs that the caller gives are written to, in their own type, after everything has been read; so an output may be
an input's own memory here as there. Random numbers are those of fastdiv.random in the arguments' type.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdiv import random

Array = NDArray[Any]

ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")
CORRUPTIONS = ("mask", "gaussian", "salt_and_pepper")


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    t = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, t) / (1 + t)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def normal_cdf(x: Array) -> Array:
    """The normal distribution function: erfc(-x / sqrt(2)) / 2."""
    from scipy.special import ndtr

    return np.asarray(ndtr(x))


def activate(x: Array, activation: str) -> Array:
    """Return f(x)."""
    if activation == "identity":
        return x
    if activation == "relu":
        return np.maximum(x, 0)
    if activation == "tanh":
        return np.tanh(x)
    if activation == "sigmoid":
        return sigmoid(x)
    if activation == "softplus":
        return softplus(x)
    return x * normal_cdf(x)


def slope(saved: Array, activation: str) -> Array:
    """Return f'(x) of y = f(x), or, for gelu, of x."""
    if activation == "identity":
        return np.ones_like(saved)
    if activation == "relu":
        return np.where(saved > 0, 1.0, 0.0)
    if activation == "tanh":
        return (1 - saved) * (1 + saved)
    if activation == "sigmoid":
        return saved * (1 - saved)
    if activation == "softplus":
        return -np.expm1(-saved)
    return normal_cdf(saved) + saved * np.exp(-(saved**2) / 2) / np.sqrt(2 * np.pi)


def bias_activation(
    x: Array, bias: Array, activation: str, *, out: Array | None = None, pre: Array | None = None
) -> Array:
    before = wide(x) + wide(bias)
    result = write(out, activate(before, activation), x)
    if pre is not None:
        pre[...] = before
    return result


def bias_activation_backward(
    saved: Array,
    upstream: Array,
    activation: str,
    *,
    column_upstream: Array | None = None,
    out: Array | None = None,
    bias_gradient: Array | None = None,
) -> tuple[Array, Array]:
    total = wide(upstream) + (0 if column_upstream is None else wide(column_upstream))
    gradient = total * slope(wide(saved), activation)
    by_bias = write(bias_gradient, gradient.sum(axis=0), saved)
    return write(out, gradient, saved), by_bias


def bernoulli_nll(
    logits: Array,
    x: Array,
    *,
    gradient: Array | None = None,
    cotangent: float | Array = 1.0,
    out: Array | None = None,
) -> Array:
    logit, target = wide(logits), wide(x)
    values = (softplus(logit) - target * logit).sum(axis=1)
    if gradient is not None:
        gradient[...] = (sigmoid(logit) - target) * column(cotangent)
    return write(out, values, logits)


def gaussian_nll(
    mean: Array,
    x: Array,
    scale: float = 1.0,
    *,
    gradient: Array | None = None,
    cotangent: float | Array = 1.0,
    out: Array | None = None,
) -> Array:
    difference = wide(mean) - wide(x)
    terms = difference**2 / (2 * scale**2) + np.log(scale) + np.log(2 * np.pi) / 2
    if gradient is not None:
        gradient[...] = difference / scale**2 * column(cotangent)
    return write(out, terms.sum(axis=1), mean)


def gaussian_kl_draw(
    mean: Array,
    log_variance: Array,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    z: Array | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    m, v = wide(mean), wide(log_variance)
    noise = wide(random.normal(seed, mean.shape, offset, stream, mean.dtype))
    kl = (m**2 + np.expm1(v) - v).sum(axis=1) / 2
    return write(out, kl, mean), write(z, m + np.exp(v / 2) * noise, mean)


def gaussian_kl_draw_backward(
    mean: Array,
    log_variance: Array,
    upstream_z: Array,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    cotangent: float | Array = 1.0,
    mean_gradient: Array | None = None,
    log_variance_gradient: Array | None = None,
) -> tuple[Array, Array]:
    m, v, upstream, weight = wide(mean), wide(log_variance), wide(upstream_z), column(cotangent)
    noise = wide(random.normal(seed, mean.shape, offset, stream, mean.dtype))
    by_mean = upstream + weight * m
    by_log_variance = (upstream * noise * np.exp(v / 2) + weight * np.expm1(v)) / 2
    return (
        write(mean_gradient, by_mean, mean),
        write(log_variance_gradient, by_log_variance, mean),
    )


def corrupt(
    x: Array,
    kind: str,
    level: float,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    out: Array | None = None,
) -> Array:
    if kind == "gaussian":
        noise = random.normal(seed, x.shape, offset, stream, x.dtype)
        return write(out, wide(x) + level * wide(noise), x)
    u = wide(random.uniform(seed, x.shape, offset, stream, x.dtype))
    if kind == "mask":
        return write(out, np.where(u < level, 0, wide(x)), x)
    return write(out, np.where(u < level / 2, 0, np.where(u < level, 1, wide(x))), x)


def sparsity_penalty(
    activations: Array,
    sparsity: float = 0.05,
    *,
    gradient: Array | None = None,
    cotangent: float = 1.0,
) -> float:
    rho, mean = sparsity, wide(activations).mean(axis=0)
    with np.errstate(divide="ignore"):
        if gradient is not None:
            gradient[...] = ((1 - rho) / (1 - mean) - rho / mean) * cotangent / len(activations)
        kl = rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))
    return float(kl.sum())


def adam_step(
    parameters: Array,
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step: int,
    *,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> None:
    g = wide(gradient)
    m = beta1 * wide(first_moment) + (1 - beta1) * g
    v = beta2 * wide(second_moment) + (1 - beta2) * g**2
    first_moment[...], second_moment[...] = m, v
    corrected_m, corrected_v = m / (1 - beta1**step), v / (1 - beta2**step)
    parameters -= (learning_rate * corrected_m / (np.sqrt(corrected_v) + epsilon)).astype(
        parameters.dtype
    )


def wide(x: Any) -> Array:
    """Return a copy in float64."""
    return np.array(x, np.float64)


def column(cotangent: Any) -> Array:
    """Return a factor for each row."""
    return np.asarray(cotangent, np.float64).reshape(-1, 1)


def write(out: Array | None, values: Array, like: Array) -> Array:
    """Return the values in the output given, or in a new one of an argument's type."""
    if out is None:
        return np.asarray(values, like.dtype)
    out[...] = values
    return out
