"""Fit a distribution to another by following the gradient of a Monte Carlo divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _autodiff, montecarlo
from . import _validate as validate
from ._coordinates import Coordinates, Distribution
from ._failures import require_finite, require_inside, warn_if_stuck
from ._natural_gradient import NaturalGradient
from ._optimizers import Adam, GradientDescent, Optimizer

Array = NDArray[Any]
Callback = Callable[[int, Any, Any], object]

# What is computed, and the position of the fitted distribution in it.
_DIVERGENCES = {
    "reverse_kl": (montecarlo.kl_divergence, 0),
    "forward_kl": (montecarlo.kl_divergence, 1),
    "js": (montecarlo.js_divergence, 1),
}
_LEARNING_RATE = 0.01
# Of JS with weight w, JS(ξ : ξ + dξ) = w (1 − w) ½ g dξ² + …: the metric g times this is its curvature where q = p.
_CURVATURE = {"reverse_kl": 1.0, "forward_kl": 1.0, "js": 0.25}


@dataclass(frozen=True, eq=False)
class Fit:
    """What `minimize` found, and the way there.

    Attributes
    ----------
    distribution : Normal, MultivariateNormal or Mixture
        The fitted distribution, of the class and type of the start; the batch holds all fits.
    path : Normal, MultivariateNormal or Mixture
        The same class with one more batch axis in front: the start, and where each step led.
    losses : ndarray, shape (steps, ...)
        Estimated divergence before each step, in nats.
    standard_errors : ndarray, shape (steps, ...)
        Standard errors of the losses.
    """

    distribution: Any
    path: Any
    losses: Array
    standard_errors: Array

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.losses)


def minimize(
    q0: Distribution,
    target: Distribution,
    divergence: str = "reverse_kl",
    *,
    optimizer: Optimizer | None = None,
    n_samples: int = 1000,
    steps: int = 1000,
    seed: int = 0,
    callback: Callback | None = None,
    natural_gradient: bool = False,
    antithetic: bool = False,
    score_term: bool = False,
) -> Fit:
    r"""Fit a distribution q to a target p by following the gradient of a divergence.

    .. math:: \text{reverse KL: } \min_q \mathrm{KL}(q \,\|\, p), \quad
              \text{forward KL: } \min_q \mathrm{KL}(p \,\|\, q), \quad
              \text{JS: } \min_q \mathrm{JS}(p, q)

    Reverse KL seeks a mode: q stays where p has mass. Forward KL covers p: the best normal distribution has
    the mean and covariance of p. Each step estimates the divergence and its gradient from samples of its own.

    Parameters
    ----------
    q0 : Normal, MultivariateNormal or Mixture
        The start. Its batch holds many starts, which are fitted at once, each for itself.
    target : Normal, MultivariateNormal or Mixture
        The distribution p; its batch broadcasts against that of `q0`.
    divergence : {"reverse_kl", "forward_kl", "js"}
        What is minimised, in nats.
    optimizer : Adam, GradientDescent or the like
        Moves the coordinates (see Notes). A fresh one of its settings is used; `None` is
        ``Adam(learning_rate=0.01)``, with the natural gradient ``GradientDescent(learning_rate=0.1)``.
    n_samples : int
        Samples of each step, for JS of each of p and q.
    steps : int
        Number of steps, at least 1.
    seed : int
        Seed of the samples; the same seed gives the same fit, bit by bit, on any number of threads.
    callback : function, optional
        Called once a step as ``callback(step, q, loss)``, with q and its loss before the step. If it returns
        True, this step is the last.
    natural_gradient : bool
        Precondition the gradient by the Fisher information of q: far fewer steps, each a little dearer.
        For a mixture the information is estimated from `n_samples` samples, for the others it is exact.
    antithetic : bool
        Draw each sample with its mirror image.
    score_term : bool
        Keep the term of the gradient whose expectation is 0. Without it the noise goes away as q reaches p.

    Returns
    -------
    Fit
        The distribution, the path of all steps, the losses and their standard errors.

    Raises
    ------
    DivergedError
        If a loss or a gradient is not finite; the message names the step, and what to try.
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Warns
    -----
    StuckWarning
        If a fit is no nearer to the target than at its start: the JS of distributions that do not overlap is log 2
        wherever they are, and its gradient 0; or no step of the optimizer changed any coordinate.

    Notes
    -----
    Adam moves every coordinate by about its learning rate a step, in that coordinate's units: T steps of rate α take
    a mean at most about α T away from its start, a standard deviation by a factor of exp(α T). A rate around a tenth
    of the target's narrowest standard deviation is a start; for data of another scale than 1 standardise, or use the
    natural gradient, which has no units.

    The coordinates are the means, the logarithms of standard deviations and of the diagonals of
    `scale_tril`, the entries below them as they are, and the logits of weights: any step leads to a
    distribution. They are float64; samples and densities are computed in the type of the distributions.

    Step t uses the samples from number t·s on, where s is `n_samples` rounded up to a multiple of
    `montecarlo.grain`: no two steps share one, nor do fits of different seeds.

    The natural gradient is limited to length 1 in the metric, so a step of rate α changes q by a KL divergence of
    about α²/2 nats at most. Of JS it is divided by 1/4, as near its minimum
    :math:`\mathrm{JS} \approx \tfrac14 \cdot \tfrac12\, d\xi^\top g\, d\xi`: rate 1 is Newton's step for all three.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A method for stochastic optimization", ICLR 2015.
    G. Roeder, Y. Wu and D. Duvenaud, "Sticking the landing", NeurIPS 2017: without the score term.
    S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10, 1998.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal
    >>> from fastdiv.fitting import Adam, minimize
    >>> p = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
    >>> starts = Normal(mean=[[-0.5, -0.5], [1.5, 1.5]], std=[0.5, 0.5])
    >>> fit = minimize(starts, p, "reverse_kl", optimizer=Adam(0.02), steps=500, seed=1)
    >>> print(fit.distribution.mean.round(1) + 0.0)  # each in the mode that was near
    [[0. 0.]
     [1. 1.]]
    >>> fit.path.mean.shape, fit.losses.shape
    ((501, 2, 2), (500, 2))
    """
    validate.distribution("q0", q0)
    validate.distribution("target", target)
    validate.choice("divergence", divergence, tuple(_DIVERGENCES))
    validate.function("callback", callback)
    validate.flag("natural_gradient", natural_gradient)
    steps = validate.count("steps", steps)
    batch = validate.joint_batch(q0, target)
    coordinates = Coordinates(q0)
    path = np.empty((steps + 1, *batch, coordinates.count))
    path[0] = coordinates.of(q0)
    validate.finite_start(path[0])
    options = {"n_samples": n_samples, "seed": seed, "antithetic": antithetic}
    objective = _Objective(divergence, target, {**options, "score_term": score_term})
    metric = None
    if natural_gradient:
        metric = NaturalGradient(coordinates, n_samples, seed, _CURVATURE[divergence])
    if optimizer is None:
        optimizer = GradientDescent() if natural_gradient else Adam(_LEARNING_RATE)
    validate.optimizer(optimizer)
    descent = _Descent(coordinates, objective, metric, optimizer.fresh(), callback)
    fit = descent.run(path)
    warn_if_stuck(path[0], path[fit.steps], fit.losses[-1], divergence)
    return fit


class _Objective:
    """The loss and its gradient by q, from the samples of a step."""

    def __init__(self, divergence: str, target: Distribution, options: dict[str, Any]) -> None:
        function, self.position = _DIVERGENCES[divergence]
        self.compute = _autodiff.value_and_grad(function, self.position)
        self.target = target
        self.options = options
        self.stride = 0

    def __call__(self, step: int, q: Any) -> tuple[Any, Any]:
        pair = (self.target, q) if self.position else (q, self.target)
        if not self.stride:
            grain = montecarlo.grain(*pair)
            self.stride = -(-self.options["n_samples"] // grain) * grain
        return self.compute(*pair, first_sample=step * self.stride, **self.options)


@dataclass(frozen=True)
class _Descent:
    """One run of an optimizer."""

    coordinates: Coordinates
    objective: _Objective
    metric: NaturalGradient | None
    optimizer: Optimizer
    callback: Callback | None

    def run(self, path: Array) -> Fit:
        """Fill the path from its first point on."""
        own, metric = self.coordinates, self.metric
        losses = np.empty((len(path) - 1, *path.shape[1:-1]))
        errors = np.empty_like(losses)
        made = 0
        limits = np.finfo(own.like.dtype)
        for step in range(len(losses)):
            parameters = own.parameters(path[step])
            require_inside(step, parameters, parameters[..., own.logarithmic], limits)
            q = own.distribution(parameters)
            estimate, by_parameters = self.objective(step, q)
            losses[step], errors[step] = estimate.value, estimate.standard_error
            gradient = own.gradient(parameters, by_parameters)
            require_finite(step, losses[step], gradient)
            if metric is not None:
                gradient = metric.direction(metric.metric(q, path[step], parameters), gradient)
            path[step + 1] = path[step]
            self.optimizer.step(path[step + 1], gradient)
            made = step + 1
            if self.callback is not None and self.callback(step, q, losses[step]) is True:
                break
        parameters = own.parameters(path[: made + 1])
        require_inside(made, parameters[-1], parameters[-1][..., own.logarithmic], limits)
        way = own.distribution(parameters)
        return Fit(way[-1], way, losses[:made], errors[:made])
