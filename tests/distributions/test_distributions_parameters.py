"""Constructors: shapes, types, what they refuse; views of the batch; flat parameters."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastdiv
from distributions_cases import FAMILIES, distribution
from fastdiv.distributions import Mixture, MultivariateNormal, Normal, flatten, unflatten

PAIR = Normal([[0.0], [1.0]], [[1.0], [1.0]])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Normal(1.0, 2.0), ValueError, r"mean has shape \(\): expected the event"),
        (lambda: Normal(np.zeros((3, 0)), 1.0), ValueError, r"mean has shape \(3, 0\)"),
        (lambda: Normal([0.0], [-1.0]), ValueError, "std must be positive and finite, got -1.0"),
        (lambda: Normal([0.0], [0.0]), ValueError, "std must be positive and finite, got 0.0"),
        (lambda: Normal([0.0], [np.nan]), ValueError, "std must be positive and finite, got nan"),
        (lambda: Normal([0.0], [np.inf]), ValueError, "std must be positive and finite, got inf"),
        (lambda: Normal([np.inf], [1.0]), ValueError, "mean must be finite, got inf"),
        (lambda: Normal([0.0] * 2, [1.0] * 3), ValueError, r"\(2,\) and std with shape \(3,\)"),
        (lambda: Normal(["a"], [1.0]), TypeError, "mean has dtype <U1"),
        (lambda: Normal([1j], [1.0]), TypeError, "mean has dtype complex128"),
        (
            lambda: MultivariateNormal([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]]),
            ValueError,
            "scale_tril must be lower triangular, got 0.5 above the diagonal",
        ),
        (
            lambda: MultivariateNormal([0.0, 0.0], [[1.0, 0.0], [0.0, -2.0]]),
            ValueError,
            "scale_tril must be positive on its diagonal, got -2.0",
        ),
        (
            lambda: MultivariateNormal([0.0, 0.0], [[1.0, 0.0], [np.nan, 2.0]]),
            ValueError,
            "scale_tril must be finite, got nan",
        ),
        (
            lambda: MultivariateNormal([0.0, 0.0], np.eye(3)),
            ValueError,
            r"scale_tril has shape \(3, 3\): expected \(\.\.\., 2, 2\)",
        ),
        (
            lambda: MultivariateNormal(np.zeros((2, 2)), np.ones((3, 1, 1)) * np.eye(2)),
            ValueError,
            "mean with shape .* and scale_tril with shape .* do not broadcast",
        ),
        (lambda: Mixture([0.5, 0.4], PAIR), ValueError, "sum to 1 over the last axis, got .* 0.9"),
        (lambda: Mixture([1.5, -0.5], PAIR), ValueError, "weights must be non-negative .*-0.5"),
        (lambda: Mixture([1.0], PAIR), ValueError, r"components has batch shape \(2,\)"),
        (lambda: Mixture(1.0, PAIR), ValueError, r"weights has shape \(\): expected the comp"),
        (lambda: Mixture([1.0], Normal([0.0], [1.0])), ValueError, r"has batch shape \(\)"),
        (lambda: Mixture([0.5, 0.5]), TypeError, "components must be a Normal or Multivariate"),
        (lambda: Mixture(components=PAIR), TypeError, "either weights or logits, got neither"),
        (lambda: Mixture([0.5, 0.5], PAIR, [0, 0]), TypeError, "weights or logits, got both"),
        (
            lambda: Mixture([1.0], Mixture([0.5, 0.5], PAIR)),  # type: ignore[arg-type]
            TypeError,
            "components must be a Normal or MultivariateNormal, got Mixture",
        ),
        (
            lambda: Mixture(logits=[-np.inf, -np.inf], components=PAIR),
            ValueError,
            "logits must not all be -inf",
        ),
        (
            lambda: Mixture(logits=[np.nan, 0], components=PAIR),
            ValueError,
            "logits must be finite or -inf, got nan",
        ),
        (lambda: flatten(1), TypeError, "d must be a Normal or MultivariateNormal or Mixture"),
        (lambda: unflatten(PAIR, np.zeros(3)), ValueError, r"flat has shape \(3,\): .* 2\)"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_types_and_shapes() -> None:
    single = np.float32
    assert Normal([1, 2], 1).dtype == np.float64
    assert Normal(single([1, 2]), single([1])).dtype == np.float32
    assert Normal(single([1, 2]), [1.0]).dtype == np.float64
    assert Normal(np.float16([1, 2]), np.float16([1])).dtype == np.float32
    assert MultivariateNormal(single([0]), single([[1]])).dtype == np.float32
    d = Normal(np.zeros((4, 1, 2)), np.ones((3, 2)))
    assert (d.batch_shape, d.event_shape, d.std.shape) == ((4, 3), (2,), (4, 3, 2))
    wide = MultivariateNormal(np.zeros(2), np.ones((5, 1, 1)) * np.eye(2))
    assert (wide.batch_shape, wide.mean.shape) == ((5,), (5, 2))
    mixture = Mixture(np.full((6, 2), 0.5), PAIR)
    assert (mixture.batch_shape, mixture.components.batch_shape) == ((6,), (6, 2))
    assert Mixture([0.5, 0.5], PAIR).components is PAIR


def test_weights_need_only_sum_to_1_in_their_own_type() -> None:
    weights = np.float32([0.1, 0.2, 0.7])
    assert abs(float(weights.astype(float).sum()) - 1) > 1e-9
    d = Mixture(weights, Normal(np.zeros((3, 1)), np.ones((3, 1))))
    assert d.dtype == np.float64
    assert np.exp(d.log_weights).sum() == pytest.approx(1, abs=1e-15)


def test_fields_are_frozen_copies() -> None:
    mean = np.zeros(2)
    d = Normal(mean, 1.0)
    mean[:] = 7
    assert not d.mean.any()
    with pytest.raises(ValueError, match="read-only"):
        d.mean[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        d.mean = mean  # type: ignore[misc]


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_of_the_batch(family: str, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 2, (4, 3))
    everything = flatten(d)
    for index in (1, (1, 2), (slice(None), 0), (..., -1), (None, 2), np.array([3, 0])):
        part = d[index]
        expected = (
            everything[(*index, slice(None)) if ... in index else index]
            if isinstance(index, tuple)
            else everything[index]
        )
        assert type(part) is type(d)
        np.testing.assert_array_equal(flatten(part), expected)
        assert part.batch_shape == expected.shape[:-1]
    with pytest.raises(IndexError):
        d[0, 0, 0]
    assert len(list(d)) == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("family", FAMILIES)
def test_flat_parameters_and_back(
    family: str, dimension: int, dtype: type, rng: np.random.Generator
) -> None:
    d = distribution(family, rng, dimension, (4, 3), dtype=dtype)
    vectors = flatten(d)
    back = unflatten(d[0, 0], vectors)
    assert vectors.dtype == back.dtype == dtype
    assert back.batch_shape == d.batch_shape
    np.testing.assert_array_equal(flatten(back), vectors)
    x = rng.normal(size=dimension)
    np.testing.assert_array_equal(back.log_prob(x), d.log_prob(x))
    vectors[...] = 0
    assert flatten(back).any()


def test_order_of_flat_parameters() -> None:
    normal = Normal([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]])
    np.testing.assert_array_equal(flatten(normal[0]), [1, 2, 5, 6])
    mixture = Mixture([0.25, 0.75], normal)
    np.testing.assert_array_equal(flatten(mixture), [0.25, 0.75, 1, 2, 3, 4, 5, 6, 7, 8])
    factors = np.array([[[1.0, 0], [2, 3]], [[4, 0], [5, 6]]])
    wide = Mixture(logits=[0.0, 1.0], components=MultivariateNormal(normal.mean, factors))
    np.testing.assert_array_equal(flatten(wide), [0, 1, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6])


def test_public_classes_say_what_they_are() -> None:
    assert isinstance(PAIR, fastdiv.distributions.Distribution)
    assert "mean=array" in repr(PAIR)
    assert len({PAIR, PAIR[0], PAIR[1]}) == 3  # by identity


@pytest.mark.parametrize("f", [fastdiv.kl_divergence, fastdiv.js_divergence])
def test_measures_of_probabilities_point_to_those_of_distributions(f: Any) -> None:
    expected = (
        r"a Normal is a dist.*fastdiv\.distributions\.kl_div.*fastdiv\.montecarlo\.kl_divergence"
    )
    with pytest.raises(TypeError, match=expected):
        f(PAIR, PAIR)
    with pytest.raises(TypeError, match=expected):
        fastdiv.value_and_grad(f)([0.5, 0.5], PAIR)


def test_errors_of_indices() -> None:
    full = MultivariateNormal([[0.0], [1.0]], [[1.0]])
    for batch in (PAIR, full, Mixture(np.ones((2, 1)), PAIR[:, None])):
        for index in (2, (0, 0), "a"):
            with pytest.raises(
                IndexError, match=r"the distribution has batch shape \(2,\): got the"
            ):
                batch[index]
        assert len(list(batch)) == 2
        one = batch[0]
        for index in (0, slice(1), -1):
            with pytest.raises(TypeError, match="a single one, without a batch: got the index"):
                one[index]
        assert one[()].batch_shape == one[...].batch_shape == ()
        assert one[None].batch_shape == one[..., None].batch_shape == (1,)
        with pytest.raises(TypeError, match="a single one, without a batch"):
            list(one)
