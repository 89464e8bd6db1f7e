"""JAX: one compiled function a work, waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from works import Array, Call

try:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
except ImportError:  # the column stays empty
    jax = jnp = None

Tensor = Any


def _normalized(weights: Tensor) -> Tensor:
    return weights / weights.sum(-1, keepdims=True)


def entropy(p: Tensor) -> Tensor:
    """Log of the sum, less the weighted logs."""
    total = p.sum(-1)
    return jnp.log(total) - (p * jnp.log(p)).sum(-1) / total


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Weighted logs of ratios; much quicker than `rel_entr`."""
    a, b = _normalized(p), _normalized(q)
    return (a * jnp.log(a / b)).sum(-1)


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Take logs of ratios to the mixture."""
    a, b = _normalized(p), _normalized(q)
    m = (a + b) / 2
    return ((a * jnp.log(a / m)).sum(-1) + (b * jnp.log(b / m)).sum(-1)) / 2


def js_divergence_gradients(p: Tensor, q: Tensor) -> tuple[Tensor, ...]:
    """Differences of logs, which are quicker to differentiate than ratios."""

    def divergence(p: Tensor, q: Tensor) -> Tensor:
        a, b = _normalized(p), _normalized(q)
        log_m = jnp.log((a + b) / 2)
        own, other = ((x * (jnp.log(x) - log_m)).sum(-1) for x in (a, b))
        return (own + other) / 2

    value, backward = jax.vjp(divergence, p, q)
    return value, *backward(jnp.ones_like(value))


def mutual_information(table: Tensor) -> Tensor:
    """Entropies of the marginals less that of the table, from unnormalised weights."""
    x, y = table.sum(2), table.sum(1)
    total = x.sum(-1)
    joint = (table * jnp.log(table)).sum((1, 2))
    marginals = ((weights * jnp.log(weights)).sum(-1) for weights in (x, y))
    return (joint - sum(marginals)) / total + jnp.log(total)


def pairwise_js_distance(p: Tensor, q: Tensor) -> Tensor:
    """Entropies of the mixtures, a row of p with all of q at a time."""
    a, b = _normalized(p), _normalized(q)
    own_a, own_b = ((x * jnp.log(x)).sum(-1) for x in (a, b))

    def mixed(row: Tensor) -> Tensor:
        mixture = row + b
        return (mixture * jnp.log(mixture)).sum(-1)

    divergence = (own_a[:, None] + own_b - jax.lax.map(mixed, a)) / 2 + np.log(2)
    return jnp.sqrt(jnp.maximum(divergence, 0)).astype(p.dtype)


def pairwise_kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Use a matrix product."""
    a, b = _normalized(p), _normalized(q)
    return (a * jnp.log(a)).sum(-1)[:, None] - a @ jnp.log(b).T


FORMULAS: dict[str, Callable[..., Any]] = {
    "entropy": entropy,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "js_divergence_gradients": js_divergence_gradients,
    "mutual_information": mutual_information,
    "pairwise_js_distance": pairwise_js_distance,
    "pairwise_kl_divergence": pairwise_kl_divergence,
}


@functools.cache
def _compiled(name: str) -> Callable[..., Any]:
    return jax.jit(FORMULAS[name])


def call(name: str, arrays: tuple[Array, ...]) -> Call | None:
    """Return the call on JAX arrays; its first run compiles."""
    if jax is None or name not in FORMULAS:
        return None
    function = _compiled(name)
    tensors = [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(function(*tensors))
