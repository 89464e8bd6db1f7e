"""Gradients of fastdiv.nn.functional are the derivatives of its values: central differences in float64."""

import numpy as np
import pytest

import nn_reference as reference
from fastdiv.nn import functional

STEP, TOLERANCE = 1e-5, 1e-7
PLACE = (11, 3, 1)


def check(value, arguments, position, gradient, rng) -> None:
    """Compare a gradient with differences in its own and in random directions."""
    x = arguments[position]
    for direction in (np.sign(gradient), *rng.normal(size=(3, *x.shape))):
        moved = [list(arguments), list(arguments)]
        moved[0][position] = x + STEP * direction
        moved[1][position] = x - STEP * direction
        difference = (value(*moved[0]) - value(*moved[1])) / (2 * STEP)
        exact = (gradient * direction).sum()
        assert abs(difference - exact) <= TOLERANCE * np.abs(gradient * direction).sum()


@pytest.fixture
def matrices(rng):
    return rng.normal(size=(13, 21)), rng.normal(size=(13, 21)), rng.random((13, 21))


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_bias_activation(isa, rng, matrices, activation) -> None:
    x, upstream, _ = matrices
    x[np.abs(x) < 0.01] = 0.5  # relu has no derivative at 0
    bias, row = np.zeros(21), rng.normal(size=21)

    def loss(x, bias):
        return (functional.bias_activation(x, bias, activation) * (upstream + row)).sum()

    pre = np.empty_like(x)
    y = functional.bias_activation(x, bias, activation, pre=pre)
    saved = pre if activation == "gelu" else y
    gradient, by_bias = functional.bias_activation_backward(
        saved, upstream, activation, column_upstream=row
    )
    check(loss, (x, bias), 0, gradient, rng)
    check(loss, (x, bias), 1, by_bias, rng)


@pytest.mark.parametrize("likelihood", [functional.bernoulli_nll, functional.gaussian_nll])
def test_likelihoods(isa, rng, matrices, likelihood) -> None:
    x, _, target = matrices
    cotangent, gradient = rng.normal(size=13), np.empty_like(x)
    likelihood(x, target, gradient=gradient, cotangent=cotangent)
    check(lambda x: likelihood(x, target) @ cotangent, (x,), 0, gradient, rng)


def test_gaussian_kl_draw(isa, rng, matrices) -> None:
    mean, log_variance, upstream = matrices
    cotangent = rng.normal(size=13)

    def loss(mean, log_variance):
        kl, z = functional.gaussian_kl_draw(mean, log_variance, *PLACE)
        return kl @ cotangent + (z * upstream).sum()

    gradients = functional.gaussian_kl_draw_backward(
        mean, log_variance, upstream, *PLACE, cotangent=cotangent
    )
    for k in range(2):
        check(loss, (mean, log_variance), k, gradients[k], rng)


def test_sparsity_penalty(isa, rng, matrices) -> None:
    _, _, activations = matrices
    gradient = np.empty(21)

    def loss(activations):
        return 3 * functional.sparsity_penalty(activations, 0.3)

    functional.sparsity_penalty(activations, 0.3, gradient=gradient, cotangent=3.0)
    check(loss, (activations,), 0, np.broadcast_to(gradient, activations.shape), rng)


def test_reference_has_the_same_gradients(rng, matrices) -> None:
    x, upstream, target = matrices
    gradient = np.empty_like(x)
    reference.bernoulli_nll(x, target, gradient=gradient)
    check(lambda x: reference.bernoulli_nll(x, target).sum(), (x,), 0, gradient, rng)
    reference.gaussian_nll(x, target, 0.3, gradient=gradient)
    check(lambda x: reference.gaussian_nll(x, target, 0.3).sum(), (x,), 0, gradient, rng)
    for activation in ("tanh", "sigmoid", "softplus", "gelu"):

        def loss(x, activation=activation):
            return (reference.bias_activation(x, np.zeros(21), activation) * upstream).sum()

        saved = (
            x if activation == "gelu" else reference.bias_activation(x, np.zeros(21), activation)
        )
        gradient, _ = reference.bias_activation_backward(saved, upstream, activation)
        check(loss, (x,), 0, gradient, rng)
