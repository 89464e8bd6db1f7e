"""Unconstrained coordinates of distributions: every point is a distribution, so no step can leave.

They are the flat parameters of `distributions.flatten`, but the logarithms of standard deviations and of
the diagonals of lower triangles, and of a mixture's weights the logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, MultivariateNormal, Normal, flatten, unflatten

Array = NDArray[Any]
Distribution = Normal | MultivariateNormal | Mixture


class Coordinates:
    """Coordinates of one family: the class, the event, the number of components."""

    def __init__(self, like: Distribution) -> None:
        self.like = like
        self.by_weights = isinstance(like, Mixture) and like.logits is None
        marks = _marked(like)
        self.count = marks.shape[-1]
        self.logarithmic = np.flatnonzero(marks)
        self.weights = like.components.batch_shape[-1] if isinstance(like, Mixture) else 0

    def of(self, d: Distribution) -> Array:
        """Return the coordinates of distributions, [..., P], in float64."""
        coordinates = flatten(d).astype(np.float64)
        coordinates[..., self.logarithmic] = np.log(coordinates[..., self.logarithmic])
        if self.by_weights:
            with np.errstate(divide="ignore"):  # a weight of 0 is refused later
                coordinates[..., : self.weights] = np.log(coordinates[..., : self.weights])
        return coordinates

    def parameters(self, coordinates: Array) -> Array:
        """Return the flat parameters there, [..., P], in float64."""
        flat = coordinates.copy()
        with np.errstate(over="ignore", under="ignore"):  # refused later, with the step's number
            flat[..., self.logarithmic] = np.exp(flat[..., self.logarithmic])
        if self.by_weights:
            logits = flat[..., : self.weights]
            weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
            logits[...] = weights / weights.sum(axis=-1, keepdims=True)
        return flat

    def distribution(self, parameters: Array) -> Any:
        """Return the distributions of flat parameters, in the type of the family."""
        return unflatten(self.like, parameters)

    def gradient(self, parameters: Array, gradient: Distribution) -> Array:
        """Return the gradient by coordinates, [..., P], from that by the parameters."""
        flat = flatten(gradient).astype(np.float64)
        flat[..., self.logarithmic] *= parameters[..., self.logarithmic]
        if self.by_weights:  # of normalised weights, so the rest of softmax's derivative is in it
            flat[..., : self.weights] *= parameters[..., : self.weights]
        return flat

    def slopes(self, parameters: Array) -> Array:
        """Return the derivative of each parameter by its own coordinate, [..., P]; of logits, 1."""
        slopes = np.ones(parameters.shape)
        slopes[..., self.logarithmic] = parameters[..., self.logarithmic]
        return slopes

    def with_logits(self, d: Any, coordinates: Array) -> Any:
        """Return the distributions, with logits for weights."""
        if not self.by_weights:
            return d
        logits = coordinates[..., : self.weights].astype(d.dtype)
        return Mixture._unchecked(weights=None, components=d.components, logits=logits)


def _marked(like: Distribution) -> Array:
    """Return flat parameters, [P], that are 1 where the coordinate is a logarithm, else 0."""
    if isinstance(like, Mixture):
        components = like.components
        count = components.batch_shape[-1]
        rest = _marked(components)
        size = like.event_shape[0]
        parts = np.split(np.broadcast_to(rest, (count, len(rest))), [size], axis=1)
        return np.concatenate([np.zeros(count), *(part.ravel() for part in parts)])
    size = like.event_shape[0]
    mean = np.zeros(size)
    if isinstance(like, Normal):
        return flatten(Normal._unchecked(mean=mean, std=np.ones(size)))
    return flatten(MultivariateNormal._unchecked(mean=mean, scale_tril=np.eye(size)))
