"""Far tails, tiny scales, singular covariances: finite and right, or +inf, never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.distributions import kl_divergence as closed_form


def sound(p: Any, q: Any, infinite: bool = False, n: int = 1200) -> list[float]:
    """Return the values of KL and JS after a look at everything that comes with them."""
    values = []
    for name in cases.NAMES:
        for options in ({}, {"score_term": False}, {"antithetic": True, "control_variate": True}):
            f = fastdiv.value_and_grad(cases.function(name), (0, 1))
            estimate, gradients = f(p, q, n, 3, **options)
            assert not np.isnan(estimate.value) and not np.isnan(estimate.standard_error)
            if name == "js_divergence":
                assert -1e-6 < estimate.value < np.log(2) + 1e-6
            elif not infinite:
                assert np.isfinite(estimate.value)
            for gradient in gradients:
                for field, array in cases.parameters(gradient).items():
                    assert not np.isnan(array).any(), (name, options, field)
        values.append(float(cases.function(name)(p, q, n, 3).value))
    return values


@pytest.mark.parametrize("distance", [11.0, 60.0, 1e4])
def test_far_apart(distance: float, dtype: Any) -> None:
    p, q = (
        Normal(np.zeros(2, dtype), np.ones(2, dtype)),
        Normal(np.full(2, distance, dtype), np.ones(2, dtype)),
    )
    kl, js = sound(p, q)
    assert kl == pytest.approx(distance**2, rel=0.02)
    if distance > 20:
        assert js == pytest.approx(np.log(2), rel=1e-6)
    mixed = Mixture(
        np.array([0.5, 0.5], dtype),
        Normal(np.array([[0, 0], [distance, 0]], dtype), np.ones((2, 2), dtype)),
    )
    sound(mixed, q)
    sound(q, mixed)


def test_out_of_range_is_infinite(dtype: Any) -> None:
    """Further away than the square has numbers for."""
    far = {np.float32: 1e25, np.float64: 1e200}[dtype]
    p = Normal(np.zeros(2, dtype), np.ones(2, dtype))
    for q in (
        Normal(np.array([far, 0], dtype), np.ones(2, dtype)),
        MultivariateNormal(np.array([far, 0], dtype), np.array([[1, 0], [0.5, 1]], dtype)),
    ):
        kl, js = sound(p, q, infinite=True)
        assert kl == np.inf
        assert js == pytest.approx(np.log(2), rel=1e-6)
        estimate = montecarlo.kl_divergence(p, q, 100, 1)
        assert estimate.standard_error == np.inf
        mixed = Mixture(
            np.array([0.5, 0.5], dtype),
            Normal(np.array([[0, 0], [far, 0]], dtype), np.ones((2, 2), dtype)),
        )
        sound(mixed, q, infinite=True)
        sound(q, mixed, infinite=True)
        assert sound(p, mixed)[0] == pytest.approx(np.log(2), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-30, 1e30])
def test_scales(scale: float, dtype: Any) -> None:
    p = Normal(np.zeros(3, dtype), np.full(3, scale, dtype))
    q = MultivariateNormal(
        np.full(3, scale, dtype),
        np.array([[1, 0, 0], [0.5, 1, 0], [0.1, -0.3, 1]], dtype) * dtype(scale),
    )
    unit = Normal(np.zeros(3, dtype), np.ones(3, dtype))
    wide = MultivariateNormal(q.mean / dtype(scale), q.scale_tril / dtype(scale))
    kl, js = sound(p, q)
    expected = [
        f(unit, wide, 1200, 3).value for f in (montecarlo.kl_divergence, montecarlo.js_divergence)
    ]
    assert [kl, js] == pytest.approx(expected, rel=300 * float(np.finfo(dtype).eps))


def test_tiny_scales_beside_large_means(dtype: Any) -> None:
    p = Normal(np.array([1.0], dtype), np.array([1e-6], dtype))
    q = Normal(np.array([1.0], dtype), np.array([2e-6], dtype))
    estimate = montecarlo.kl_divergence(p, q, 100_000, 1)
    assert abs(estimate.value - (np.log(2) + 1 / 8 - 1 / 2)) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.01


def test_a_narrow_component_inside_of_a_wide_one(dtype: Any) -> None:
    means, stds = np.zeros((2, 2), dtype), np.array([[1, 1], [1e-4, 1e-4]], dtype)
    p = Mixture(np.array([0.5, 0.5], dtype), Normal(means, stds))
    q = Normal(np.zeros(2, dtype), np.ones(2, dtype))
    kl, _ = sound(p, q, n=20_000)
    # Half of the mass sees log 1/2, half log(1e8 / 2) less a unit of each square and its own.
    assert kl == pytest.approx(0.5 * np.log(0.5) + 0.5 * (np.log(0.5e8) - 1), rel=0.01)


@pytest.mark.parametrize("least", [1e-3, 1e-6, 1e-12])
def test_nearly_singular(least: float, dtype: Any) -> None:
    scale = np.array([[1, 0, 0], [1, least, 0], [0.5, 0.5, 1]], dtype)
    p = MultivariateNormal(np.zeros(3, dtype), scale)
    q = MultivariateNormal(np.zeros(3, dtype), np.eye(3, dtype=dtype))
    kl, _ = sound(p, q, n=20_000)
    estimate = montecarlo.kl_divergence(p, q, 200_000, 1)
    assert abs(estimate.value - float(closed_form(p, q))) < 4.5 * estimate.standard_error
    assert np.isfinite(sound(q, p)[0])
    assert kl > 0


def test_weights_of_zero(rng: Any) -> None:
    parts = cases.gaussian(rng, "triangular", 2, batch=(3,))
    p = Mixture([0.5, 0.0, 0.5], parts)
    q = Mixture([0.0, 0.3, 0.7], cases.gaussian(rng, "diagonal", 2, batch=(3,)))
    sound(p, q)
    without = Mixture([0.5, 0.5], parts[::2])
    found = montecarlo.kl_divergence(p, q, 300_000, 1)
    other = montecarlo.kl_divergence(without, q, 300_000, 2)
    reach = 4 * np.hypot(found.standard_error, other.standard_error)
    assert abs(found.value - other.value) < reach
    # The gradient by a weight of zero is what adding a little of it does.
    f = fastdiv.value_and_grad(montecarlo.kl_divergence, (0, 1))
    _, (by_p, by_q) = f(p, q, 3000, 1)
    step = 1e-6
    for position, gradient in enumerate((by_p, by_q)):
        d = (p, q)[position]
        for k in np.flatnonzero(d.weights == 0):
            more = d.weights + step * (np.arange(3) == k)
            changed = Mixture(more / more.sum(), d.components)
            pair = (changed, q) if position == 0 else (p, changed)
            slope = (
                montecarlo.kl_divergence(*pair, 3000, 1).value
                - montecarlo.kl_divergence(p, q, 3000, 1).value
            ) / step
            assert gradient.weights[k] == pytest.approx(slope, rel=1e-3)
            assert not gradient.components.mean[k].any()


def test_logits_of_minus_infinity(rng: Any) -> None:
    parts = cases.gaussian(rng, "diagonal", 2, batch=(2,))
    p = Mixture(logits=[0.0, -np.inf], components=parts)
    q = cases.gaussian(rng, "triangular", 2)
    sound(p, q)
    sound(q, p)
    _, by_p = fastdiv.value_and_grad(montecarlo.kl_divergence, 0)(p, q, 1000, 1)
    assert by_p.logits.tolist() == [0, 0]


def test_a_component_without_weight_far_away(dtype: Any) -> None:
    far = {np.float32: 1e20, np.float64: 1e160}[dtype]
    p = Mixture(
        np.array([1, 0], dtype), Normal(np.array([[0.0], [far]], dtype), np.ones((2, 1), dtype))
    )
    q = Normal(np.zeros(1, dtype), np.array([2.0], dtype))
    for pair in ((p, q), (q, p), (p, p)):
        for name in cases.NAMES:
            f = fastdiv.value_and_grad(cases.function(name), (0, 1))
            estimate, gradients = f(*pair, 1000, 1)
            assert np.isfinite(estimate.value)
            for gradient in gradients:
                parts = cases.parameters(gradient)
                assert np.isfinite(parts["mean"]).all() and np.isfinite(parts["std"]).all()
