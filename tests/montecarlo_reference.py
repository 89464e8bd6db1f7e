"""The Monte Carlo estimator in plain NumPy: given normals, the value, its standard error, every gradient.

Nothing here is quick or careful about overflow; float64 throughout, one loop a component. A plain
Gaussian is a mixture of one component. Row i of the normals belongs to stratum i mod K of the
mixture that is sampled; with `antithetic`, a row z stands for the two points of z and -z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Parameters of a mixture of K Gaussians in D dimensions, or the gradient by them."""

    weights: Array  # [K], divided by their sum before use; a gradient's are those of that quotient
    mean: Array  # [K, D]
    scale_tril: Array  # [K, D, D]

    @property
    def probabilities(self) -> Array:
        return np.asarray(self.weights / self.weights.sum())

    @property
    def std(self) -> Array:
        """Return the diagonals: the standard deviations, or the gradient by them, where those are all."""
        return np.einsum("kdd->kd", self.scale_tril)


@dataclass(frozen=True)
class Estimate:
    """What the estimator returns; `gradients` are those by p and by q."""

    value: float
    standard_error: float
    gradients: tuple[Mixture, Mixture]


@dataclass(frozen=True)
class Source:
    """A mixture that is sampled: `share` of its mean of F(log p − log q) goes into the value."""

    position: int  # 0 for p, 1 for q
    share: float
    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def gaussian(mean: Any, std: Any = None, scale_tril: Any = None) -> Mixture:
    """Return a Gaussian, from standard deviations or from a lower triangle, as one component."""
    scale = np.diag(np.asarray(std, float)) if scale_tril is None else np.asarray(scale_tril, float)
    return Mixture(np.ones(1), np.asarray(mean, float)[np.newaxis], scale[np.newaxis])


def mixture(weights: Any, components: Sequence[Mixture]) -> Mixture:
    """Return a mixture of Gaussians."""
    means, scales = ([getattr(each, n) for each in components] for n in ("mean", "scale_tril"))
    return Mixture(np.asarray(weights, float), np.concatenate(means), np.concatenate(scales))


def of(distribution: Any) -> Mixture:
    """Return a Normal, MultivariateNormal or Mixture of fastdiv, without batch axes, as a mixture."""
    components = getattr(distribution, "components", None)
    if components is None:
        one = {n: getattr(distribution, n, None) for n in ("mean", "std", "scale_tril")}
        return gaussian(**one)
    parts = [of(components[k]) for k in range(components.mean.shape[0])]
    weights = getattr(distribution, "weights", None)
    if weights is None:
        logits = np.asarray(distribution.logits, float)
        weights = np.exp(logits - logits.max())
        weights /= weights.sum()
    return mixture(weights, parts)


def logits_gradient(weights_gradient: Array, probabilities: Array) -> Array:
    """Return the gradient by the logits of weights, from that by the normalised weights."""
    return probabilities * weights_gradient


# --- densities ------------------------------------------------------------------------------------


def standardised(d: Mixture, x: Array) -> Array:
    """Return u = L⁻¹ (x − mean) of each component, [K, n, D]."""
    parts = zip(d.mean, d.scale_tril, strict=True)
    return np.stack([np.linalg.solve(scale, (x - mean).T).T for mean, scale in parts])


def log_densities(d: Mixture, x: Array) -> Array:
    """Return log N(x; component) without D/2 log 2π, [K, n]."""
    log_scale = np.log(d.std).sum(axis=-1)
    squares = (standardised(d, x) ** 2).sum(axis=-1)
    return np.asarray(-squares / 2 - log_scale[:, np.newaxis])


def log_prob(d: Mixture, x: Array) -> Array:
    """Return the mixture's log density without D/2 log 2π, [n]."""
    with np.errstate(divide="ignore"):  # a weight may be 0
        logs = log_densities(d, x) + np.log(d.probabilities)[:, np.newaxis]
    return np.asarray(np.logaddexp.reduce(logs, axis=0))


def log_prob_gradients(d: Mixture, x: Array) -> tuple[Mixture, Array]:
    """Return each sample's gradient of log p(x): by the parameters, n first, and by x, [n, D].

    By a weight N_j(x) / p(x), before normalisation; with r_j = w_j N_j(x) / p(x), by the mean
    r_j L⁻ᵀ u, by the lower triangle r_j L⁻ᵀ (u uᵀ − I), by x −Σ_j r_j L_j⁻ᵀ u_j.
    """
    u = standardised(d, x)
    ratios = np.exp(log_densities(d, x) - log_prob(d, x))  # [K, n]
    shares = d.probabilities[:, np.newaxis] * ratios
    back = np.stack([np.linalg.inv(scale).T for scale in d.scale_tril])
    means = np.einsum("kn,kde,kne->nkd", shares, back, u)
    outer = np.einsum("knd,kne->knde", u, u) - np.eye(x.shape[1])
    scales = np.tril(np.einsum("kn,kcd,knde->nkce", shares, back, outer))
    return Mixture(ratios.T, means, scales), -means.sum(axis=1)


# --- the estimator --------------------------------------------------------------------------------


def sources(measure: str, weight: float = 0.5) -> list[Source]:
    """Return what is sampled, with F and its slope: KL(p ‖ q), or JS with weight w on p."""
    if measure == "kl_divergence":
        return [Source(0, 1.0, lambda d: d, np.ones_like)]
    assert measure == "js_divergence"
    v = 1 - weight

    def of_p(d: Array) -> Array:  # log(p / m), m = w p + v q
        return np.asarray(-np.logaddexp(np.log(weight), np.log(v) - d))

    def of_q(d: Array) -> Array:  # log(q / m)
        return np.asarray(-np.logaddexp(np.log(weight) + d, np.log(v)))

    slope_p = lambda d: v * np.exp(-d) / (weight + v * np.exp(-d))  # noqa: E731
    slope_q = lambda d: -weight * np.exp(d) / (weight * np.exp(d) + v)  # noqa: E731
    return [Source(0, weight, of_p, slope_p), Source(1, v, of_q, slope_q)]


def rows_of(stratum: int, count: int, rows: int) -> NDArray[np.intp]:
    """Return the rows of the normals that a component's points are made of."""
    return np.arange(stratum, rows, count)


def points(d: Mixture, k: int, z: Array, antithetic: bool) -> tuple[Array, Array]:
    """Return the normals and the points of component k, rows of an antithetic pair side by side."""
    own = z[rows_of(k, len(d.weights), len(z))]
    if antithetic:
        own = np.stack([own, -own], axis=1).reshape(-1, z.shape[1])
    return own, d.mean[k] + own @ d.scale_tril[k].T


def moment_matched(d: Mixture) -> Mixture:
    """Return the Gaussian with the mixture's mean and covariance."""
    w, mean = d.probabilities, d.probabilities @ d.mean
    spread = d.mean - mean
    covariance = np.einsum("k,kde,kfe->df", w, d.scale_tril, d.scale_tril)
    covariance += np.einsum("k,kd,ke->de", w, spread, spread)
    return gaussian(mean, scale_tril=np.linalg.cholesky(covariance))


def expected_log_prob(d: Mixture, mean: Array, scale_tril: Array) -> float:
    """Return E log N(x; d) without D/2 log 2π of a Gaussian d under x ~ N(mean, L Lᵀ), in closed form."""
    [scale] = d.scale_tril
    inner = np.linalg.solve(scale, scale_tril)
    offset = np.linalg.solve(scale, mean - d.mean[0])
    return float(-((inner**2).sum() + offset @ offset) / 2 - np.log(np.diag(scale)).sum())


def _stratum(f: Array, h: Array | None, expected: float) -> tuple[float, float]:
    """Return a stratum's mean and its variance, by observation; h is the control variate."""
    fitted, of_mean = 1, 1 / len(f)
    if h is not None and h.var() > 0:
        slope = np.cov(f, h)[0, 1] / h.var(ddof=1)
        # of the line fitted to (h, f), at the expectation of h: two parameters, and the slope's own error
        fitted, of_mean = 2, of_mean + (h.mean() - expected) ** 2 / (len(h) * h.var())
        f = f - slope * (h - expected)
    residuals = f - f.mean()
    return float(f.mean()), float(residuals @ residuals) / (len(f) - fitted) * of_mean


def _averaged(values: Array, antithetic: bool) -> Array:
    return np.asarray(values.reshape(-1, 2).mean(axis=1)) if antithetic else values


def _source_value(
    source: Source, pair: tuple[Mixture, Mixture], sampled: Mixture, z: Array, options: Any
) -> tuple[float, float]:
    """Return Σ w_k mean_k F and the square of its standard error."""
    p, q = pair
    antithetic = options["antithetic"]
    surrogates = [moment_matched(p), moment_matched(q)]
    value = square = 0.0
    for k, w in enumerate(sampled.probabilities):
        _, x = points(sampled, k, z, antithetic)
        f = _averaged(source.function(log_prob(p, x) - log_prob(q, x)), antithetic)
        h, expected = None, 0.0
        if options["control_variate"]:
            a, b = surrogates
            h = _averaged(log_prob(a, x) - log_prob(b, x), antithetic)
            moments = sampled.mean[k], sampled.scale_tril[k]
            expected = expected_log_prob(a, *moments) - expected_log_prob(b, *moments)
        mean, variance = _stratum(f, h, expected)
        value += w * mean
        square += w**2 * variance
    return value, square


def value(
    measure: str,
    p: Mixture,
    q: Mixture,
    normals: Sequence[Array],
    *,
    weight: float = 0.5,
    sampled: tuple[Mixture, Mixture] | None = None,
    antithetic: bool = False,
    control_variate: bool = False,
) -> tuple[float, float]:
    """Return the value and its standard error; `normals` has rows for each source.

    `sampled` are the mixtures that the points come from, p and q themselves unless said otherwise:
    moving only them is what the reparameterised part of a gradient means.
    """
    options = {"antithetic": antithetic, "control_variate": control_variate}
    total = square = 0.0
    for source, z in zip(sources(measure, weight), normals, strict=True):
        where = (sampled or (p, q))[source.position]
        own, own_square = _source_value(source, (p, q), where, z, options)
        total += source.share * own
        square += source.share**2 * own_square
    return total, float(np.sqrt(square))


def _zeros(d: Mixture) -> Mixture:
    return Mixture(*(np.zeros_like(each) for each in (d.weights, d.mean, d.scale_tril)))


def _add_direct(total: Mixture, each: Mixture, factor: Array) -> None:
    """Add the sum over samples of factor times a sample's gradient of log density."""
    total.weights[:] += factor @ each.weights
    total.mean[:] += np.einsum("n,nkd->kd", factor, each.mean)
    total.scale_tril[:] += np.einsum("n,nkde->kde", factor, each.scale_tril)


def _project(gradient: Mixture, d: Mixture) -> Mixture:
    """Centre the gradient by the weights: that of w_k / Σ w at Σ w = 1."""
    w = d.probabilities
    return replace(gradient, weights=gradient.weights - w @ gradient.weights)


def estimate(
    measure: str,
    p: Mixture,
    q: Mixture,
    normals: Sequence[Array],
    *,
    weight: float = 0.5,
    score_term: bool = True,
    antithetic: bool = False,
    control_variate: bool = False,
) -> Estimate:
    """Return value, standard error and the gradients by all parameters of both arguments.

    Without `score_term` the terms by the density of an argument that is sampled are left out: those
    of p for KL, of both for JS. Their expectation is zero. The control variate changes no gradient.
    """
    options = {"antithetic": antithetic, "control_variate": control_variate}
    found, error = value(measure, p, q, normals, weight=weight, **options)
    pair = (p, q)
    totals = (_zeros(p), _zeros(q))
    left_out = {s.position for s in sources(measure, weight)} if not score_term else set()
    for source, z in zip(sources(measure, weight), normals, strict=True):
        sampled, own = pair[source.position], totals[source.position]
        for k, w in enumerate(sampled.probabilities):
            xi, x = points(sampled, k, z, antithetic)
            d = log_prob(p, x) - log_prob(q, x)
            (of_p, p_by_x), (of_q, q_by_x) = log_prob_gradients(p, x), log_prob_gradients(q, x)
            slope = source.share * w * source.slope(d) / len(x)
            by_x = slope[:, np.newaxis] * (p_by_x - q_by_x)
            own.weights[k] += source.share * source.function(d).mean()
            own.mean[k] += by_x.sum(axis=0)
            own.scale_tril[k] += np.tril(by_x.T @ xi)
            for position, (each, sign) in enumerate(((of_p, 1), (of_q, -1))):
                if position not in left_out:
                    _add_direct(totals[position], each, sign * slope)
    gradients = tuple(_project(*each) for each in zip(totals, pair, strict=True))
    return Estimate(found, error, (gradients[0], gradients[1]))
