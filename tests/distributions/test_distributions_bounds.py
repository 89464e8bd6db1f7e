"""Bounds of mixtures enclose what quadrature finds, and are tight where they should be."""

from typing import Any

import numpy as np
import pytest

import distributions_reference as reference
from distributions_cases import CLOSED, FAMILIES, distribution
from fastdiv.distributions import (
    Mixture,
    MultivariateNormal,
    Normal,
    entropy_bounds,
    flatten,
    kl_divergence,
    kl_divergence_bounds,
    unflatten,
)

MIXTURES = ("mixture", "mixture_of_logits", "multivariate_mixture")


def assert_enclosed(bounds: tuple[Any, Any], value: float) -> None:
    lower, upper = bounds
    rounding = 1e-11 * max(1.0, abs(value))
    assert lower - rounding <= value <= upper + rounding


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("family", MIXTURES)
def test_enclose_quadrature_in_1_dimension(
    family: str, spread: float, rng: np.random.Generator
) -> None:
    for _ in range(20):
        sizes = rng.integers(1, 6, size=2)
        p, q = (distribution(family, rng, 1, components=k, spread=spread) for k in sizes)
        value = reference.kl_divergence_by_quadrature(p, q)
        assert_enclosed(kl_divergence_bounds(p, q), value)
        assert_enclosed(entropy_bounds(p), reference.entropy_by_quadrature(p))


@pytest.mark.parametrize("spread", [0.5, 2.0])
@pytest.mark.parametrize("family", MIXTURES)
def test_enclose_quadrature_in_2_dimensions(
    family: str, spread: float, rng: np.random.Generator
) -> None:
    for _ in range(3):
        p, q = (distribution(family, rng, 2, components=k, spread=spread) for k in (2, 3))
        value = reference.kl_divergence_by_quadrature(p, q, points=5)
        assert_enclosed(kl_divergence_bounds(p, q), value)
        entropy = reference.expectation(p, lambda x, p=p: -reference.log_density(p, x), points=5)
        assert_enclosed(entropy_bounds(p), float(entropy))


@pytest.mark.parametrize("closeness", [1e-1, 1e-2])
@pytest.mark.parametrize("family", MIXTURES)
def test_enclose_close_mixtures(family: str, closeness: float, rng: np.random.Generator) -> None:
    for _ in range(10):
        p = distribution(family, rng, 1)
        moved = flatten(p) * (1 + closeness * rng.normal(size=flatten(p).shape))
        raw = unflatten(p, moved)
        q = raw
        if p.weights is not None:
            q = Mixture(raw.weights / raw.weights.sum(), raw.components)
        value = reference.kl_divergence_by_quadrature(p, q)
        lower, upper = kl_divergence_bounds(p, q)
        assert_enclosed((lower, upper), value)
        assert upper < 100 * closeness**2 * len(flatten(p))


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in CLOSED for b in CLOSED])
def test_exact_for_single_components(first: str, second: str, rng: np.random.Generator) -> None:
    p, q = distribution(first, rng, 3, (20,)), distribution(second, rng, 3, (20,))
    exact = kl_divergence(p, q)
    for pair in ((p, q), (Mixture(np.ones((20, 1)), p[:, None]), q)):
        for bound in kl_divergence_bounds(*pair):
            np.testing.assert_allclose(bound, exact, rtol=1e-13)
    for bound in (*entropy_bounds(p), *entropy_bounds(Mixture(np.ones((20, 1)), p[:, None]))):
        np.testing.assert_allclose(bound, p.entropy(), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_distributions(family: str, rng: np.random.Generator) -> None:
    p = distribution(family, rng, 2, (10,))
    lower, upper = kl_divergence_bounds(p, p)
    assert not lower.any()
    np.testing.assert_allclose(upper, 0, atol=1e-15)


def test_equal_components_have_the_entropy_of_one() -> None:
    one = Normal([1.0, 2.0], [0.5, 3.0])
    p = Mixture([0.2, 0.8], Normal([one.mean] * 2, [one.std] * 2))
    np.testing.assert_allclose(entropy_bounds(p), one.entropy(), rtol=1e-14)


@pytest.mark.parametrize("family", MIXTURES)
def test_meet_as_components_move_apart(family: str, rng: np.random.Generator) -> None:
    p = distribution(family, rng, 2)
    q = unflatten(p, flatten(p) * 1.05)
    if p.weights is not None:
        q = Mixture(p.weights, q.components)
    shifts = 1e3 * np.arange(3.0)[:, None]
    far = [Mixture(d.weights, _shifted(d.components, shifts), d.logits) for d in (p, q)]
    lower, upper = kl_divergence_bounds(*far)
    assert lower == pytest.approx(upper, rel=1e-9)
    low, high = entropy_bounds(far[0])
    assert low == pytest.approx(high, rel=1e-12)


def _shifted(components: Any, shifts: np.ndarray) -> Any:
    scale = components.std if isinstance(components, Normal) else components.scale_tril
    return type(components)(components.mean + shifts, scale)


def test_a_mixture_and_its_moment_matched_distribution() -> None:
    """The lecture's mixture: bounds that say something."""
    p = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [1.0, 1.0]], [[0.25, 0.5], [0.25, 0.25]]))
    q = p.moment_matched()
    value = reference.kl_divergence_by_quadrature(p, q)
    lower, upper = kl_divergence_bounds(p, q)
    assert_enclosed((lower, upper), value)
    assert 0.5 * value < lower
    assert upper < 1.5 * value


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_broadcast(family: str, rng: np.random.Generator) -> None:
    p, q = distribution(family, rng, 2, (3, 1)), distribution("mixture", rng, 2, (4,), components=2)
    lower, upper = kl_divergence_bounds(p, q)
    assert lower.shape == upper.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        np.testing.assert_allclose(
            kl_divergence_bounds(p[i, 0], q[j]), (lower[i, j], upper[i, j]), rtol=1e-9, atol=1e-12
        )
    low, high = entropy_bounds(p)
    assert low.shape == high.shape == (3, 1)
    np.testing.assert_allclose(entropy_bounds(p[1, 0]), (low[1, 0], high[1, 0]), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_are_not_nan(dtype: type) -> None:
    """Narrow beside wide components, weights of 0, means far apart."""
    means = dtype([[0, 0], [1, 1], [1e6, -1e6]])
    stds = dtype([[1e-6, 1e-6], [1, 1], [1e3, 1e-3]])
    p = Mixture(dtype([0.5, 0.5, 0]), Normal(means, stds))
    q = Mixture(dtype([0.25, 0.25, 0.5]), Normal(means[::-1], stds))
    for pair in ((p, q), (q, p), (p, p)):
        lower, upper = kl_divergence_bounds(*pair)
        assert 0 <= lower <= upper
        assert lower.dtype == dtype
    low, high = entropy_bounds(p)
    assert np.isfinite(low) and np.isfinite(high) and low <= high
    wide, narrow = (
        MultivariateNormal(np.zeros((1, 2)), x * np.tril(np.ones((2, 2)))) for x in (1e200, 1e-200)
    )
    mixture = Mixture([1.0], wide)
    assert entropy_bounds(mixture)[0] == pytest.approx(wide.entropy()[0])
    assert kl_divergence_bounds(mixture, Mixture([1.0], narrow)) == (np.inf, np.inf)
    assert kl_divergence_bounds(Mixture([1.0], narrow), mixture)[0] > 1800
    huge = float(np.finfo(dtype).max) ** 0.9
    apart = Normal(dtype([[huge, huge]]), dtype([[1 / huge, 1 / huge]]))
    lower, upper = kl_divergence_bounds(p, Mixture(dtype([1]), apart))
    assert upper == np.inf
    assert not np.isnan(lower)


def test_what_is_refused(rng: np.random.Generator) -> None:
    p = distribution("mixture", rng, 2)
    with pytest.raises(TypeError, match="d must be a Normal or MultivariateNormal or Mixture"):
        entropy_bounds(0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected the same"):
        kl_divergence_bounds(p, distribution("mixture", rng, 3))
    with pytest.raises(TypeError, match="p must be"):
        kl_divergence_bounds(None, p)  # type: ignore[arg-type]
