"""Optimizers that move arrays in place, and how their learning rate may change."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _validate as validate

Array = NDArray[Any]
Schedule = Callable[[int], float]
Self = TypeVar("Self", bound="Optimizer")


class Optimizer(Protocol):
    """What `minimize` asks of an optimizer."""

    def step(self, parameters: Array, gradient: Array) -> None:
        """Change the parameters in place, so that the function with this gradient falls."""

    def fresh(self: Self) -> Self:
        """Return an optimizer of the same settings that has made no step."""


@dataclass
class Adam:
    r"""Adam: steps along a mean of gradients, divided by the root of a mean of their squares.

    .. math:: m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad
              v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2, \quad
              \theta_t = \theta_{t-1} - \alpha\,
              \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float or function
        :math:`\alpha`, about the length of a step in each coordinate; a function takes the number of steps
        made before (0, 1, ...) and returns it. See `cosine_decay`.
    beta1, beta2 : float
        How much of the two means each step keeps, in [0, 1).
    epsilon : float
        What is added to the root, positive.

    Attributes
    ----------
    steps : int
        How many steps were made.
    first_moment, second_moment : array or None
        :math:`m` and :math:`v`, in the shape and type of the parameters; None before the first step.

    Raises
    ------
    TypeError, ValueError
        If a setting does not fit, or an array's shape is not that of the step before.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.fitting import Adam
    >>> adam, x = Adam(learning_rate=0.1), np.array([1.0, -2.0])
    >>> for _ in range(200):
    ...     adam.step(x, gradient=2 * x)  # of x²
    >>> bool(np.abs(x).max() < 1e-3)
    True
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    steps: int = field(default=0, init=False)
    first_moment: Array | None = field(default=None, init=False, repr=False)
    second_moment: Array | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        validate.learning_rate(self.learning_rate)
        validate.decay("beta1", self.beta1)
        validate.decay("beta2", self.beta2)
        validate.positive("epsilon", self.epsilon)

    def step(self, parameters: Array, gradient: Array) -> None:
        """Change the parameters in place.

        Parameters
        ----------
        parameters : array of float32 or float64
            What is moved.
        gradient : array
            The gradient there, of the same shape.

        Raises
        ------
        TypeError, ValueError
            If one is no such array, or the shape is not that of the step before.
        """
        validate.step(parameters, gradient)
        if self.first_moment is None or self.second_moment is None:
            self.first_moment = np.zeros_like(parameters)
            self.second_moment = np.zeros_like(parameters)
        m, v = self.first_moment, self.second_moment
        validate.same_shape(m, parameters=parameters)
        rate = _rate(self.learning_rate, self.steps)
        self.steps += 1
        m *= self.beta1
        m += (1 - self.beta1) * gradient
        v *= self.beta2
        v += (1 - self.beta2) * np.square(gradient)
        root = np.sqrt(v / (1 - self.beta2**self.steps))
        root += self.epsilon
        parameters -= (rate / (1 - self.beta1**self.steps)) * m / root

    def fresh(self) -> Adam:
        """Return one of the same settings that has made no step."""
        return dataclasses.replace(self)


@dataclass
class GradientDescent:
    r"""Steps against the gradient, :math:`\theta_t = \theta_{t-1} - \alpha g_t`.

    It is what natural gradients are meant for: they bring their own scale, which Adam would divide out.

    Parameters
    ----------
    learning_rate : float or function
        :math:`\alpha`; a function takes the number of steps made before (0, 1, ...) and returns it.

    Attributes
    ----------
    steps : int
        How many steps were made.

    Raises
    ------
    TypeError, ValueError
        If the learning rate does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.fitting import GradientDescent
    >>> x = np.array([1.0, -2.0])
    >>> GradientDescent(learning_rate=0.25).step(x, gradient=2 * x)
    >>> x
    array([ 0.5, -1. ])
    """

    learning_rate: float | Schedule = 0.1
    steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        validate.learning_rate(self.learning_rate)

    def step(self, parameters: Array, gradient: Array) -> None:
        """Change the parameters in place, as `Adam.step` does."""
        validate.step(parameters, gradient)
        parameters -= _rate(self.learning_rate, self.steps) * gradient
        self.steps += 1

    def fresh(self) -> GradientDescent:
        """Return one of the same settings that has made no step."""
        return dataclasses.replace(self)


def cosine_decay(learning_rate: float, steps: int) -> Schedule:
    r"""Return a learning rate that falls to 0 along half a cosine, so that a noisy fit comes to rest.

    .. math:: \alpha_t = \tfrac{\alpha}{2} \Bigl(1 + \cos \frac{\pi t}{T}\Bigr)

    Parameters
    ----------
    learning_rate : float
        :math:`\alpha`, that of the first step.
    steps : int
        :math:`T`; from this step on the rate is 0.

    Returns
    -------
    function
        From the number of steps made before, :math:`t`, to the learning rate.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> from fastdiv.fitting import Adam, cosine_decay
    >>> rate = cosine_decay(0.1, steps=100)
    >>> [round(rate(step), 3) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    >>> optimizer = Adam(learning_rate=rate)
    """
    validate.positive("learning_rate", learning_rate)
    validate.count("steps", steps)

    def rate(step: int) -> float:
        return learning_rate * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2

    return rate


def _rate(learning_rate: float | Schedule, step: int) -> float:
    return learning_rate(step) if callable(learning_rate) else learning_rate
