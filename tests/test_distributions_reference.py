"""The references of distributions agree with one another, and with what is known."""

import math

import numpy as np
import pytest

import distributions_reference as reference
from distributions_cases import CLOSED, FAMILIES, distribution
from fastdiv.distributions import Normal, flatten, unflatten


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("family", CLOSED)
def test_quadrature_agrees_with_the_closed_form(
    family: str, dimension: int, rng: np.random.Generator
) -> None:
    p, q = (distribution(family, rng, dimension) for _ in range(2))
    expected = float(reference.kl_divergence(p, q))
    assert reference.kl_divergence_by_quadrature(p, q) == pytest.approx(expected, rel=1e-12)


def test_known_values() -> None:
    p, q = Normal([0.0], [1.0]), Normal([1.0], [2.0])
    assert float(reference.kl_divergence(p, q)) == pytest.approx(math.log(2) - 0.25, rel=1e-15)
    assert float(reference.log_prob(p, np.array([2.0]))) == pytest.approx(-2.918938533204673)
    assert reference.entropy_by_quadrature(p) == pytest.approx(1.4189385332046727, rel=1e-13)
    mean, std = (float(x) for x in reference.kl_divergence_gradient(p, q, 1))
    assert (mean, std) == pytest.approx((0.25, 0.25), rel=1e-15)


@pytest.mark.parametrize("family", FAMILIES)
def test_js_divergence_is_symmetric_and_bounded(family: str, rng: np.random.Generator) -> None:
    p, q = (distribution(family, rng, 1, spread=4) for _ in range(2))
    value = reference.js_divergence_by_quadrature(p, q)
    assert value == pytest.approx(reference.js_divergence_by_quadrature(q, p), rel=1e-12)
    assert 0 < value < math.log(2)
    assert reference.js_divergence_by_quadrature(p, p) == pytest.approx(0, abs=1e-15)


def test_fisher_information_of_a_normal_distribution() -> None:
    d = Normal([0.3], [0.5])
    g = reference.fisher_information_by_quadrature(d, flatten(d), lambda x: unflatten(d, x))
    np.testing.assert_allclose(g, [[4, 0], [0, 8]], rtol=1e-8, atol=1e-8)
