"""The gradient of whole models, against difference quotients; the loss, against plain formulas."""

from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from fastdiv import nn, random
from fastdiv.nn import _position
from nn_cases import ACTIVATIONS, ESTIMATORS, data, small
from nn_reference import activate, sigmoid, softplus

STEP = 2e-3
# Central differences over 1, 2, 3 and 4 steps: the error is of eighth order.
WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}


def prepared(kind: Any, likelihood: str, **options: Any) -> tuple[Any, Any]:
    """A model in float64 with parameters of size 1/2, at a position in the middle of a training, and a batch."""
    X = data(likelihood)
    model = small(kind, likelihood=likelihood, dtype="float64", **options).fit(X)
    values = model._network.vectors[0]
    values[:] = 0.5 * np.random.default_rng(8).normal(size=values.shape)
    workspace = model._training_workspace(16).first(13)
    workspace.rows[...] = X[:13]
    return model, workspace


def quotients(model: Any, workspace: Any, places: Any) -> Any:
    values = model._network.vectors[0]
    found = []
    for place in places:
        before, total = values[place], 0.0
        for steps, weight in WEIGHTS.items():
            for sign in (1, -1):
                values[place] = before + sign * steps * STEP
                total += sign * weight * model._gradients(workspace).terms(model._terms)["loss"]
        values[place] = before
        found.append(total / STEP)
    return np.array(found)


def check(model: Any, workspace: Any) -> None:
    model._gradients(workspace)
    gradient = model._network.vectors[1].copy()
    start = 0
    for parameter in model._network.parameters:
        places = slice(start, start + parameter.value.size)
        expected = quotients(model, workspace, range(places.start, places.stop))
        error = np.abs(gradient[places] - expected).max() / np.abs(expected).max()
        assert error <= 1e-7, f"{parameter.name}: {error:.2g}"
        start = places.stop
    assert start == gradient.size


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_gradient(kind: Any, likelihood: str) -> None:
    check(*prepared(kind, likelihood, activation="tanh", scale=0.8))


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "relu"])
def test_gradient_of_every_activation(activation: str) -> None:
    check(*prepared(nn.VariationalAutoencoder, "bernoulli", activation=activation))


def test_gradient_of_relu() -> None:
    model, workspace = prepared(nn.VariationalAutoencoder, "bernoulli", activation="relu")
    model._network.vectors[0] *= 0.2
    for chain in (model._network.encoder, model._network.decoder):
        for layer in chain.layers[:-1]:  # far from the kink, on either side
            bias = layer.parameters[1].value
            bias[...] = np.where(np.arange(bias.size) % 2, 2, -2)
    check(model, workspace)


@pytest.mark.parametrize("corruption", ["mask", "gaussian", "salt_and_pepper"])
def test_gradient_of_corruptions(corruption: str) -> None:
    check(
        *prepared(nn.DenoisingAutoencoder, "gaussian", corruption=corruption, activation="softplus")
    )


@pytest.mark.parametrize("options", [{"beta": 0.0}, {"beta": 3.0}, {"warm_up_steps": 1000}])
def test_gradient_of_weighted_divergence(options: Any) -> None:
    check(*prepared(nn.VariationalAutoencoder, "gaussian", activation="tanh", **options))


def layers(model: Any, part: str) -> list[tuple[Any, Any, str]]:
    chain = getattr(model._network, part)
    return [(*(p.value for p in layer.parameters), layer.activation) for layer in chain.layers]


def through(x: Any, parts: list[tuple[Any, Any, str]]) -> Any:
    for weight, bias, activation in parts:
        x = activate(x @ weight + bias, activation)
    return x


def plain_nll(model: Any, outputs: Any, x: Any) -> Any:
    if model.likelihood == "bernoulli":
        return (softplus(outputs) - x * outputs).sum(axis=1)
    terms = (x - outputs) ** 2 / (2 * model.scale**2) + np.log(model.scale * np.sqrt(2 * np.pi))
    return terms.sum(axis=1)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_loss_is_the_plain_formula(kind: Any, likelihood: str, activation: str) -> None:
    model, workspace = prepared(kind, likelihood, activation=activation, scale=0.5)
    terms = model._gradients(workspace).terms(model._terms)
    x, position = workspace.rows, model._position
    given = workspace.extra.get("corrupted", x)
    code = through(given, layers(model, "encoder"))
    expected = {}
    if kind is nn.VariationalAutoencoder:
        mean, log_variance = code[:, :3], code[:, 3:]
        noise = random.normal(position.seed, mean.shape, position.rows_seen * 3, _position.LATENT)
        code = mean + np.exp(log_variance / 2) * noise
        kl = (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2
        expected["kl"] = kl.mean()
    if kind is nn.SparseAutoencoder:
        active, rho = code.mean(axis=0), 0.05
        kl = rho * np.log(rho / active) + (1 - rho) * np.log((1 - rho) / (1 - active))
        expected["penalty"] = model.sparsity_weight * kl.sum()
    outputs = through(code, layers(model, "decoder"))
    reconstruction = plain_nll(model, outputs, x).mean()
    if expected:
        expected["reconstruction"] = reconstruction
    expected["loss"] = reconstruction + expected.get("kl", 0) + expected.get("penalty", 0)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_inference_is_the_plain_formula(likelihood: str) -> None:
    model, _ = prepared(nn.VariationalAutoencoder, likelihood)
    X = data(likelihood)
    encoded = through(X, layers(model, "encoder"))
    mean, log_variance = encoded[:, :3], encoded[:, 3:]
    np.testing.assert_allclose(model.transform(X), mean, rtol=1e-12)
    means, deviations = model.posterior(X)
    assert np.array_equal(means, model.transform(X))
    np.testing.assert_allclose(deviations, np.exp(log_variance / 2), rtol=1e-12)
    outputs = through(mean, layers(model, "decoder"))
    means = sigmoid(outputs) if likelihood == "bernoulli" else outputs
    np.testing.assert_allclose(model.reconstruct(X), means, rtol=1e-12)

    draws = [
        random.normal(3, mean.shape, k * mean.size, _position.EVALUATION) for k in range(5)
    ]  # fmt: skip
    codes = [mean + np.exp(log_variance / 2) * noise for noise in draws]
    nll = np.array([plain_nll(model, through(z, layers(model, "decoder")), X) for z in codes])
    kl = (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2
    np.testing.assert_allclose(model.elbo(X, 5), -nll.mean(axis=0) - kl, rtol=1e-11)
    ratio = np.array(
        [
            (noise**2 + log_variance - z**2).sum(axis=1) / 2
            for noise, z in zip(draws, codes, strict=True)
        ]
    )
    expected = logsumexp(ratio - nll, axis=0) - np.log(5)
    np.testing.assert_allclose(model.log_likelihood(X, 5), expected, rtol=1e-11)
    assert model.score(X) == pytest.approx(model.elbo(X).mean(), rel=1e-12)


@pytest.mark.parametrize("kind", ESTIMATORS[:3])
def test_score_is_minus_the_loss_of_clean_rows(kind: Any) -> None:
    model, _ = prepared(kind, "bernoulli")
    X = data("bernoulli")
    outputs = through(through(X, layers(model, "encoder")), layers(model, "decoder"))
    assert model.score(X) == pytest.approx(-plain_nll(model, outputs, X).mean(), rel=1e-12)


def test_narrow_posterior_keeps_the_digits_of_its_bound() -> None:
    model = small(nn.VariationalAutoencoder).fit(data("gaussian"))
    weight, bias = (parameter.value for parameter in model._network.encoder.layers[-1].parameters)
    weight[...], bias[:3], bias[3:] = (
        0,
        5,
        -31,
    )  # standard deviations below the steps of float32 at 5
    X = data("gaussian")
    noise = random.normal(3, (40, 3), 0, _position.EVALUATION, np.float32).astype(float)
    expected = (noise**2 - 1).sum(axis=1) / 2  # what the divergence is the mean of
    np.testing.assert_allclose(model.log_likelihood(X, 1) - model.elbo(X), expected, atol=1e-4)
