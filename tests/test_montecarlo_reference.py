"""The reference of the Monte Carlo estimator against difference quotients and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import montecarlo_reference as reference
from montecarlo_reference import Mixture

MEASURES = ("kl_divergence", "js_divergence")
STEP = 1e-5
FIELDS = ("weights", "mean", "scale_tril")


def random_mixture(rng: np.random.Generator, count: int, dimension: int) -> Mixture:
    scale = np.tril(rng.normal(size=(count, dimension, dimension)) * 0.3)
    scale[:, range(dimension), range(dimension)] = rng.uniform(0.5, 1.5, (count, dimension))
    mean = rng.normal(size=(count, dimension))
    return Mixture(rng.dirichlet(np.full(count, 3.0)), mean, scale)


def normals(measure: str, rng: np.random.Generator, rows: int, dimension: int) -> Any:
    return rng.normal(size=(len(reference.sources(measure)), rows, dimension))


def moved(d: Mixture, field: str, index: tuple[int, ...], change: float) -> Mixture:
    arrays = {name: getattr(d, name).copy() for name in FIELDS}
    arrays[field][index] += change
    return Mixture(**arrays)


def quotients(f: Any, d: Mixture) -> Mixture:
    """Differentiate f(d) numerically: four points, an error of the fourth order."""
    found = {}
    for field in FIELDS:
        array = np.zeros_like(getattr(d, field))
        for index in np.ndindex(array.shape):
            if field == "scale_tril" and index[-1] > index[-2]:
                continue
            f1, f2 = (
                f(moved(d, field, index, h)) - f(moved(d, field, index, -h))
                for h in (STEP, 2 * STEP)
            )
            array[index] = (8 * f1 - f2) / (12 * STEP)
        found[field] = array
    return Mixture(**found)


def require_close(found: Mixture, expected: Mixture) -> None:
    for field in FIELDS:
        a, b = getattr(found, field), getattr(expected, field)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9, err_msg=field)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("shapes", [(1, 1), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("measure", MEASURES)
def test_gradients_agree_with_difference_quotients(
    measure: str, shapes: tuple[int, int], antithetic: bool, rng: np.random.Generator
) -> None:
    p, q = (random_mixture(rng, count, 2) for count in shapes)
    z = normals(measure, rng, 25, 2)
    options: Any = {"weight": 0.3, "antithetic": antithetic}
    found = reference.estimate(measure, p, q, z, **options)
    by_p = quotients(lambda d: reference.value(measure, d, q, z, **options)[0], p)
    by_q = quotients(lambda d: reference.value(measure, p, d, z, **options)[0], q)
    require_close(found.gradients[0], by_p)
    require_close(found.gradients[1], by_q)


@pytest.mark.parametrize("measure", MEASURES)
def test_without_score_term_only_the_points_move(measure: str, rng: np.random.Generator) -> None:
    p, q = random_mixture(rng, 2, 3), random_mixture(rng, 3, 3)
    z = normals(measure, rng, 20, 3)
    found = reference.estimate(measure, p, q, z, score_term=False)
    both = measure == "js_divergence"

    def of_p(d: Mixture) -> float:
        return reference.value(measure, p, q, z, sampled=(d, q))[0]

    def of_q(d: Mixture) -> float:  # KL samples p alone: by q, everything is the direct term
        if both:
            return reference.value(measure, p, q, z, sampled=(p, d))[0]
        return reference.value(measure, p, d, z)[0]

    require_close(found.gradients[0], quotients(of_p, p))
    require_close(found.gradients[1], quotients(of_q, q))


@pytest.mark.parametrize("score_term", [False, True])
def test_both_forms_of_the_gradient_have_one_expectation(
    score_term: bool, rng: np.random.Generator
) -> None:
    """KL of Gaussians, against the closed form's gradient."""
    p, q = random_mixture(rng, 1, 2), random_mixture(rng, 1, 2)
    z = normals("kl_divergence", rng, 200_000, 2)
    found = reference.estimate("kl_divergence", p, q, z, score_term=score_term)

    def closed(d: Mixture) -> float:
        moments = d.mean[0], d.scale_tril[0]
        return reference.expected_log_prob(d, *moments) - reference.expected_log_prob(q, *moments)

    expected = quotients(closed, p)
    assert found.value == pytest.approx(closed(p), abs=5 * found.standard_error)
    np.testing.assert_allclose(found.gradients[0].mean, expected.mean, atol=0.02)
    np.testing.assert_allclose(found.gradients[0].scale_tril, expected.scale_tril, atol=0.03)


@pytest.mark.parametrize("options", [{}, {"antithetic": True}, {"control_variate": True}])
@pytest.mark.parametrize("measure", MEASURES)
def test_standard_errors_are_honest(measure: str, options: Any, rng: np.random.Generator) -> None:
    p, q = random_mixture(rng, 2, 2), random_mixture(rng, 3, 2)
    exact, _ = reference.value(measure, p, q, normals(measure, rng, 600_000, 2))
    rows = 1200 if "control_variate" in options else 120  # a fitted coefficient is biased by O(1/n)
    found = [
        reference.value(measure, p, q, normals(measure, rng, rows, 2), **options)
        for _ in range(400)
    ]
    values, errors = np.array(found).T
    assert np.mean(np.abs(values - exact) < 1.96 * errors) == pytest.approx(0.95, abs=0.04)
    assert values.std() == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.2)


def test_control_variate_of_gaussians_leaves_no_error(rng: np.random.Generator) -> None:
    p, q = random_mixture(rng, 1, 3), random_mixture(rng, 1, 3)
    z = normals("kl_divergence", rng, 50, 3)
    found, error = reference.value("kl_divergence", p, q, z, control_variate=True)
    moments = p.mean[0], p.scale_tril[0]
    exact = reference.expected_log_prob(p, *moments) - reference.expected_log_prob(q, *moments)
    assert found == pytest.approx(exact, rel=1e-12)
    assert error < 1e-12


def test_log_density_against_scipy(rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    d = random_mixture(rng, 3, 2)
    x = rng.normal(size=(7, 2))
    density = sum(
        w * stats.multivariate_normal(mean, scale @ scale.T).pdf(x)
        for w, mean, scale in zip(d.weights, d.mean, d.scale_tril, strict=True)
    )
    np.testing.assert_allclose(
        reference.log_prob(d, x) - np.log(2 * np.pi), np.log(density), rtol=1e-12
    )
