"""Optimizers against the published formula, against PyTorch, and their errors."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from fastdiv.fitting import Adam, GradientDescent, cosine_decay


def published_adam(x: Any, gradients: Any, rate: float, b1: float, b2: float, eps: float) -> Any:
    """Algorithm 1 of Kingma and Ba, line by line, in plain Python."""
    m = v = [0.0] * len(x)
    for t, g in enumerate(gradients, start=1):
        m = [b1 * mi + (1 - b1) * gi for mi, gi in zip(m, g, strict=True)]
        v = [b2 * vi + (1 - b2) * gi * gi for vi, gi in zip(v, g, strict=True)]
        m_hat = [mi / (1 - b1**t) for mi in m]
        v_hat = [vi / (1 - b2**t) for vi in v]
        x = [
            xi - rate * mi / (math.sqrt(vi) + eps)
            for xi, mi, vi in zip(x, m_hat, v_hat, strict=True)
        ]
    return x


def test_adam_is_the_published_algorithm(rng: np.random.Generator) -> None:
    settings = 0.02, 0.8, 0.95, 1e-6
    gradients = rng.normal(size=(50, 4)) * [1e-8, 1, 1e3, 0]
    x = rng.normal(size=4)
    expected = published_adam(x.tolist(), gradients.tolist(), *settings)
    adam = Adam(*settings)
    for gradient in gradients:
        adam.step(x, gradient)
    np.testing.assert_allclose(x, expected, rtol=1e-13)
    assert adam.steps == 50


def test_adam_agrees_with_torch(dtype: type, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    start = rng.normal(size=(3, 5)).astype(dtype)
    gradients = (rng.normal(size=(200, 3, 5)) * 10.0 ** rng.integers(-4, 4, (3, 5))).astype(dtype)
    x, theirs = start.copy(), torch.from_numpy(start.copy()).requires_grad_()
    adam = Adam(learning_rate=0.05, beta1=0.85, beta2=0.99)
    optimizer = torch.optim.Adam([theirs], lr=0.05, betas=(0.85, 0.99))
    for gradient in gradients:
        adam.step(x, gradient)
        theirs.grad = torch.from_numpy(gradient)
        optimizer.step()
    # The order of the multiplications is another: a few units in the last place a step.
    rtol = 200 * 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(x, theirs.detach().numpy(), rtol=rtol, atol=rtol)
    assert x.dtype == dtype
    assert adam.first_moment is not None
    assert adam.first_moment.dtype == dtype
    state = optimizer.state[theirs]
    np.testing.assert_allclose(adam.first_moment, state["exp_avg"].numpy(), rtol=rtol, atol=1e-6)
    np.testing.assert_allclose(adam.second_moment, state["exp_avg_sq"].numpy(), rtol=rtol)


def test_a_fresh_one_has_the_settings_and_no_state() -> None:
    adam = Adam(0.1, beta1=0.5, beta2=0.6, epsilon=1e-3)
    adam.step(np.ones(2), np.ones(2))
    fresh = adam.fresh()
    assert (fresh.learning_rate, fresh.beta1, fresh.beta2, fresh.epsilon) == (0.1, 0.5, 0.6, 1e-3)
    assert (fresh.steps, fresh.first_moment, fresh.second_moment) == (0, None, None)
    assert adam.steps == 1
    assert "moment" not in repr(adam)


def test_learning_rate_of_each_step() -> None:
    for optimizer in (
        Adam(lambda step: 1 / (step + 1)),
        GradientDescent(lambda step: 1 / (step + 1)),
    ):
        x = np.zeros(1)
        moved = []
        for _ in range(4):
            before = x.copy()
            optimizer.step(x, np.ones(1))
            moved.append(float((before - x)[0]))
        # Of a gradient that is always 1, Adam's step is the rate.
        np.testing.assert_allclose(moved, [1, 1 / 2, 1 / 3, 1 / 4], rtol=1e-7)


def test_gradient_descent() -> None:
    x = np.array([1.0, -1.0], np.float32)
    GradientDescent(0.5).step(x, np.array([1.0, 2.0], np.float32))
    assert x.tolist() == [0.5, -2.0]
    assert x.dtype == np.float32


def test_cosine_decay() -> None:
    rate = cosine_decay(0.2, 10)
    rates = [rate(step) for step in range(13)]
    assert rates[0] == 0.2
    assert rates[5] == pytest.approx(0.1)
    assert rates[10:] == [0, 0, 0]
    assert all(a > b for a, b in itertools.pairwise(rates[:11]))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Adam(0.0), ValueError, "learning_rate must be positive and finite, got 0.0"),
        (lambda: Adam("1"), TypeError, "learning_rate must be a real number, got '1'"),
        (lambda: Adam(0.1, beta1=1.0), ValueError, r"beta1 must lie in \[0, 1\), got 1.0"),
        (lambda: Adam(0.1, beta2=-0.1), ValueError, r"beta2 must lie in \[0, 1\), got -0.1"),
        (lambda: Adam(0.1, epsilon=0.0), ValueError, "epsilon must be positive"),
        (lambda: GradientDescent(float("nan")), ValueError, "learning_rate must be positive"),
        (lambda: cosine_decay(0.1, 0), ValueError, "steps must be at least 1, got 0"),
        (lambda: cosine_decay(0.1, 1.5), TypeError, "steps must be an int, got 1.5"),
    ],
)
def test_wrong_settings(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("optimizer", [Adam(0.1), GradientDescent(0.1)])
def test_wrong_shapes(optimizer: Any) -> None:
    optimizer.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"gradient has shape \(2,\): expected \(3,\)"):
        optimizer.step(np.ones(3), np.ones(2))


def test_adam_refuses_other_parameters_than_it_began_with() -> None:
    adam = Adam(0.1)
    adam.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"parameters has shape \(2,\): expected \(3,\)"):
        adam.step(np.ones(2), np.ones(2))
    assert adam.steps == 1


@pytest.mark.parametrize("optimizer", [Adam(), GradientDescent()])
def test_a_step_takes_arrays(optimizer: Any) -> None:
    x = np.ones(2)
    with pytest.raises(
        TypeError, match=r"parameters must be an array of float32 or .* got \[1.0\]"
    ):
        optimizer.step([1.0], [2.0])
    with pytest.raises(TypeError, match=r"parameters must be an array of float32 or .* got array"):
        optimizer.step(np.ones(2, int), x)
    with pytest.raises(TypeError, match=r"gradient must be an array, got \[1.0, 2.0\]"):
        optimizer.step(x, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\): expected \(2,\)"):
        optimizer.step(x, np.ones(3))
    assert optimizer.steps == 0
