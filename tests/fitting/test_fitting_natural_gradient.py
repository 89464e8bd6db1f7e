"""The natural gradient: the metric of the divergence, the updates of the literature, fewer steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastdiv import distributions
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.fitting import Adam, GradientDescent, minimize
from fastdiv.fitting._coordinates import Coordinates
from fastdiv.fitting._natural_gradient import NaturalGradient


def prepared(d: Any) -> tuple[Any, Any, Any, Any]:
    coordinates = Coordinates(d)
    where = coordinates.of(d)
    natural = NaturalGradient(coordinates, n_samples=200_000, seed=3)
    metric = natural.metric(d, where, coordinates.parameters(where))
    return coordinates, where, natural, metric


def lower(rng: np.random.Generator, size: int) -> Any:
    scale = np.tril(rng.normal(size=(size, size)))
    scale[np.diag_indices(size)] = rng.uniform(0.5, 1.5, size)
    return scale


@pytest.mark.parametrize("full", [False, True])
def test_metric_is_that_of_the_divergence(full: bool, rng: np.random.Generator) -> None:
    """KL(ξ : ξ + dξ) = ½ dξᵀ G dξ, to second order."""
    mean = rng.normal(size=3)
    d = MultivariateNormal(mean, lower(rng, 3)) if full else Normal(mean, rng.uniform(0.5, 2, 3))
    coordinates, where, _, metric = prepared(d)
    for _ in range(5):
        change = rng.normal(size=coordinates.count)
        for step, rtol in ((1e-3, 1e-2), (1e-5, 1e-4)):
            there = coordinates.distribution(coordinates.parameters(where + step * change))
            divergence = distributions.kl_divergence(d, there)
            expected = step**2 * (change @ metric @ change) / 2
            assert divergence == pytest.approx(expected, rel=rtol)


def test_gaussian_updates_are_those_of_khan_and_rue(rng: np.random.Generator) -> None:
    """With g by the mean and H by the covariance: dm = −Σ g, dΣ⁻¹ = 2 H, so dΣ = −2 Σ H Σ.

    M. E. Khan and H. Rue, "The Bayesian learning rule", JMLR 24, 2023.
    """
    d = MultivariateNormal(rng.normal(size=3), lower(rng, 3))
    coordinates, where, natural, metric = prepared(d)
    g, h = 1e-3 * rng.normal(size=3), 1e-3 * rng.normal(size=(3, 3))
    h = (h + h.T) / 2
    scale = d.scale_tril
    by_scale = np.tril(2 * h @ scale)  # dΣ = dL Lᵀ + L dLᵀ
    gradient = MultivariateNormal._unchecked(mean=g, scale_tril=by_scale)
    parameters = coordinates.parameters(where)
    direction = natural.direction(metric, coordinates.gradient(parameters, gradient))
    step = 1e-6
    after = coordinates.distribution(coordinates.parameters(where - step * direction))
    change = (after.covariance - d.covariance) / step
    np.testing.assert_allclose(direction[:3], d.covariance @ g, rtol=1e-4)
    np.testing.assert_allclose(change, -2 * d.covariance @ h @ d.covariance, rtol=1e-3, atol=1e-7)


def test_units_do_not_matter(rng: np.random.Generator) -> None:
    """Scaled by 1e-6 and moved, a fit makes the same steps."""
    target = Mixture([0.3, 0.7], Normal([[-1.0, 0.0], [1.0, 0.5]], [[0.5, 0.5], [0.4, 1.0]]))
    start = MultivariateNormal([0.5, 1.0], np.eye(2))
    unit, origin = 2.0**-20, np.array([4.0, -2.0]) * 2.0**-20
    small = Mixture(
        target.weights,
        Normal(target.components.mean * unit + origin, target.components.std * unit),
    )
    small_start = MultivariateNormal(start.mean * unit + origin, start.scale_tril * unit)
    options: Any = {"natural_gradient": True, "steps": 20, "seed": 5, "n_samples": 500}
    ours = minimize(start, target, "forward_kl", **options)
    theirs = minimize(small_start, small, "forward_kl", **options)
    np.testing.assert_allclose(theirs.losses, ours.losses, rtol=1e-7)
    np.testing.assert_allclose((theirs.path.mean - origin) / unit, ours.path.mean, atol=1e-7)
    np.testing.assert_allclose(theirs.path.scale_tril / unit, ours.path.scale_tril, atol=1e-7)


def test_a_step_of_rate_1_reaches_what_matches_the_moments(rng: np.random.Generator) -> None:
    """Of forward KL by the mean of a Gaussian, the natural gradient is the mean's own error."""
    target = Normal([0.3, -0.2], [1.0, 1.0])
    start = Normal([0.0, 0.0], [1.0, 1.0])
    fit = minimize(
        start, target, "forward_kl", optimizer=GradientDescent(1.0), natural_gradient=True,
        steps=1, n_samples=100_000,
    )  # fmt: skip
    np.testing.assert_allclose(fit.distribution.mean, target.mean, atol=0.02)
    np.testing.assert_allclose(fit.distribution.std, target.std, atol=0.12)  # of second order


@pytest.mark.parametrize("divergence", ["reverse_kl", "forward_kl", "js"])
def test_a_step_of_rate_1_is_newtons_near_the_minimum(divergence: str) -> None:
    target = Normal([0.3, -0.2], [1.0, 2.0])
    start = Normal([0.35, -0.25], [1.05, 1.95])
    fit = minimize(
        start, target, divergence, optimizer=GradientDescent(1.0), natural_gradient=True,
        steps=1, n_samples=1_000_000, score_term=divergence == "forward_kl",
    )  # fmt: skip
    for name in ("mean", "std"):
        found, exact, began = (getattr(d, name) for d in (fit.distribution, target, start))
        assert (np.abs(found - exact) < 0.2 * np.abs(began - exact)).all(), (name, found)


def test_no_step_is_longer_than_its_rate(rng: np.random.Generator) -> None:
    d = MultivariateNormal(rng.normal(size=2), lower(rng, 2))
    coordinates, _, natural, metric = prepared(d)
    gradient = rng.normal(size=coordinates.count)
    for size in (1e-3, 1e3, 1e30):
        direction = natural.direction(metric, size * gradient)
        length = np.sqrt(direction @ metric @ direction)
        assert length <= 1 + 1e-6
        if size > 1:
            assert length == pytest.approx(1, rel=1e-5)
    assert not natural.direction(metric, 0 * gradient).any()


def test_mixture_with_components_that_coincide() -> None:
    """Its metric is singular, in more ways than one: steps stay finite."""
    start = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]))
    target = Mixture([0.4, 0.6], Normal([[-1.0, 0.0], [1.0, 0.5]], [[0.5, 0.5], [0.4, 1.0]]))
    fit = minimize(start, target, "forward_kl", natural_gradient=True, steps=15, n_samples=400)
    assert np.isfinite(fit.losses).all()


@pytest.mark.parametrize("by_logits", [False, True])
def test_mixture_fits_a_mixture(by_logits: bool) -> None:
    target = Mixture([0.4, 0.6], Normal([[-1.0, 0.0], [1.0, 0.5]], [[0.5, 0.5], [0.4, 1.0]]))
    components = Normal([[-0.5, 0.5], [0.5, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    weights: Any = {"logits": [0.0, 0.0]} if by_logits else {"weights": [0.5, 0.5]}
    fit = minimize(
        Mixture(components=components, **weights), target, "forward_kl",
        natural_gradient=True, optimizer=GradientDescent(0.3), steps=100, n_samples=4000,
    )  # fmt: skip
    found = fit.distribution
    np.testing.assert_allclose(np.exp(found.log_weights), target.weights, atol=0.03)
    np.testing.assert_allclose(found.components.mean, target.components.mean, atol=0.08)
    assert (found.weights is None) == by_logits


def test_fewer_steps_than_adam_at_any_rate() -> None:
    target = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
    optimum = target.moment_matched()
    start = MultivariateNormal([-0.6, 1.3], 0.4 * np.eye(2))

    def steps(optimizer: Any, natural: bool) -> float:
        fit = minimize(
            start, target, "forward_kl", optimizer=optimizer, natural_gradient=natural, steps=150
        )
        close = np.flatnonzero(distributions.kl_divergence(optimum, fit.path) < 0.01)
        return float(close[0]) if close.size else np.inf

    natural = min(steps(GradientDescent(rate), True) for rate in (0.3, 0.7))
    adam = min(steps(Adam(rate), False) for rate in (0.03, 0.1, 0.3))
    assert natural <= 12
    assert adam >= 4 * natural
