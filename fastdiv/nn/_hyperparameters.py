"""Hyper-parameters that do not fit are refused when training begins, as scikit-learn does."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _validate as validate
from ._device import DEVICES, device_of

ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")
LIKELIHOODS = ("bernoulli", "gaussian")
CORRUPTIONS = ("mask", "gaussian", "salt_and_pepper")
_MOST = 2**31 - 1


def require(estimator: Any) -> None:
    """Check those that all estimators have."""
    hidden_layer_sizes(estimator.hidden_layer_sizes)
    validate.integer("n_components", estimator.n_components, 1, _MOST)
    one_of("activation", estimator.activation, ACTIVATIONS)
    one_of("likelihood", estimator.likelihood, LIKELIHOODS)
    positive("scale", estimator.scale)
    positive("learning_rate", estimator.learning_rate)
    validate.integer("batch_size", estimator.batch_size, 1, _MOST)
    validate.integer("max_epochs", estimator.max_epochs, 1, _MOST)
    validate.floating(estimator.dtype)
    device_of(one_of("device", estimator.device, DEVICES))


def defining(estimator: Any) -> dict[str, Any]:
    """Return what the network and its use depend on, in plain types; the others say how training goes on."""
    state = estimator.random_state
    return {
        "hidden_layer_sizes": hidden_layer_sizes(estimator.hidden_layer_sizes),
        "n_components": int(estimator.n_components),
        "activation": estimator.activation,
        "likelihood": estimator.likelihood,
        "scale": float(estimator.scale),
        "dtype": np.dtype(estimator.dtype).name,
        "device": estimator.device,
        "random_state": int(state) if isinstance(state, numbers.Integral) else None,
    }


def hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the widths of hidden layers; an int is one layer."""
    sizes = value.tolist() if isinstance(value, np.ndarray) else value
    sizes = (sizes,) if isinstance(sizes, numbers.Integral) else sizes
    if not isinstance(sizes, Sequence) or isinstance(sizes, str):
        raise TypeError(
            f"hidden_layer_sizes must be a tuple of ints, got {validate.describe(value)}"
        )
    return tuple(validate.integer("hidden_layer_sizes", size, 1, _MOST) for size in sizes)


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return a word of a list."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{name} must be one of {', '.join(choices)}, got {validate.describe(value)}"
        )
    return value


def positive(name: str, value: Any) -> float:
    """Return a positive finite number."""
    number = validate.real(name, value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a positive finite number, got {validate.describe(value)}")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return a finite number of 0 or more."""
    number = validate.real(name, value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and not negative, got {validate.describe(value)}")
    return number


def fraction(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a number between 0 and 1; 1 is excluded, and 0 unless it is allowed."""
    number = validate.real(name, value)
    if not 0 <= number < 1 or (number == 0 and not zero):
        expected = "lie in [0, 1), 1 excluded" if zero else "lie in (0, 1), both ends excluded"
        raise ValueError(f"{name} must {expected}, got {validate.describe(value)}")
    return number
