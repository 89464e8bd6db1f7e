"""References of distributions: mpmath and quadrature, slow and obvious.

Distributions are taken apart into weights, means and factors; nothing of the library computes. What is named after
a class is for one distribution, without a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from fastdiv.distributions import Mixture, MultivariateNormal, Normal

Array = NDArray[Any]
DIGITS = 60


@dataclass(frozen=True)
class Part:
    """A component: weight, mean vector, and a lower triangular factor of the covariance, of any number type."""

    weight: Any
    mean: Any
    factor: Any


def parts(d: Any) -> list[Part]:
    """Return the components of a distribution; one of weight 1 if it is no mixture."""
    if not isinstance(d, Mixture):
        factor = np.diag(d.std) if isinstance(d, Normal) else d.scale_tril
        return [Part(1.0, np.asarray(d.mean, float), np.asarray(factor, float))]
    if d.weights is not None:
        raw = np.asarray(d.weights, float)
    else:
        raw = np.exp(np.asarray(d.logits, float) - np.max(d.logits))
    weights = raw / raw.sum()
    return [
        Part(weight, part.mean, part.factor)
        for k, weight in enumerate(weights)
        for part in parts(d.components[k])
    ]


# --- mpmath -----------------------------------------------------------------------------------------


def log_prob(d: Any, x: Array) -> mpf:
    """Log of the sum of w (2 pi)^(-D/2) |L|^-1 exp(-1/2 |L^-1 (x - mean)|^2)."""
    with mp.workdps(DIGITS):
        terms = []
        for part in parts(d):
            factor, size = mp.matrix(part.factor), len(part.mean)
            z: list[mpf] = []
            for i in range(size):
                known = mp.fsum(factor[i, j] * z[j] for j in range(i))
                z.append((mpf(float(x[i])) - mpf(part.mean[i]) - known) / factor[i, i])
            scale = mp.mpf(1)
            for i in range(size):
                scale *= factor[i, i]
            square = mp.fsum(entry**2 for entry in z)
            terms.append(
                mpf(part.weight) * mp.exp(-square / 2) / scale / mp.sqrt(2 * mp.pi) ** size
            )
        return mp.log(mp.fsum(terms))


def flat(d: Normal | MultivariateNormal) -> list[mpf]:
    """Return mean and std, or mean and the lower triangle row by row."""
    scale = d.std if isinstance(d, Normal) else d.scale_tril[np.tril_indices(d.mean.size)]
    return [mpf(float(x)) for x in (*d.mean, *scale)]


def _unflatten(kind: type, size: int, entries: Sequence[mpf]) -> tuple[Any, Any]:
    """Mean and factor, as matrices of mpmath."""
    mean, factor = mp.matrix(entries[:size]), mp.zeros(size)
    rows, columns = np.diag_indices(size) if kind is Normal else np.tril_indices(size)
    for i, j, entry in zip(rows, columns, entries[size:], strict=True):
        factor[int(i), int(j)] = entry
    return mean, factor


def _closed_kl(p: tuple[Any, Any], q: tuple[Any, Any]) -> mpf:
    """1/2 [tr(S_q^-1 S_p) - D + (m_p - m_q)^T S_q^-1 (m_p - m_q) - log |S_p| / |S_q|]."""
    (p_mean, p_factor), (q_mean, q_factor) = p, q
    size = len(p_mean)
    inverse = mp.inverse(q_factor * q_factor.T)
    product = inverse * (p_factor * p_factor.T)
    difference = p_mean - q_mean
    trace = mp.fsum(product[i, i] for i in range(size))
    logs = mp.fsum(mp.log(p_factor[i, i] / q_factor[i, i]) for i in range(size))
    return (trace - size + (difference.T * inverse * difference)[0]) / 2 - logs


def kl_divergence(p: Any, q: Any) -> mpf:
    """Return the divergence of normal distributions by the textbook's formula, with digits to spare."""
    with mp.workdps(DIGITS):
        return _closed_kl(
            _unflatten(type(p), p.mean.size, flat(p)), _unflatten(type(q), q.mean.size, flat(q))
        )


def kl_divergence_gradient(p: Any, q: Any, position: int) -> list[mpf]:
    """Gradient by the flat parameters of one argument: central differences with a relative step of 1e-20."""
    with mp.workdps(2 * DIGITS):
        arguments = [_unflatten(type(d), d.mean.size, flat(d)) for d in (p, q)]
        kind, entries = type((p, q)[position]), flat((p, q)[position])
        slopes = []
        for k, entry in enumerate(entries):
            step = mpf(10) ** -20 * (abs(entry) or 1)
            values = []
            for moved in (entry + step, entry - step):
                arguments[position] = _unflatten(
                    kind, p.mean.size, [*entries[:k], moved, *entries[k + 1 :]]
                )
                values.append(_closed_kl(arguments[0], arguments[1]))
            slopes.append((values[0] - values[1]) / (2 * step))
        return slopes


# --- quadrature, in 1 or 2 dimensions -----------------------------------------------------------------


def log_density(d: Any, x: Array) -> Array:
    """Log-density at x[..., D] in float64."""
    logs = []
    for part in parts(d):
        inverse = np.linalg.inv(part.factor)
        square = np.square((x - part.mean) @ inverse.T).sum(axis=-1)
        constant = np.log(np.diag(part.factor)).sum() + len(part.mean) / 2 * np.log(2 * np.pi)
        with np.errstate(divide="ignore"):
            logs.append(np.log(part.weight) - square / 2 - constant)
    return np.logaddexp.reduce(logs, axis=0)


def expectation(
    p: Any, f: Callable[[Array], Array], others: Sequence[Any] = (), points: int = 16
) -> Any:
    """Integral of p f over 12 standard deviations around p's components, by the trapezoidal rule.

    For smooth functions its error falls exponentially with the number of points to a standard deviation, the
    smallest of p and of the `others`, on which f depends.
    """
    axes = []
    for axis in range(len(parts(p)[0].mean)):
        spreads = [np.linalg.norm(part.factor[axis]) for part in parts(p)]
        narrow = min(
            abs(np.linalg.inv(part.factor)[:, axis]).max() ** -1
            for d in (p, *others)
            for part in parts(d)
        )
        low = min(part.mean[axis] - 12 * s for part, s in zip(parts(p), spreads, strict=True))
        high = max(part.mean[axis] + 12 * s for part, s in zip(parts(p), spreads, strict=True))
        axes.append(np.linspace(low, high, int((high - low) / narrow * points) + 2))
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    total: Any = 0.0
    for x in np.array_split(grid, 1 + len(grid) // 200_000):
        density = np.exp(log_density(p, x))
        x, density = x[density > 0], density[density > 0]
        values = f(x)
        total = total + cell * np.tensordot(density, values, axes=(0, 0))
    return total


def entropy_by_quadrature(p: Any) -> float:
    """-E log p."""
    return float(expectation(p, lambda x: -log_density(p, x)))


def kl_divergence_by_quadrature(p: Any, q: Any, points: int = 16) -> float:
    """E_p [log p - log q]."""
    return float(expectation(p, lambda x: log_density(p, x) - log_density(q, x), [q], points))


def js_divergence_by_quadrature(p: Any, q: Any, weight: float = 0.5) -> float:
    """Return w KL(p, m) + (1 - w) KL(q, m) with m = w p + (1 - w) q."""

    def log_mixture(x: Array) -> Array:
        logs = np.log(weight) + log_density(p, x), np.log1p(-weight) + log_density(q, x)
        return np.asarray(np.logaddexp(*logs))

    first = expectation(p, lambda x: log_density(p, x) - log_mixture(x), [q])
    second = expectation(q, lambda x: log_density(q, x) - log_mixture(x), [p])
    return float(weight * first + (1 - weight) * second)


def fisher_information_by_quadrature(
    d: Any, entries: Array, rebuild: Callable[[Array], Any], points: int = 16
) -> Array:
    """E [s s^T] with the score s by central differences; `rebuild` makes a distribution of flat parameters."""
    step = 1e-5
    moves = [(rebuild(entries + e), rebuild(entries - e)) for e in step * np.eye(len(entries))]

    def products(x: Array) -> Array:
        pairs = [(log_density(up, x), log_density(down, x)) for up, down in moves]
        s = np.stack([(up - down) / (2 * step) for up, down in pairs], axis=-1)
        return np.asarray(s[:, :, None] * s[:, None, :])

    return np.asarray(expectation(d, products, points=points))
