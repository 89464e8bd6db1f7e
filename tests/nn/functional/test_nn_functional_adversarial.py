"""Saturated, infinite and NaN arguments of fastdiv.nn.functional."""

import mpmath as mp
import numpy as np
import pytest

import nn_reference as reference
from fastdiv.nn import functional

inf, nan = np.inf, np.nan


def activate(x, activation, dtype):
    row = np.array([x], dtype)
    return functional.bias_activation(row, np.zeros(len(x), dtype), activation)[0]


@pytest.mark.parametrize(
    ("activation", "limits"),
    [
        ("identity", (-inf, inf)),
        ("relu", (0, inf)),
        ("tanh", (-1, 1)),
        ("sigmoid", (0, 1)),
        ("softplus", (0, inf)),
        ("gelu", (0, inf)),
    ],
)
def test_limits_of_activations(isa, dtype, activation, limits) -> None:
    y = activate([-inf, inf, nan], activation, dtype)
    assert tuple(y[:2]) == limits and np.isnan(y[2])
    far = activate([-1e4, 1e4], activation, dtype)
    if activation in ("tanh", "sigmoid"):
        assert tuple(far) == limits
    elif activation != "identity":
        assert tuple(far) == (0, 1e4)
    saved = np.array([[-inf, inf, nan]], dtype) if activation == "gelu" else y[np.newaxis]
    gradient, _ = functional.bias_activation_backward(saved, np.ones((1, 3), dtype), activation)
    slopes = {"identity": (1, 1), "tanh": (0, 0), "sigmoid": (0, 0)}.get(activation, (0, 1))
    assert tuple(gradient[0, :2]) == slopes
    assert np.isnan(gradient[0, 2]) or activation in ("identity", "relu")


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_activations_keep_their_digits_far_out(isa, dtype, activation) -> None:
    x = np.concatenate([-np.logspace(-30, 1.9, 300), np.logspace(-30, 1.9, 300)]).astype(dtype)
    if activation == "gelu":
        x = x[np.abs(x) < (12 if dtype is np.float32 else 36)]
    if activation in ("sigmoid", "softplus"):
        x = x[x > (-85 if dtype is np.float32 else -700)]
    y = activate(x, activation, dtype).astype(float)
    if activation == "gelu":  # the reference loses digits in the tail
        with mp.workdps(40):
            expected = np.array([float(v * mp.ncdf(v)) for v in map(mp.mpf, x.tolist())])
    else:
        expected = reference.activate(x.astype(float), activation)
    assert (np.abs(y - expected) <= 8 * np.finfo(dtype).eps * np.abs(expected)).all()


def test_extreme_logits(isa, dtype) -> None:
    logits = np.array([[1e4, -1e4, inf, -inf], [1e4, -1e4, inf, -inf], [0, 0, 0, nan]], dtype)
    x = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1]], dtype)
    gradient = np.empty_like(logits)
    value = functional.bernoulli_nll(logits, x, gradient=gradient)
    assert value[0] == 0 and (gradient[0] == 0).all()
    assert value[1] == 2e4 and gradient[1].tolist() == [1, -1, 0, 0]
    assert np.isnan(value[2]) and np.isnan(gradient[2, 3]) and gradient[2, 0] == -0.5
    assert functional.bernoulli_nll(-logits[:1], x[:1])[0] == inf
    assert functional.bernoulli_nll(np.full((1, 1), -inf), [[0.5]])[0] == inf
    assert np.isnan(functional.bernoulli_nll([[0.0]], [[nan]]))[0]


def test_gradient_of_confident_logits_keeps_its_digits(isa, dtype) -> None:
    logits, x = np.array([[30.0, -30.0]], dtype), np.array([[1.0, 0.0]], dtype)
    gradient = np.empty_like(logits)
    value = functional.bernoulli_nll(logits, x, gradient=gradient)
    t = np.exp(-30.0)
    assert np.allclose(gradient, [[-t / (1 + t), t / (1 + t)]], 4 * np.finfo(dtype).eps, 0)
    assert np.allclose(value, 2 * np.log1p(t), 4 * np.finfo(dtype).eps, 0)


def test_extreme_log_variances(isa, dtype) -> None:
    log_variance = np.array([[0.0], [-1e4], [1e4], [-inf], [inf], [nan]], dtype)
    mean = np.full_like(log_variance, 2)
    kl, z = functional.gaussian_kl_draw(mean, log_variance, 1)
    assert kl[0] == 2 and kl[1] == dtype((4 + 1e4 - 1) / 2)
    assert (kl[2:5] == inf).all() and np.isnan(kl[5])
    assert z[1] == z[3] == 2 and np.isinf(z[2]) and np.isinf(z[4]) and np.isnan(z[5])
    by_mean, by_log_variance = functional.gaussian_kl_draw_backward(
        mean, log_variance, np.zeros_like(mean), 1
    )
    assert (by_mean == 2).all()
    assert by_log_variance[0] == 0 and by_log_variance[1] == by_log_variance[3] == -0.5


def test_gaussian_nll_of_extremes(dtype) -> None:
    x = np.array([[0.0], [inf], [nan], [1e15]], dtype)
    gradient = np.empty_like(x)
    value = functional.gaussian_nll(np.zeros_like(x), x, gradient=gradient)
    assert value[1] == inf and np.isnan(value[2]) and np.isclose(value[3], 5e29)
    assert gradient[1] == -inf and np.isnan(gradient[2])
    small = functional.gaussian_nll(np.zeros((1, 2)), np.zeros((1, 2)), 1e-150)
    assert np.isclose(small[0], 2 * (np.log(1e-150) + np.log(2 * np.pi) / 2))


def test_saturated_units(isa, dtype) -> None:
    activations = np.array([[0, 1, 0.5, nan, 1.5, -1]] * 3, dtype)
    for j, expected in enumerate([inf, inf, None, nan, nan, nan]):
        gradient = np.empty(1, dtype)
        value = functional.sparsity_penalty(activations[:, [j]], 0.05, gradient=gradient)
        if expected is not None:
            assert value == expected or (np.isnan(expected) and np.isnan(value))
    gradient = np.empty(6, dtype)
    functional.sparsity_penalty(activations, 0.05, gradient=gradient)
    assert gradient[0] == -inf and gradient[1] == inf and np.isnan(gradient[3])


@pytest.mark.parametrize("kind", ["mask", "salt_and_pepper"])
def test_levels(dtype, kind) -> None:
    x = np.full((100, 100), 0.5, dtype)
    assert np.array_equal(functional.corrupt(x, kind, 0.0, 1), x)
    counts = np.unique(functional.corrupt(x, kind, 1.0, 1), return_counts=True)
    assert counts[0].tolist() == ([0] if kind == "mask" else [0, 1])
    values = functional.corrupt(x, kind, 0.3, 1)
    assert abs((values != 0.5).mean() - 0.3) < 4.5 * np.sqrt(0.21 / 10_000)
    if kind == "salt_and_pepper":
        assert abs((values == 1).mean() - 0.15) < 4.5 * np.sqrt(0.1275 / 10_000)
    assert np.isnan(functional.corrupt(np.full((1, 1), nan), kind, 0.0, 1)).all()


def test_adam_with_bounds_of_its_options(isa, dtype) -> None:
    parameters, gradient = np.ones(5, dtype), np.array([0, 1, -1, nan, inf], dtype)
    first, second = np.zeros(5, dtype), np.zeros(5, dtype)
    functional.adam_step(parameters, gradient, first, second, 2**62, beta1=0.0, beta2=0.0)
    assert (
        parameters[0] == 1 and np.isclose(parameters[1], 0.999) and np.isclose(parameters[2], 1.001)
    )
    assert np.isnan(parameters[3]) and np.isnan(parameters[4])
    assert first[1] == 1 and second[2] == 1


def test_gaussian_nll_of_scales_whose_square_leaves_the_range(isa, dtype) -> None:
    mean, x = np.array([[1.0, 1.0]], dtype), np.array([[1.0, 1.0]], dtype)
    for scale in (1e-200, 1e-30, 1e200):
        gradient = np.empty_like(mean)
        [value] = functional.gaussian_nll(mean, x, scale, gradient=gradient)
        assert np.isclose(value, 2 * (np.log(scale) + np.log(2 * np.pi) / 2))
        assert (gradient == 0).all()
    assert functional.gaussian_nll(np.array([[inf]], dtype), [[0.0]], 1e200)[0] == inf
