"""Peers for whole fits: torch, eager, and JAX, its loop of steps compiled as one.

Both take the plain formulas that are quickest, draw the mixture half from each component as we do,
and differentiate what is needed alone: reverse KL by the reparameterised samples, forward KL by log q.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from peers_compiled import jax, jnp
from peers_eager import torch
from works import Array, Call

PEERS = ("torch", "JAX")


@dataclass(frozen=True, eq=False)
class Problem:
    """A mixture of two normal distributions with equal weights, where a fit begins, and its steps."""

    means: Array
    stds: Array
    start_mean: Array
    start_std: float
    rate: float
    steps: int
    samples: int

    def start(self) -> Array:
        """Return mean, log of the diagonal, and the entry below it: 5 numbers."""
        return np.array([*self.start_mean, *[math.log(self.start_std)] * 2, 0.0])


def _loss(xp: Any, kind: str, theta: Any, z: Any, p_samples: Any, log_p: Callable[..., Any]) -> Any:
    """Return the estimate, in the operations that torch and JAX share; log 2π drops out."""
    mean, logs, below = theta[:2], theta[2:4], theta[4]

    def log_q(x: Any) -> Any:
        u0 = (x[:, 0] - mean[0]) * xp.exp(-logs[0])
        u1 = (x[:, 1] - mean[1] - below * u0) * xp.exp(-logs[1])
        return -0.5 * (u0 * u0 + u1 * u1) - logs[0] - logs[1]

    def q_samples() -> Any:
        first = mean[0] + xp.exp(logs[0]) * z[:, 0]
        return xp.stack((first, mean[1] + below * z[:, 0] + xp.exp(logs[1]) * z[:, 1]), -1)

    if kind == "forward_kl":
        return (log_p(p_samples) - log_q(p_samples)).mean()
    x = q_samples()
    if kind == "reverse_kl":
        return (log_q(x) - log_p(x)).mean()
    own, other = log_p(p_samples) - log_q(p_samples), log_q(x) - log_p(x)
    half = math.log(0.5)
    of_p = -xp.logaddexp(half + 0 * own, half - own).mean()
    return (of_p - xp.logaddexp(half + 0 * other, half - other).mean()) / 2


def _result(theta: Array) -> tuple[Array, Array]:
    return theta[:2], np.array([[math.exp(theta[2]), 0], [theta[4], math.exp(theta[3])]])


# --- torch ----------------------------------------------------------------------------------------


def _torch(kind: str, problem: Problem, dtype: str) -> Call | None:
    if torch is None:
        return None
    options = {"dtype": getattr(torch, dtype)}
    means, stds = (torch.tensor(each, **options) for each in (problem.means, problem.stds))
    log_stds = stds.log().sum(-1)
    half = problem.samples // 2

    def log_p(x: Any) -> Any:
        u = (x[:, None] - means) / stds
        logs = -0.5 * (u * u).sum(-1) - log_stds
        return torch.logaddexp(logs[:, 0], logs[:, 1]) + math.log(0.5)

    def run() -> tuple[Array, Array]:
        generator = torch.Generator().manual_seed(1)
        theta = torch.tensor(problem.start(), **options, requires_grad=True)
        optimizer = torch.optim.Adam([theta], lr=problem.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, problem.steps)
        z = p_samples = None
        for _ in range(problem.steps):
            if kind != "forward_kl":
                z = torch.randn(problem.samples, 2, generator=generator, **options)
            if kind != "reverse_kl":
                normals = torch.randn(half, 2, 2, generator=generator, **options)
                p_samples = (means + stds * normals).reshape(-1, 2)
            optimizer.zero_grad()
            _loss(torch, kind, theta, z, p_samples, log_p).backward()
            optimizer.step()
            schedule.step()
        return _result(theta.detach().numpy())

    return run


# --- JAX ------------------------------------------------------------------------------------------


def _jax(kind: str, problem: Problem, dtype: str) -> Call | None:
    if jax is None:
        return None
    means, stds = (jnp.asarray(each, dtype) for each in (problem.means, problem.stds))
    start = jnp.asarray(problem.start(), dtype)
    fit = _jax_fit(kind, problem, dtype)
    return lambda: _result(np.asarray(fit(start, means, stds)))


def _jax_fit(kind: str, problem: Problem, dtype: str) -> Callable[..., Any]:
    half, steps = problem.samples // 2, problem.steps

    @jax.jit
    def fit(start: Any, means: Any, stds: Any) -> Any:
        def log_p(x: Any) -> Any:
            u = (x[:, None] - means) / stds
            logs = -0.5 * (u * u).sum(-1) - jnp.log(stds).sum(-1)
            return jnp.logaddexp(logs[:, 0], logs[:, 1]) + math.log(0.5)

        def step(t: Any, state: Any) -> Any:
            theta, m, v = state
            key = jax.random.fold_in(jax.random.key(1), t)
            first, second = jax.random.split(key)
            z = jax.random.normal(first, (problem.samples, 2), dtype)
            p_samples = (means + stds * jax.random.normal(second, (half, 2, 2), dtype)).reshape(
                -1, 2
            )
            loss = functools.partial(_loss, jnp, kind)
            gradient = jax.grad(loss)(theta, z, p_samples, log_p)
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            count = jnp.asarray(t + 1, dtype)
            rate = problem.rate * (1 + jnp.cos(math.pi * (count - 1) / steps)) / 2
            root = jnp.sqrt(v / (1 - 0.999**count)) + 1e-8
            return theta - rate * m / (1 - 0.9**count) / root, m, v

        zero = jnp.zeros_like(start)
        return jax.lax.fori_loop(0, steps, step, (start, zero, zero))[0]

    return fit


def call(library: str, kind: str, problem: Problem, dtype: str) -> Call | None:
    """Return a peer's fit, or None if it is not installed."""
    return {"torch": _torch, "JAX": _jax}[library](kind, problem, dtype)
