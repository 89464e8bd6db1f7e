"""The metric: KL's local expansion for every family, and Monte Carlo against quadrature."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import distributions_reference as reference
from distributions_cases import CLOSED, distribution
from fastdiv.distributions import (
    Mixture,
    MultivariateNormal,
    Normal,
    fisher_information,
    flatten,
    kl_divergence,
    unflatten,
)

MIXTURES = ("mixture", "mixture_of_logits", "multivariate_mixture")


def slope_of_the_remainder(
    d: Any, metric: np.ndarray, divergence: Callable[[Any, Any], float], direction: Any, sizes: Any
) -> float:
    """Slope of log |KL(xi : xi + d xi) - 1/2 d xi^T g d xi| over log |d xi|."""
    remainders = []
    for size in sizes:
        moved = unflatten(d, flatten(d) + size * direction)
        step = flatten(moved) - flatten(d)  # without the rounding of the sum
        remainders.append(abs(divergence(d, moved) - 0.5 * step @ metric @ step))
    return float(np.polyfit(np.log(sizes), np.log(remainders), 1)[0])


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("family", CLOSED)
def test_local_expansion(family: str, dimension: int, rng: np.random.Generator) -> None:
    for _ in range(5):
        d = distribution(family, rng, dimension)
        metric = fisher_information(d)
        direction = rng.normal(size=flatten(d).size)
        sizes = np.geomspace(1e-6, 1e-4, 5)
        slope = slope_of_the_remainder(d, metric, kl_divergence, direction, sizes)
        assert slope == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("family", MIXTURES)
def test_local_expansion_of_mixtures(family: str, rng: np.random.Generator) -> None:
    """Metric and divergence by quadrature; weights count as divided by their sum."""
    d = distribution(family, rng, 1, components=2)
    rebuild = lambda x: unflatten(d, x)  # noqa: E731
    metric = reference.fisher_information_by_quadrature(d, flatten(d), rebuild)
    slope = slope_of_the_remainder(
        d,
        metric,
        lambda p, q: reference.kl_divergence_by_quadrature(p, q),
        rng.normal(size=flatten(d).size) * 0.3,
        np.geomspace(3e-3, 3e-2, 4),
    )
    assert slope == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("family", MIXTURES)
def test_monte_carlo_agrees_with_quadrature(
    family: str, dimension: int, rng: np.random.Generator
) -> None:
    d = distribution(family, rng, dimension, components=2)
    rebuild = lambda x: unflatten(d, x)  # noqa: E731
    points = 16 if dimension == 1 else 4
    expected = reference.fisher_information_by_quadrature(d, flatten(d), rebuild, points)
    estimates = np.array([fisher_information(d, n_samples=20_000, seed=s) for s in range(20)])
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates))
    assert (np.abs(estimates.mean(axis=0) - expected) < 5 * error + 1e-7).all()


@pytest.mark.parametrize("family", CLOSED)
def test_mixture_of_one_component(family: str, rng: np.random.Generator) -> None:
    component = distribution(family, rng, 2, (1,))
    exact = fisher_information(component[0])
    metric = fisher_information(Mixture([1.0], component), n_samples=400_000, seed=3)
    assert not metric[0].any()  # the weight of the only component changes nothing
    np.testing.assert_allclose(metric[1:, 1:], exact, atol=0.02 * np.abs(exact).max())


@pytest.mark.parametrize("family", [*CLOSED, *MIXTURES])
def test_batches_and_types(family: str, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 2, (3, 2), dtype=np.float32)
    metric = fisher_information(d, n_samples=999, seed=1)
    size = flatten(d).shape[-1]
    assert (metric.shape, metric.dtype) == ((3, 2, size, size), np.float32)
    np.testing.assert_array_equal(metric, np.swapaxes(metric, -1, -2))
    eigenvalues = np.linalg.eigvalsh(metric.astype(np.float64))
    assert (eigenvalues > -1e-5 * eigenvalues.max()).all()
    if family in CLOSED:
        np.testing.assert_array_equal(metric[1, 1], fisher_information(d[1, 1]))


def test_invariances_of_weights_and_logits(rng: np.random.Generator) -> None:
    d = distribution("mixture", rng, 2)
    metric = fisher_information(d, n_samples=3000)
    np.testing.assert_allclose(metric[:, :3] @ d.weights, 0, atol=1e-12)
    logits = Mixture(logits=d.log_weights, components=d.components)
    of_logits = fisher_information(logits, n_samples=3000)
    np.testing.assert_allclose(of_logits[:, :3].sum(axis=1), 0, atol=1e-12)
    # By the chain rule: d log p / d logit_k = w_k d log p / d w_k along normalised weights.
    scale = np.append(d.weights, np.ones(metric.shape[0] - 3))
    np.testing.assert_allclose(of_logits, scale[:, None] * metric * scale, rtol=1e-9, atol=1e-11)


def test_chunks_do_not_change_the_estimate(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastdiv.distributions import _fisher_information as module

    d = distribution("multivariate_mixture", rng, 2, (2,))
    whole = fisher_information(d, n_samples=1000, seed=9)
    monkeypatch.setattr(module, "_CHUNK", 5000)
    np.testing.assert_allclose(
        fisher_information(d, n_samples=1000, seed=9), whole, rtol=1e-10, atol=1e-12
    )


def test_a_component_of_weight_0_is_no_source() -> None:
    parts = Normal([[0.0], [50.0]], [[1.0], [1.0]])
    metric = fisher_information(Mixture([1.0, 0.0], parts), n_samples=100_000)
    assert metric[2, 2] == pytest.approx(1, rel=0.02)
    assert metric[4, 4] == pytest.approx(2, rel=0.05)
    assert np.isfinite(metric).all()
    assert not metric[3].any()


@pytest.mark.parametrize("weights", [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [1.0, 1e-310]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_factors_with_zeros_and_weights_of_any_size(weights: Any, dtype: Any) -> None:
    """An entry of 0 below the diagonal, as the identity has, is a parameter like others."""
    scales = np.array([np.eye(2), [[2.0, 0.0], [1.0, 1.0]]], dtype)
    parts = MultivariateNormal(np.array([[0.0, 0.0], [40.0, 1.0]], dtype), scales)
    weights = np.array(weights)
    metric = fisher_information(Mixture(weights, parts), n_samples=200_000)
    assert not np.isnan(metric).any()
    blocks = [[2, 3, 6, 7, 8], [4, 5, 9, 10, 11]]  # of components that do not overlap
    for k, block in enumerate(blocks):
        expected = weights[k] * fisher_information(parts[k])
        found = metric[np.ix_(block, block)]
        np.testing.assert_allclose(found, expected, atol=0.03 * expected.max() + 1e-12)
    with np.errstate(divide="ignore"):
        by_logits = fisher_information(Mixture(logits=np.log(weights), components=parts))
    assert np.isfinite(by_logits).all()


def test_what_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(TypeError, match="d must be a Normal or MultivariateNormal or Mixture"):
        fisher_information(np.eye(2))  # type: ignore[arg-type]
    d = distribution("mixture", rng)
    with pytest.raises(ValueError, match="n_samples must lie between 1 and"):
        fisher_information(d, n_samples=0)
    with pytest.raises(TypeError, match="seed must be an int"):
        fisher_information(d, seed=0.5)  # type: ignore[arg-type]


def test_closed_form_of_a_correlated_distribution() -> None:
    d = MultivariateNormal([0.0, 0.0], [[2.0, 0.0], [1.0, 0.5]])
    metric = fisher_information(d)
    np.testing.assert_allclose(metric[:2, :2], np.linalg.inv(d.covariance), rtol=1e-14)
    assert metric[4, 4] == 8  # 2 / 0.5^2, as of a standard deviation
