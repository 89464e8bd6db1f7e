"""Standard errors mean what they say: closed forms lie within, and intervals cover them as often as they claim."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.distributions import kl_divergence as closed_form

SEEDS = 2000


@pytest.mark.parametrize("dimension", [1, 2, 16, 64])
@pytest.mark.parametrize("forms", [(a, b) for a in cases.FORMS for b in cases.FORMS])
def test_closed_forms(forms: Any, dimension: int, dtype: Any, rng: Any) -> None:
    p, q = (cases.gaussian(rng, form, dimension, dtype) for form in forms)
    count = 1_000_000 if dimension < 64 else 200_000
    exact = float(closed_form(p, q))
    for options in ({}, {"antithetic": True}):
        estimate = montecarlo.kl_divergence(p, q, count, 1, **options)
        assert abs(estimate.value - exact) < 4 * estimate.standard_error
    # of normal distributions the control variate is all of it
    estimate = montecarlo.kl_divergence(p, q, 1000, 1, control_variate=True)
    assert estimate.value == pytest.approx(exact, rel=200 * dimension * float(np.finfo(dtype).eps))
    assert estimate.standard_error < 1e-5 * (1e-2 if dtype is np.float64 else 10)


def covered(exact: float, f: Any, n: int, **options: Any) -> float:
    inside = 0
    for seed in range(SEEDS):
        low, high = f(n, seed, **options).confidence_interval()
        inside += low <= exact <= high
    return inside / SEEDS


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"antithetic": True},
        {"control_variate": True},
        {"antithetic": True, "control_variate": True},
    ],
)
def test_intervals_of_mixtures_cover(options: Any) -> None:
    p = Mixture([0.4, 0.6], Normal([[0.0, 0.0], [2.0, 1.0]], [[0.5, 0.8], [1.0, 0.7]]))
    q = MultivariateNormal([1.0, 0.5], [[1.2, 0.0], [0.5, 0.9]])
    for f, arguments in (
        (montecarlo.kl_divergence, (p, q)),
        (montecarlo.kl_divergence, (q, p)),
        (montecarlo.js_divergence, (p, q)),
    ):
        exact = f(*arguments, 8_000_000, 10**6, antithetic=True, control_variate=True)
        share = covered(
            exact.value, lambda n, seed, f=f, a=arguments, **o: f(*a, n, seed, **o), 2000, **options
        )
        assert abs(share - 0.95) < 0.015, (f.__name__, share)


@pytest.mark.parametrize("n", [64, 128, 256])
def test_intervals_of_a_fitted_control_variate_cover_with_few_samples(n: int) -> None:
    """32 observations of each component of p are the fewest; its residuals are not far from normal here."""
    p = Mixture([0.4, 0.6], Normal([[0.0, 0.0], [2.0, 1.0]], [[0.5, 0.8], [1.0, 0.7]]))
    q = MultivariateNormal([1.0, 0.5], [[1.2, 0.0], [0.5, 0.9]])
    f = montecarlo.js_divergence
    exact = f(p, q, 8_000_000, 10**6, antithetic=True, control_variate=True).value
    share = covered(exact, lambda n, seed: f(p, q, n, seed, control_variate=True), n)
    assert abs(share - 0.95) < 0.015, share


@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence"])
def test_standard_errors_of_a_fitted_control_variate_are_the_spread(name: str) -> None:
    """The line's two parameters and its slope's error are counted: without them 4 % are missing here."""
    p = Mixture([0.4, 0.6], Normal([[0.0, 0.0], [2.0, 1.0]], [[0.5, 0.8], [1.0, 0.7]]))
    q = MultivariateNormal([1.0, 0.5], [[1.2, 0.0], [0.5, 0.9]])
    f = getattr(montecarlo, name)
    found = [f(p, q, 64, seed, control_variate=True) for seed in range(20_000)]
    values, errors = np.array([(each.value, each.standard_error) for each in found]).T
    ratio = np.sqrt(np.mean(errors**2)) / values.std()
    assert abs(ratio - 1) < 0.02, ratio


@pytest.mark.parametrize("options", [{}, {"antithetic": True}])
def test_intervals_of_normal_distributions_cover_the_closed_form(options: Any) -> None:
    p = MultivariateNormal([0.0, 0.0, 0.0], np.tril(np.full((3, 3), 0.3)) + 0.5 * np.eye(3))
    q = Normal([0.2, -0.1, 0.4], [0.9, 1.1, 1.3])
    share = covered(
        float(closed_form(p, q)),
        lambda n, seed, **o: montecarlo.kl_divergence(p, q, n, seed, **o),
        1000,
        **options,
    )
    assert abs(share - 0.95) < 0.015, share


def test_an_exact_control_variate_leaves_no_error() -> None:
    p, q = Normal([0.0, 1.0], [1.0, 2.0]), MultivariateNormal([0.5, 0.0], [[1.0, 0.0], [0.4, 1.5]])
    for seed in range(50):
        estimate = montecarlo.kl_divergence(p, q, 100, seed, control_variate=True)
        assert estimate.value == pytest.approx(float(closed_form(p, q)), rel=1e-13)
        assert estimate.standard_error < 1e-8


def test_variance_reduction_reduces() -> None:
    p = Mixture([0.5, 0.5], Normal([[-0.3], [0.3]], [[1.0], [1.2]]))
    q = Normal([3.0], [1.2])  # the log-ratio is nearly linear
    plain = montecarlo.kl_divergence(p, q, 10_000, 1).standard_error
    assert montecarlo.kl_divergence(p, q, 10_000, 1, antithetic=True).standard_error < plain / 2
    assert (
        montecarlo.kl_divergence(p, q, 10_000, 1, control_variate=True).standard_error < plain / 10
    )


def test_stratification_leaves_the_spread_within_components() -> None:
    p = Mixture([0.5, 0.5], Normal([[-40.0], [40.0]], [[1.0], [1.0]]))
    q = Normal([0.0], [40.0])
    estimate = montecarlo.kl_divergence(p, q, 10_000, 1)
    # Within a component log p - log q is -z^2 / 2 + (z / 40 ± 1)^2 / 2 + a constant.
    z = np.random.default_rng(0).normal(size=10**6)
    spread = (-(z**2) / 2 + (z / 40 + 1) ** 2 / 2).std()
    assert estimate.standard_error == pytest.approx(spread / 100, rel=0.05)


def test_confidence_interval() -> None:
    estimate = montecarlo.Estimate(2.0, 0.5, 100)
    reach = 0.5 * NormalDist().inv_cdf(0.995)
    assert estimate.confidence_interval(0.99) == pytest.approx((2 - reach, 2 + reach))
    low, high = montecarlo.Estimate(
        np.array([1.0, 2.0]), np.array([0.1, 0.0]), 9
    ).confidence_interval()
    assert low[1] == high[1] == 2 and low[0] < 1 < high[0]


def test_the_expectation_of_the_score_term_is_zero() -> None:
    p = Mixture([0.4, 0.6], Normal([[0.0], [2.0]], [[0.5], [1.0]]))
    q = Normal([1.0], [1.2])
    f = fastdiv.value_and_grad(montecarlo.kl_divergence, 0)
    estimates = [f(p, q, 1_000_000, 1, score_term=score) for score in (False, True)]
    fields = [cases.parameters(gradient) for _, gradient in estimates]
    errors = [cases.parameters(estimate.gradient_standard_errors[0]) for estimate, _ in estimates]
    for name in fields[0]:
        reach = 4.5 * np.hypot(errors[0][name], errors[1][name])
        assert (np.abs(fields[0][name] - fields[1][name]) < reach).all()
