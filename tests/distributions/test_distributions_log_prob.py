"""log_prob and entropy against mpmath; far tails; moments of mixtures."""

import numpy as np
import pytest

import distributions_reference as reference
from distributions_cases import CLOSED, FAMILIES, distribution
from fastdiv.distributions import Mixture, MultivariateNormal, Normal


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dimension", [1, 2, 4])
@pytest.mark.parametrize("family", FAMILIES)
def test_log_prob(family: str, dimension: int, dtype: type, rng: np.random.Generator) -> None:
    d = distribution(family, rng, dimension, dtype=dtype)
    scales = np.array([0.1, 1, 10, 1000])
    points = (scales[:, None] * rng.normal(size=(4, dimension))).astype(dtype)
    values = d.log_prob(points)
    assert values.dtype == dtype
    for x, value in zip(points, values, strict=True):
        expected = float(reference.log_prob(d, x))
        # The constants of the density are of order 1 to each dimension.
        allowed = 16 * float(np.finfo(dtype).eps) * (abs(expected) + dimension)
        assert abs(float(value) - expected) <= allowed


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_broadcast(family: str, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 3, (4, 2))
    x = rng.normal(size=(5, 1, 2, 3))
    values = d.log_prob(x)
    assert values.shape == (5, 4, 2)
    for i, j, k in np.ndindex(values.shape):
        assert values[i, j, k] == pytest.approx(d[j, k].log_prob(x[i, 0, k]), rel=1e-13)
    assert isinstance(d[0, 0].log_prob(x[0, 0, 0]), np.float64)


def test_types_of_points(rng: np.random.Generator) -> None:
    d = distribution("normal", rng, 2, dtype=np.float32)
    assert d.log_prob([0, 0]).dtype == np.float64
    assert d.log_prob(np.float32([0, 0])).dtype == np.float32
    with pytest.raises(ValueError, match=r"x has shape \(3,\): expected \(\.\.\., 2\)"):
        d.log_prob([0.0] * 3)
    with pytest.raises(ValueError, match=r"x with shape \(3,\) and the batch with shape \(2,\)"):
        distribution("normal", rng, 2, (2,)).log_prob(np.zeros((3, 2)))
    with pytest.raises(TypeError, match="x has dtype"):
        d.log_prob("far")


@pytest.mark.parametrize("family", FAMILIES)
def test_far_tails_are_finite_or_minus_infinity(family: str, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 2)
    for distance in (1e10, 1e100, 1e160, 1e300, np.inf):
        values = d.log_prob(
            distance * np.array([[1, 0], [0, -1], [1, 1]])
            if distance < np.inf
            else [[np.inf, 0], [0, -np.inf], [np.inf, -np.inf]]
        )
        assert (values < -1e18).all()
        assert (values == -np.inf).all() == (distance > 1e150)
    assert np.isnan(d.log_prob([np.nan, 0.0]))


def test_narrow_scales() -> None:
    narrow = MultivariateNormal([0.0, 0.0], [[1e-200, 0.0], [0.0, 1e-300]])
    values = narrow.log_prob([[0, 0], [1e-200, 0], [1e300, 1]])
    expected = float(reference.log_prob(narrow, np.zeros(2)))
    assert values == pytest.approx([expected, expected - 0.5, -np.inf], rel=1e-14)
    p = Mixture([1, 0], Normal([[0.0], [1.0]], [[1e-6], [1e-6]]))  # weight 0 is no weight
    np.testing.assert_allclose(p.log_prob([[1.0]]), -5e11, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", CLOSED)
def test_entropy(family: str, dtype: type, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 2, (3,), dtype=dtype)
    values = d.entropy()
    assert values.shape == (3,)
    assert values.dtype == dtype
    expected = [reference.entropy_by_quadrature(part) for part in d]
    np.testing.assert_allclose(values, expected, rtol=max(1e-12, 2 * np.finfo(dtype).eps))


def test_entropy_of_a_mixture_names_the_bounds(rng: np.random.Generator) -> None:
    with pytest.raises(NotImplementedError, match=r"fastdiv\.distributions\.entropy_bounds"):
        distribution("mixture", rng).entropy()


@pytest.mark.parametrize("family", ["mixture", "mixture_of_logits", "multivariate_mixture"])
def test_moment_matched(family: str, rng: np.random.Generator) -> None:
    p = distribution(family, rng, 3, (2,))
    matched = p.moment_matched()
    assert isinstance(matched, MultivariateNormal)
    assert (np.diagonal(matched.scale_tril, axis1=-2, axis2=-1) > 0).all()
    for mixture, normal in zip(p, matched, strict=True):
        parts = reference.parts(mixture)
        mean = sum(part.weight * part.mean for part in parts)
        second = sum(
            part.weight * (part.factor @ part.factor.T + np.outer(part.mean, part.mean))
            for part in parts
        )
        np.testing.assert_allclose(normal.mean, mean, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(
            normal.covariance, second - np.outer(mean, mean), rtol=1e-12, atol=1e-12
        )


def test_moments_of_the_lecture() -> None:
    p = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [1.0, 1.0]], [[0.25, 0.5], [0.25, 0.25]]))
    matched = p.moment_matched()
    np.testing.assert_array_equal(matched.mean, [0.5, 0.5])
    np.testing.assert_allclose(matched.covariance, [[0.3125, 0.25], [0.25, 0.40625]], rtol=1e-15)


def test_moments_of_a_narrow_mixture_keep_their_digits() -> None:
    p = Mixture([0.5, 0.5], Normal([[1.0, 0.0], [1.0, 1e-3]], np.full((2, 2), 1e-9)))
    variance = p.moment_matched().scale_tril.diagonal() ** 2
    np.testing.assert_allclose(variance, [1e-18, 1e-18 + 2.5e-7], rtol=1e-12)


@pytest.mark.parametrize("given", ["weights", "logits"])
def test_log_weights(given: str) -> None:
    components = Normal(np.zeros((3, 1)), np.ones((3, 1)))
    values = [0.25, 0.75, 0.0] if given == "weights" else [1000.0, 1000 + np.log(3), -np.inf]
    d = Mixture(**{given: values}, components=components)
    np.testing.assert_allclose(d.log_weights, [np.log(0.25), np.log(0.75), -np.inf], rtol=1e-12)
