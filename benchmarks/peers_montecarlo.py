"""Peers for Monte Carlo estimates: torch.distributions with autograd, and JAX, compiled.

Both draw mixtures as we do, the same number from each component, and move the points with the parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from fastdiv.distributions import Mixture, Normal
from peers_compiled import jax, jnp
from peers_eager import torch
from works import Array, Call

PEERS = ("torch", "JAX")

# Mean and scale of p, then of q, each [K, ...]; which of both is diagonal.
Fields = tuple[Array, Array]


def _fields(d: Any) -> Fields:
    parts = d.components if isinstance(d, Mixture) else d
    scale = parts.std if isinstance(parts, Normal) else parts.scale_tril
    if isinstance(d, Mixture):
        return parts.mean, scale
    return parts.mean[np.newaxis], scale[np.newaxis]


# --- torch ----------------------------------------------------------------------------------------


def _torch_components(mean: Any, scale: Any) -> Any:
    of = torch.distributions
    if scale.ndim == mean.ndim:
        return of.Independent(of.Normal(mean, scale, validate_args=False), 1, validate_args=False)
    return of.MultivariateNormal(mean, scale_tril=scale, validate_args=False)


def _torch_mixture(parts: Any) -> Any:
    of = torch.distributions
    weights = of.Categorical(logits=torch.zeros_like(parts.mean[..., 0]))
    return of.MixtureSameFamily(weights, parts, validate_args=False)


def _torch(
    p: Fields, q: Fields, argnums: tuple[int, ...], samples: int, device: str = "cpu"
) -> Call | None:
    if torch is None:
        return None
    tensors = [[torch.tensor(array, device=device) for array in each] for each in (p, q)]
    wanted = [tensor for k in argnums for tensor in tensors[k]]
    for tensor in wanted:
        tensor.requires_grad_()
    each = samples // len(p[0])

    def run() -> Any:
        parts = [_torch_components(*each) for each in tensors]
        points = parts[0].rsample((each,)).flatten(0, 1)
        first, second = (
            _torch_mixture(each) if each.batch_shape[0] > 1 else each for each in parts
        )
        ratio = first.log_prob(points) - second.log_prob(points)
        value = ratio.mean()
        return value.detach(), *torch.autograd.grad(value, wanted)

    return run


# --- JAX ------------------------------------------------------------------------------------------


def _jax_log_density(mean: Any, scale: Any, x: Any) -> Any:
    """Return log p(x) of equal weights, without D/2 log 2π, with the inverses of the triangles at hand."""
    if scale.ndim == mean.ndim:
        u = (x[:, None] - mean) / scale
        logs = jnp.log(scale).sum(-1)
    else:
        unit = jnp.broadcast_to(jnp.eye(mean.shape[-1], dtype=mean.dtype), scale.shape)
        inverse = jax.scipy.linalg.solve_triangular(scale, unit, lower=True)
        u = jnp.einsum("kde,nke->nkd", inverse, x[:, None] - mean)
        logs = jnp.log(jnp.diagonal(scale, axis1=-2, axis2=-1)).sum(-1)
    each = -0.5 * (u * u).sum(-1) - logs
    return each[:, 0] if len(mean) == 1 else jax.nn.logsumexp(each, axis=-1) - np.log(len(mean))


@functools.cache
def _jax_function(argnums: tuple[int, ...], samples: int) -> Callable[..., Any]:
    def value(p: Any, q: Any, key: Any) -> Any:
        mean, scale = p
        z = jax.random.normal(key, (samples // len(mean), *mean.shape), mean.dtype)
        moved = z * scale if scale.ndim == mean.ndim else jnp.einsum("kde,nke->nkd", scale, z)
        x = (mean + moved).reshape(-1, mean.shape[-1])
        return (_jax_log_density(*p, x) - _jax_log_density(*q, x)).mean()

    def value_and_triangles(p: Any, q: Any, key: Any) -> Any:
        found, gradients = jax.value_and_grad(value, argnums)(p, q, key)
        return found, [
            array if array.ndim == 2 else jnp.tril(array) for pair in gradients for array in pair
        ]

    return jax.jit(value_and_triangles)


def _jax(
    p: Fields, q: Fields, argnums: tuple[int, ...], samples: int, device: str = "cpu"
) -> Call | None:
    if jax is None or device != "cpu":
        return None
    arguments = [tuple(map(jnp.asarray, each)) for each in (p, q)]
    function, key = _jax_function(argnums, samples), jax.random.key(1)

    def run() -> Any:
        value, gradients = function(*arguments, key)
        return jax.block_until_ready((value, *gradients))

    return run


def call(
    library: str, p: Any, q: Any, argnums: tuple[int, ...], samples: int, device: str = "cpu"
) -> Call | None:
    """Return a peer's call, or None if it is not installed."""
    make = {"torch": _torch, "JAX": _jax}[library]
    return make(_fields(p), _fields(q), argnums, samples, device)


def as_arrays(result: Any) -> tuple[Array, ...]:
    """Return value and gradients."""
    return tuple(np.tril(a) if a.ndim == 3 else a for a in map(np.asarray, result))
