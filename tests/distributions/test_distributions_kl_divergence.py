"""The closed KL divergence against mpmath: values, close pairs, far ones, gradients."""

from typing import Any

import numpy as np
import pytest

import distributions_reference as reference
import fastdiv
from distributions_cases import CLOSED, distribution
from fastdiv.distributions import (
    Mixture,
    MultivariateNormal,
    Normal,
    flatten,
    kl_divergence,
    unflatten,
)

BOTH = [(first, second) for first in CLOSED for second in CLOSED]
gradients = fastdiv.value_and_grad(kl_divergence, argnums=(0, 1))


def assert_gradients(p: Any, q: Any, tolerance: float) -> None:
    """Each entry within the tolerance, relative to the largest by the same field of either argument.

    By q's scale the slopes of both terms of the divergence may cancel; by p's stands one of them alone.
    """
    _, found = gradients(p, q)
    expected = [np.array(reference.kl_divergence_gradient(p, q, k), float) for k in (0, 1)]
    size = p.mean.size
    for field in (slice(None, size), slice(size, None)):
        scale = max(np.abs(slopes[field]).max() for slopes in expected)
        for argument, gradient, slopes in zip((p, q), found, expected, strict=True):
            assert type(gradient) is type(argument)
            allowed = tolerance * scale
            np.testing.assert_allclose(
                flatten(gradient)[field], slopes[field], rtol=0, atol=allowed
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize(("first", "second"), BOTH)
def test_value_and_gradients(
    first: str, second: str, dimension: int, dtype: type, rng: np.random.Generator
) -> None:
    eps = float(np.finfo(dtype).eps)
    for _ in range(5):
        p = distribution(first, rng, dimension, dtype=dtype)
        q = distribution(second, rng, dimension, dtype=dtype)
        value = kl_divergence(p, q)
        assert value.dtype == dtype
        assert float(value) == pytest.approx(float(reference.kl_divergence(p, q)), rel=16 * eps)
        assert gradients(p, q)[0] == value
        assert_gradients(p, q, 64 * eps)


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_gradients_against_finite_differences(
    first: str, second: str, rng: np.random.Generator
) -> None:
    """With a cotangent, and both arguments broadcast."""
    p, q = distribution(first, rng, 3, (4, 1)), distribution(second, rng, 3, (2,))
    cotangent = rng.normal(size=(4, 2))
    compute = fastdiv.value_and_grad(kl_divergence, argnums=(0, 1))
    value, found = compute(p, q, cotangent=cotangent)
    np.testing.assert_array_equal(value, kl_divergence(p, q))
    step = 1e-5
    for position, argument in enumerate((p, q)):
        entries, expected = flatten(argument), np.empty_like(flatten(argument))
        for place in np.ndindex(entries.shape):
            moves = []
            for sign in (1, -1):
                moved = entries.copy()
                moved[place] += sign * step
                pair = [p, q]
                pair[position] = unflatten(argument, moved)
                moves.append((cotangent * kl_divergence(*pair)).sum())
            expected[place] = (moves[0] - moves[1]) / (2 * step)
        np.testing.assert_allclose(flatten(found[position]), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", CLOSED)
def test_equal_distributions_have_divergence_0(
    family: str, dtype: type, rng: np.random.Generator
) -> None:
    p = distribution(family, rng, 6, (50,), dtype=dtype)
    value, found = gradients(p, unflatten(p, flatten(p)))
    assert not value.any()
    assert not any(flatten(gradient).any() for gradient in found)
    if family == "normal":
        same = MultivariateNormal(p.mean, p.std[..., None] * np.eye(6, dtype=dtype))
        assert not kl_divergence(p, same).any()
        assert not kl_divergence(same, p).any()


@pytest.mark.parametrize("closeness", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize(("first", "second"), [(name, name) for name in CLOSED])
def test_close_pairs_keep_their_digits(
    first: str, second: str, closeness: float, rng: np.random.Generator
) -> None:
    for _ in range(5):
        p = distribution(first, rng, 3)
        step = closeness * rng.normal(size=flatten(p).shape)
        q = unflatten(p, flatten(p) * (1 + step))
        value = kl_divergence(p, q)
        assert value == pytest.approx(float(reference.kl_divergence(p, q)), rel=1e-13)
        assert value > 0
        assert_gradients(p, q, 1e-13)


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_never_negative(first: str, second: str, rng: np.random.Generator) -> None:
    p = distribution(first, rng, 3, (1000,))
    noise = np.exp(rng.uniform(-40, 3, size=(1000, 1)))
    moved = unflatten(p, flatten(p) * (1 + 0.3 * noise * rng.uniform(-1, 1, flatten(p).shape) / 20))
    assert (kl_divergence(p, moved) >= 0).all()
    assert (kl_divergence(p, distribution(second, rng, 3, (1000,))) >= 0).all()


@pytest.mark.parametrize("ratio", [1e-300, 1e-150, 1e-12, 1e-6, 0.74, 0.76, 1.24, 1.26, 1e6, 1e12])
def test_ratios_of_scales(ratio: float) -> None:
    p, q = Normal([0.0, 1.0], [ratio, 2.0]), Normal([0.0, 1.0], [1.0, 2.0])
    expected = float(reference.kl_divergence(p, q))
    for pair in ((p, q), (_wide(p), q), (p, _wide(q)), (_wide(p), _wide(q))):
        assert kl_divergence(*pair) == pytest.approx(expected, rel=1e-15)
        assert_gradients(*pair, 1e-14)


def _wide(d: Normal) -> MultivariateNormal:
    return MultivariateNormal(d.mean, d.std[..., None] * np.eye(d.event_shape[0], dtype=d.dtype))


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_narrow_scales_and_far_means(first: str, second: str, rng: np.random.Generator) -> None:
    """Scales of 1e-6 at means of order 1, and 60 nats between."""
    p, q = distribution(first, rng, 2), distribution(second, rng, 2)
    p = unflatten(p, flatten(p) * np.where(np.arange(flatten(p).size) < 2, 1, 1e-6))
    shift = 1e-6 * np.array([8.0, 8.0])
    q_entries = flatten(q) * 1e-6
    q_entries[:2] = p.mean + shift
    near = unflatten(q, q_entries)
    for other in (q, near):
        for pair in ((p, other), (other, p)):
            value = kl_divergence(*pair)
            assert value == pytest.approx(float(reference.kl_divergence(*pair)), rel=1e-12)
            assert_gradients(*pair, 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_overflow_is_inf_and_never_nan(dtype: type) -> None:
    top = np.sqrt(float(np.finfo(dtype).max)) * 1e10
    small = Normal(dtype([0, 0, 0]), dtype([1, 1, 1]) / dtype(top))
    large = Normal(dtype([-1, 0, 1]) * dtype(top), dtype([1, 2, 3]) * dtype(top))
    for p, q in ((large, small), (_wide(large), small), (large, _wide(small))):
        value, found = gradients(p, q)
        assert value == np.inf
        assert not any(np.isnan(flatten(gradient)).any() for gradient in found)
    correlated = MultivariateNormal(small.mean, np.tril(np.ones((3, 3), dtype)) / dtype(top))
    value, found = gradients(large, correlated)
    assert value == np.inf
    assert not any(np.isnan(flatten(gradient)).any() for gradient in found)
    value, found = gradients(small, large)
    assert np.isfinite(value)
    assert not any(np.isnan(flatten(gradient)).any() for gradient in found)


def test_parameters_that_are_nan_give_nan() -> None:
    """A fit that went astray does not look like one with an infinite divergence."""
    q = MultivariateNormal(np.zeros(2), np.eye(2))
    for entries in ([np.nan, 0, 1, 0, 1], [0, 0, 1, np.nan, 1], [0, 0, 1, 0, np.nan]):
        p = unflatten(q, np.array(entries))
        assert np.isnan(kl_divergence(p, q))
        assert np.isnan(kl_divergence(q, p))


def test_wider_type_and_shapes(rng: np.random.Generator) -> None:
    p = distribution("normal", rng, 2, (3, 1), dtype=np.float32)
    q = distribution("multivariate_normal", rng, 2, (4,))
    value, found = gradients(p, q)
    assert (value.shape, value.dtype) == ((3, 4), np.float64)
    assert (found[0].dtype, found[0].batch_shape) == (np.float32, (3, 1))
    assert (found[1].dtype, found[1].batch_shape) == (np.float64, (4,))
    assert isinstance(kl_divergence(p[0, 0], q[0]), np.float64)
    assert kl_divergence(p[:0], q).shape == (0, 4)


def test_a_cotangent_of_0_leaves_out_what_is_infinite() -> None:
    p, q = Normal([[0.0], [1e200]], 1.0), Normal([1.0], [1e-200])
    cotangent = np.array([0.0, 0.0])
    _, found = gradients(p, q, cotangent=cotangent)
    assert not flatten(found[1]).any()


def test_what_is_refused(rng: np.random.Generator) -> None:
    normal = distribution("normal", rng, 2)
    mixture = distribution("mixture", rng, 2)
    for pair in ((normal, mixture), (mixture, normal), (mixture, mixture)):
        with pytest.raises(NotImplementedError, match=r"fastdiv\.montecarlo\.kl_divergence"):
            kl_divergence(*pair)
        with pytest.raises(NotImplementedError, match=r"fastdiv\.montecarlo\.kl_divergence"):
            gradients(*pair)
    with pytest.raises(ValueError, match=r"p has event shape \(2,\) and q \(3,\)"):
        kl_divergence(normal, distribution("normal", rng, 3))
    with pytest.raises(ValueError, match=r"p with batch shape \(3,\) and q with \(4,\) do not"):
        kl_divergence(distribution("normal", rng, 2, (3,)), distribution("normal", rng, 2, (4,)))
    with pytest.raises(TypeError, match="q must be a Normal or MultivariateNormal or Mixture"):
        kl_divergence(normal, np.zeros(2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"cotangent has shape \(3,\): expected the value's"):
        gradients(normal, normal, cotangent=np.ones(3))
    with pytest.raises(TypeError, match="grad_out is not taken by kl_divergence"):
        gradients(normal, normal, grad_out=normal)


def test_the_moment_matched_distribution_is_the_closest(rng: np.random.Generator) -> None:
    """Cross entropy of a mixture with normal q: the gradient at the matched one vanishes."""
    p: Mixture = distribution("mixture", rng, 2)
    matched = p.moment_matched()
    total = sum(
        weight * flatten(fastdiv.grad(kl_divergence, 1)(p.components[k], matched))
        for k, weight in enumerate(np.exp(p.log_weights))
    )
    np.testing.assert_allclose(total, 0, atol=1e-13)
