"""Unconstrained coordinates of distributions: every point is a distribution, so no step can leave.

A standard deviation is exp of its coordinate, so is the diagonal of a lower triangle; the weights of a
mixture are the softmax of theirs. Means and entries below the diagonal are their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, MultivariateNormal, Normal, flatten

Array = NDArray[Any]
Distribution = Normal | MultivariateNormal | Mixture


class GaussianCoordinates:
    """Of `Normal` and `MultivariateNormal`: the means, then logarithms and lower triangles, row by row.

    `stacked` axes before the event belong to one point, as those of a mixture's components do.
    """

    def __init__(self, like: Normal | MultivariateNormal, stacked: tuple[int, ...] = ()) -> None:
        size = like.event_shape[0]
        self.dtype = like.dtype
        self.stacked = stacked
        self.diagonal = isinstance(like, Normal)
        self.rows, self.columns = (
            (np.arange(size), np.arange(size)) if self.diagonal else np.tril_indices(size)
        )
        self.logarithmic = np.flatnonzero(self.rows == self.columns)
        count = int(np.prod(stacked, dtype=int))
        self.means = count * size
        self.count = self.means + count * len(self.rows)
        self._mean_shape = (*stacked, size)
        self._scale_shape = (*stacked, len(self.rows))

    def of(self, d: Any) -> Array:
        """Return the coordinates of distributions, [..., P], in float64."""
        scales = self._scales(d).astype(np.float64)
        scales[..., self.logarithmic] = np.log(scales[..., self.logarithmic])
        return self._joined(d.mean, scales)

    def distribution(self, coordinates: Array) -> Any:
        """Return the distributions at coordinates [..., P]."""
        batch = coordinates.shape[:-1]
        mean = coordinates[..., : self.means].reshape(batch + self._mean_shape)
        scales = coordinates[..., self.means :].reshape(batch + self._scale_shape)
        if self.diagonal:
            return Normal._unchecked(mean=self._final(mean), std=self._final(np.exp(scales)))
        scales = scales.copy()
        scales[..., self.logarithmic] = np.exp(scales[..., self.logarithmic])
        size = self._mean_shape[-1]
        matrices = np.zeros((*batch, *self._mean_shape, size), self.dtype)
        matrices[..., self.rows, self.columns] = scales
        return MultivariateNormal._unchecked(mean=self._final(mean), scale_tril=_frozen(matrices))

    def gradient(self, d: Any, gradient: Any) -> Array:
        """Return the gradient by coordinates, [..., P], from that by the parameters at `d`."""
        scales = self._scales(gradient).astype(np.float64)
        if self.diagonal:
            scales *= d.std
        else:
            scales[..., self.logarithmic] *= self._scales(d)[..., self.logarithmic]
        return self._joined(gradient.mean, scales)

    def slopes(self, d: Any) -> Array:
        """Return the derivative of each parameter by its own coordinate, [..., P]."""
        scales = np.ones(self._scales(d).shape)
        scales[..., self.logarithmic] = self._scales(d)[..., self.logarithmic]
        return self._joined(np.ones(d.mean.shape), scales)

    def parameters(self, values: Array) -> Any:
        """Return an object whose parameters are these numbers, [P], as they are."""
        mean = values[: self.means].reshape(self._mean_shape)
        scales = values[self.means :].reshape(self._scale_shape)
        if self.diagonal:
            return Normal._unchecked(mean=mean, std=scales)
        matrices = np.zeros((*self._mean_shape, self._mean_shape[-1]))
        matrices[..., self.rows, self.columns] = scales
        return MultivariateNormal._unchecked(mean=mean, scale_tril=matrices)

    def _scales(self, d: Any) -> Any:
        return d.std if self.diagonal else d.scale_tril[..., self.rows, self.columns]

    def _joined(self, mean: Array, scales: Array) -> Array:
        batch = mean.shape[: mean.ndim - len(self._mean_shape)]
        both = np.empty((*batch, self.count))
        both[..., : self.means] = mean.reshape(*batch, -1)
        both[..., self.means :] = scales.reshape(*batch, -1)
        return both

    def _final(self, array: Array) -> Array:
        return _frozen(np.ascontiguousarray(array, self.dtype))


class MixtureCoordinates:
    """Of `Mixture`: the logits, then the coordinates of the components."""

    def __init__(self, like: Mixture) -> None:
        self.by_weights = like.logits is None
        self.dtype = like.dtype
        self.weights = like.components.batch_shape[-1]
        self.components = GaussianCoordinates(like.components, (self.weights,))
        self.count = self.weights + self.components.count

    def of(self, d: Any) -> Array:
        """Return the coordinates of mixtures, [..., P], in float64."""
        logits = d.log_weights if d.logits is None else d.logits
        return np.concatenate([logits, self.components.of(d.components)], axis=-1)

    def distribution(self, coordinates: Array) -> Mixture:
        """Return the mixtures at coordinates [..., P], with weights or logits as the start had."""
        components = self.components.distribution(coordinates[..., self.weights :])
        logits = coordinates[..., : self.weights]
        if not self.by_weights:
            final = _frozen(np.ascontiguousarray(logits, self.dtype))
            return Mixture._unchecked(weights=None, components=components, logits=final)
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        final = _frozen(weights.astype(self.dtype))
        return Mixture._unchecked(weights=final, components=components, logits=None)

    def gradient(self, d: Any, gradient: Any) -> Array:
        """Return the gradient by coordinates, [..., P], from that by the parameters at `d`."""
        logits = gradient.logits
        if self.by_weights:  # by normalised weights, so the rest of softmax's derivative is in it
            logits = d.weights * gradient.weights
        rest = self.components.gradient(d.components, gradient.components)
        return np.concatenate([logits, rest], axis=-1)

    def slopes(self, d: Any) -> Array:
        """Return the derivative of each parameter by its own coordinate; of logits, 1."""
        rest = self.components.slopes(d.components)
        return np.concatenate([np.ones((*rest.shape[:-1], self.weights)), rest], axis=-1)

    def parameters(self, values: Array) -> Mixture:
        """Return an object whose parameters are these numbers, [P], as they are."""
        components = self.components.parameters(values[self.weights :])
        logits = values[: self.weights]
        return Mixture._unchecked(weights=None, components=components, logits=logits)


Coordinates = GaussianCoordinates | MixtureCoordinates


def coordinates_like(d: Distribution) -> Coordinates:
    """Return the coordinates of a distribution's family."""
    return MixtureCoordinates(d) if isinstance(d, Mixture) else GaussianCoordinates(d)


def flat_order(coordinates: Coordinates) -> NDArray[np.intp]:
    """Return which coordinate each flat parameter of `distributions.flatten` belongs to."""
    numbers = np.arange(coordinates.count, dtype=np.float64)
    return flatten(coordinates.parameters(numbers)).astype(np.intp)


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
