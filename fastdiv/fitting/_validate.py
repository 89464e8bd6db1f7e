"""Every error that a caller of `fitting` can cause; what the distributions refuse is in their own folder."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validate import describe, real
from ..distributions import Mixture, MultivariateNormal, Normal
from ..distributions._validate import flag as flag

Array = NDArray[Any]


def learning_rate(value: Any) -> None:
    """Check a learning rate: a positive number, or a function of the step."""
    if not callable(value):
        positive("learning_rate", value)


def positive(name: str, value: Any) -> None:
    """Check a positive finite number."""
    if not 0 < real(name, value) < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {describe(value)}")


def decay(name: str, value: Any) -> None:
    """Check how much of a mean is kept."""
    if not 0 <= real(name, value) < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {describe(value)}")


def count(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {describe(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {describe(value)}")
    return int(value)


def step(parameters: Any, gradient: Any) -> None:
    """Check the arrays of an optimizer's step: one that is moved, and a gradient of its shape."""
    if not isinstance(parameters, np.ndarray) or parameters.dtype.char not in "fd":
        expected = "an array of float32 or float64, which is changed in place"
        raise TypeError(f"parameters must be {expected}, got {describe(parameters)}")
    if not isinstance(gradient, np.ndarray):
        raise TypeError(f"gradient must be an array, got {describe(gradient)}")
    same_shape(parameters, gradient=gradient)


def same_shape(like: Array, **arrays: Array) -> None:
    """Check that arrays are of the shape that an optimizer's steps are of."""
    for name, array in arrays.items():
        if array.shape != like.shape:
            raise ValueError(f"{name} has shape {array.shape}: expected {like.shape}")


def choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Check one of several words."""
    if value not in choices:
        expected = ", ".join(repr(each) for each in choices)
        raise ValueError(f"{name} must be one of {expected}, got {describe(value)}")


def distribution(name: str, value: Any) -> None:
    """Check that an argument is a distribution."""
    if not isinstance(value, (Normal, MultivariateNormal, Mixture)):
        expected = "a Normal, MultivariateNormal or Mixture"
        raise TypeError(f"{name} must be {expected}, got {describe(value)}")


def optimizer(value: Any) -> None:
    """Check that an optimizer has what is asked of it."""
    if isinstance(value, type) or not all(hasattr(value, name) for name in ("step", "fresh")):
        expected = "an optimizer, for example fastdiv.fitting.Adam(learning_rate=0.01)"
        raise TypeError(f"optimizer must be {expected}, got {describe(value)}")


def function(name: str, value: Any) -> None:
    """Check a function, or None."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function or None, got {describe(value)}")


def joint_batch(q0: Any, target: Any) -> tuple[int, ...]:
    """Return the shape of the batch of fits, of the starts against the targets."""
    if q0.event_shape != target.event_shape:
        sizes = f"q0 with {q0.event_shape[0]} and target with {target.event_shape[0]}"
        raise ValueError(f"{sizes} dimensions: expected the same")
    try:
        return np.broadcast_shapes(q0.batch_shape, target.batch_shape)
    except ValueError:
        shapes = f"q0 with batch shape {q0.batch_shape} and target with {target.batch_shape}"
        raise ValueError(f"{shapes} do not broadcast") from None


def finite_start(coordinates: Array) -> None:
    """Check that a start lies inside of what can be reached: no weight is 0."""
    if not np.isfinite(coordinates).all():
        raise ValueError(
            "q0 has a component of weight 0, whose logit is -inf: expected positive weights"
        )
