"""Values, standard errors and gradients against the plain reference, given the same normals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
import montecarlo_reference as reference
from fastdiv.distributions import Mixture, Normal

SHAPES = [(0, 0), (0, 3), (3, 0), (2, 3), (1, 2)]
TOLERANCE = {np.float64: 2e-13, np.float32: 3e-5}


def check(
    name: str, p: Any, q: Any, n: int, tolerance: float, dtype: Any = np.float64, **options: Any
) -> None:
    points = 2 if options.get("antithetic") else 1
    z = cases.source_normals(name, 11, n // points, p.event_shape[0], dtype)
    found, gradients = fastdiv.value_and_grad(cases.function(name), (0, 1))(p, q, n, 11, **options)
    expected = reference.estimate(name, reference.of(p), reference.of(q), z, **options)
    assert found.value == pytest.approx(expected.value, rel=tolerance, abs=tolerance)
    assert found.standard_error == pytest.approx(expected.standard_error, rel=10 * tolerance)
    assert found.n_samples == n
    for d, gradient, own in zip((p, q), gradients, expected.gradients, strict=True):
        assert type(gradient) is type(d)
        cases.require_gradient(gradient, cases.expected_parameters(d, own), tolerance)


def test_normals_are_those_of_the_module_random(dtype: Any) -> None:
    per = 4 if dtype is np.float32 else 2
    drawn = fastdiv.random.normal(5, (100, per), stream=1, dtype=dtype)
    # The formula rounds 2 π v before its cosine: an absolute error.
    error = np.abs(cases.normals(5, 100, per, 1, dtype) - drawn)
    assert error.max() < 16 * np.finfo(dtype).eps


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("forms", [(a, b) for a in cases.FORMS for b in cases.FORMS])
@pytest.mark.parametrize("name", cases.NAMES)
def test_forms_and_mixtures(
    name: str, forms: Any, shape: Any, antithetic: bool, dtype: Any, isa: str, rng: Any
) -> None:
    p, q = (
        cases.mixture(rng, form, count, 3, dtype, logits=count == 3)
        for form, count in zip(forms, shape, strict=True)
    )
    check(name, p, q, 600, TOLERANCE[dtype], dtype, antithetic=antithetic)


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5, 7, 8, 11, 16, 33])
@pytest.mark.parametrize("form", cases.FORMS)
def test_dimensions(form: str, dimension: int, dtype: Any, isa: str, rng: Any) -> None:
    p, q = (cases.mixture(rng, form, 2, dimension, dtype) for _ in range(2))
    check("kl_divergence", p, q, 1001, 3 * TOLERANCE[dtype], dtype)


@pytest.mark.parametrize("n", [4, 5, 31, 511, 512, 513, 2049, 100_001])
@pytest.mark.parametrize("name", cases.NAMES)
def test_numbers_of_samples(name: str, n: int, rng: Any) -> None:
    p, q = cases.mixture(rng, "triangular", 2, 2), cases.mixture(rng, "diagonal", 2, 2)
    check(name, p, q, n, 1e-12)


@pytest.mark.parametrize("weight", [0.5, 0.1, 0.999])
@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("name", cases.NAMES)
def test_options(name: str, score: bool, control: bool, weight: float, rng: Any) -> None:
    p, q = cases.mixture(rng, "triangular", 3, 2), cases.mixture(rng, "diagonal", 2, 2)
    options = {"weight": weight} if name == "js_divergence" else {}
    check(name, p, q, 4001, 1e-12, score_term=score, control_variate=control, **options)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("name", cases.NAMES)
def test_one_gradient_is_that_of_both(name: str, score: bool, position: int, rng: Any) -> None:
    p, q = cases.mixture(rng, "triangular", 3, 2), cases.mixture(rng, "diagonal", 2, 2)
    f = cases.function(name)
    both = fastdiv.value_and_grad(f, (0, 1))(p, q, 3000, 1, score_term=score)
    alone = fastdiv.value_and_grad(f, position)(p, q, 3000, 1, score_term=score)
    assert cases.bits(alone[1]) == cases.bits(both[1][position])
    assert alone[0] == both[0] == f(p, q, 3000, 1, score_term=score)


def test_batches_broadcast(dtype: Any, rng: Any) -> None:
    p = cases.mixture(rng, "triangular", 2, 2, dtype, batch=(3, 1))
    q = cases.mixture(rng, "diagonal", 3, 2, dtype, batch=(4,), logits=True)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.js_divergence, (0, 1))
    estimate, gradients = f(p, q, 900, 3)
    assert estimate.value.shape == estimate.standard_error.shape == (3, 4)
    single = {(i, j): f(p[i, 0], q[j], 900, 3) for i in range(3) for j in range(4)}
    for (i, j), (one, _) in single.items():
        assert one.value == estimate.value[i, j]
        assert one.standard_error == estimate.standard_error[i, j]
    for name, array in cases.parameters(gradients[0]).items():
        summed = [
            sum(cases.parameters(single[i, j][1][0])[name] for j in range(4)) for i in range(3)
        ]
        np.testing.assert_allclose(array[:, 0], summed, rtol=1e-5, atol=1e-5)
    for name, array in cases.parameters(gradients[1]).items():
        summed = [
            sum(cases.parameters(single[i, j][1][1])[name] for i in range(3)) for j in range(4)
        ]
        np.testing.assert_allclose(array, summed, rtol=1e-5, atol=1e-5)


def test_one_distribution_for_a_batch(rng: Any) -> None:
    p, q = cases.mixture(rng, "triangular", 2, 2, batch=(5,)), cases.gaussian(rng, "diagonal", 2)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, (0, 1))
    estimate, (by_p, by_q) = f(p, q, 900, 3)
    parts = [f(p[k], q, 900, 3) for k in range(5)]
    assert estimate.value.tolist() == [part[0].value for part in parts]
    assert by_p.components.mean.tolist() == [part[1][0].components.mean.tolist() for part in parts]
    np.testing.assert_allclose(by_q.std, sum(part[1][1].std for part in parts), rtol=1e-13)
    assert by_q.std.shape == (2,)


def test_empty_batches(rng: Any) -> None:
    p = cases.gaussian(rng, "diagonal", 2, batch=(0,))
    estimate = fastdiv.montecarlo.kl_divergence(p, p, 100, 0)
    assert estimate.value.shape == estimate.standard_error.shape == (0,)


def test_types_meet_in_the_wider_and_gradients_keep_their_own(rng: Any) -> None:
    p = cases.gaussian(rng, "triangular", 2, np.float32)
    q = cases.mixture(rng, "diagonal", 2, 2, np.float64)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, (0, 1))
    estimate, (by_p, by_q) = f(p, q, 1000, 3)
    wide = type(p)(p.mean.astype(np.float64), p.scale_tril.astype(np.float64))
    assert estimate.value == f(wide, q, 1000, 3)[0].value
    assert by_p.dtype == np.float32 and by_q.dtype == np.float64


def test_slices_of_a_batch_are_taken_as_they_lie(rng: Any) -> None:
    p, q = (cases.gaussian(rng, "diagonal", 2, batch=(6,)) for _ in range(2))
    whole = fastdiv.montecarlo.kl_divergence(p, q, 1000, 1)
    some = fastdiv.montecarlo.kl_divergence(p[::2], q[::2], 1000, 1)
    assert some.value.tolist() == whole.value[::2].tolist()


@pytest.mark.parametrize("name", cases.NAMES)
def test_equal_distributions_are_no_distance_apart(name: str, dtype: Any, rng: Any) -> None:
    for form in cases.FORMS:
        for components in (0, 3):
            p = cases.mixture(rng, form, components, 5, dtype)
            estimate = cases.function(name)(p, p, 1200, 9)
            assert estimate.value == 0 and estimate.standard_error == 0


def test_means_far_from_zero_cost_no_digits(dtype: Any, rng: Any) -> None:
    near = cases.mixture(rng, "diagonal", 2, 2, dtype), cases.gaussian(rng, "diagonal", 2, dtype)
    shift = np.array(1024.0, dtype)
    mean = np.round(near[0].components.mean * 64) / 64  # what is added to 1024 without rounding
    p = Mixture(near[0].weights, Normal(mean, near[0].components.std))
    q = Normal(np.round(near[1].mean * 64) / 64, near[1].std)
    moved = Mixture(p.weights, Normal(p.components.mean + shift, p.components.std))
    expected = fastdiv.montecarlo.kl_divergence(p, q, 2000, 1)
    assert (
        fastdiv.montecarlo.kl_divergence(moved, Normal(q.mean + shift, q.std), 2000, 1) == expected
    )


def test_weights_of_the_jensen_shannon_divergence_at_their_ends(rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 2), cases.gaussian(rng, "diagonal", 2)
    for weight in (0.0, 1.0):
        f = fastdiv.value_and_grad(fastdiv.montecarlo.js_divergence, (0, 1))
        estimate, gradients = f(p, q, 1000, 1, weight=weight)
        assert estimate.value == 0 and estimate.standard_error == 0
        for gradient in gradients:
            assert not gradient.mean.any() and not gradient.std.any()
