"""The same minima without samples: divergences by quadrature, minimised by SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.stats import multivariate_normal

Array = NDArray[np.float64]

# The lecture's target: an equal mixture of two normal distributions.
MEANS = np.array([[0.0, 0.0], [1.0, 1.0]])
STDS = np.array([[0.25, 0.5], [0.25, 0.25]])

_NODES = np.linspace(-9, 9, 81)  # in standard deviations, along each axis


@dataclass(frozen=True)
class Minimum:
    """A normal distribution at which a divergence is least, and the divergence, in nats."""

    mean: Array
    covariance: Array
    divergence: float


def moments() -> Minimum:
    """Return the minimum of the forward KL in closed form: the target's mean and covariance."""
    mean = MEANS.mean(axis=0)
    spread = MEANS - mean
    covariance = np.diag((STDS**2).mean(axis=0)) + spread.T @ spread / len(MEANS)
    return Minimum(mean, covariance, divergence("forward_kl", mean, covariance))


def divergence(kind: str, mean: Array, covariance: Array) -> float:
    """Return a divergence of N(mean, covariance) and the target, by quadrature."""
    log_q = multivariate_normal(mean, covariance).logpdf
    scale = np.asarray(np.linalg.cholesky(covariance), np.float64)
    components = [np.diag(std) for std in STDS]

    def under_p(f: Any) -> float:
        pairs = zip(MEANS, components, strict=True)
        return float(np.mean([_expectation(f, center, scale) for center, scale in pairs]))

    def under_q(f: Any) -> float:
        return _expectation(f, mean, scale)

    def log_m(x: Array) -> Any:
        return np.logaddexp(_log_p(x), log_q(x)) - np.log(2)

    if kind == "forward_kl":
        return under_p(lambda x: _log_p(x) - log_q(x))
    if kind == "reverse_kl":
        return under_q(lambda x: log_q(x) - _log_p(x))
    own, other = under_p(lambda x: _log_p(x) - log_m(x)), under_q(lambda x: log_q(x) - log_m(x))
    return (own + other) / 2


def minimum(kind: str, near: Minimum, full: bool) -> Minimum:
    """Return the local minimum downhill of here, of any covariance or of a diagonal one."""

    def distribution(x: Array) -> tuple[Array, Array]:
        scale = np.diag(np.exp(x[2:4]))
        if full:
            scale[1, 0] = x[4]
        return x[:2], scale @ scale.T

    scale = np.linalg.cholesky(near.covariance)
    first = [*near.mean, *np.log(np.diag(scale)), *([scale[1, 0]] if full else [])]
    found = optimize.minimize(lambda x: divergence(kind, *distribution(x)), first, method="BFGS")
    mean, covariance = distribution(found.x)
    return Minimum(mean, covariance, float(found.fun))


def _log_p(x: Array) -> Any:
    logs = [
        multivariate_normal(mean, np.diag(std**2)).logpdf(x)
        for mean, std in zip(MEANS, STDS, strict=True)
    ]
    return np.logaddexp(*logs) - np.log(2)


def _expectation(f: Any, mean: Array, scale: Array) -> float:
    """Return E f(mean + scale z) of a standard normal z, by the trapezoidal rule.

    For smooth functions that vanish at both ends it converges faster than any power of the step.
    """
    weights = np.exp(-(_NODES**2) / 2)
    weights /= weights.sum()
    z = np.stack(np.meshgrid(_NODES, _NODES), axis=-1).reshape(-1, 2)
    return float(np.outer(weights, weights).ravel() @ f(mean + z @ scale.T))
