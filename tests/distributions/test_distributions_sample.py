"""Samples: moments, the right component, the same for the same seed."""

import numpy as np
import pytest

from distributions_cases import FAMILIES, distribution
from fastdiv.distributions import Mixture, Normal

N = 100_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_moments(family: str, dtype: type, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 2, (3,), dtype=dtype)
    x = d.sample(N, seed=5)
    assert x.shape == (N, 3, 2)
    assert x.dtype == dtype
    whole = d.moment_matched() if isinstance(d, Mixture) else d
    covariance = whole.std[..., None] ** 2 * np.eye(2) if family == "normal" else whole.covariance
    for k in range(3):
        points = x[:, k].astype(np.float64)
        error = np.sqrt(np.diag(covariance[k]) / N)
        assert (np.abs(points.mean(axis=0) - whole.mean[k]) < 5 * error).all()
        # The variance of a sample covariance, from fourth moments.
        centred = points - points.mean(axis=0)
        products = centred[:, :, None] * centred[:, None, :]
        error = products.std(axis=0) / np.sqrt(N)
        assert (np.abs(products.mean(axis=0) - covariance[k]) < 5 * error).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_log_prob_of_samples_averages_to_the_entropy_between(
    family: str, rng: np.random.Generator
) -> None:
    """The histogram of probabilities: P(log p(x) < its median) is 1/2 for fresh points, too."""
    d = distribution(family, rng, 2)
    first, second = d.log_prob(d.sample(N, 1)), d.log_prob(d.sample(N, 2))
    assert (second < np.median(first)).mean() == pytest.approx(0.5, abs=5 * 2**-0.5 / N**0.5)


@pytest.mark.parametrize("family", FAMILIES)
def test_point_i_depends_on_the_seed_and_i_alone(family: str, rng: np.random.Generator) -> None:
    d = distribution(family, rng, 3, (2,))
    x = d.sample(100, seed=2**64 - 1)
    np.testing.assert_array_equal(d.sample(17, seed=2**64 - 1), x[:17])
    np.testing.assert_array_equal(d._sample(30, 2**64 - 1, 50), x[50:80])
    assert (d.sample(100, seed=3) != x).all()
    assert len(np.unique(x)) == x.size  # the batch's numbers differ
    assert d.sample(0, seed=0).shape == (0, 2, 3)


def test_components_are_drawn_by_their_weights() -> None:
    components = Normal(np.arange(5.0)[:, None], np.full((5, 1), 1e-3))
    weights = np.array([[0.0, 0.3, 0.0, 0.7, 0.0], [0.2] * 5])
    x = Mixture(weights, components).sample(N, seed=11)[..., 0]
    for k in range(5):
        share = (np.abs(x - k) < 0.1).mean(axis=0)
        assert (np.abs(share - weights[:, k]) <= 5 * np.sqrt(weights[:, k] / N)).all()


def test_what_is_refused(rng: np.random.Generator) -> None:
    d = distribution("normal", rng)
    with pytest.raises(ValueError, match="n must lie between 0 and"):
        d.sample(-1, seed=0)
    with pytest.raises(TypeError, match=r"n must be an int, got 1\.5"):
        d.sample(1.5, seed=0)
    with pytest.raises(ValueError, match="seed must lie between 0 and"):
        d.sample(1, seed=-1)
