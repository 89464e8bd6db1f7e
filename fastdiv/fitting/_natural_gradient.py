"""The natural gradient: steepest descent where distance is the divergence of the distribution itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import fisher_information
from ._coordinates import Coordinates

Array = NDArray[Any]

# Added to the metric's diagonal, relative to it. A mixture's metric is noisy, and singular where components
# coincide or vanish: there the noise of the gradient must not be divided by nothing.
_DAMPING = 1e-6
_MIXTURE_DAMPING = 0.05
# Longest direction in the metric, where ½ length² is the divergence that a step of rate 1 makes, to
# second order. It holds where noise, or a start far away, asks for a step that no local metric knows.
_LONGEST = 1.0
_LEAST = 1e-200


class NaturalGradient:
    r"""Turn gradients :math:`g` by coordinates into :math:`G^{-1} g`, with :math:`G = J^\top F J`.

    F is the Fisher information by the parameters, J their derivatives by the coordinates.

    S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10, 1998.
    """

    def __init__(self, coordinates: Coordinates, n_samples: int, seed: int) -> None:
        self.coordinates = coordinates
        self.damping = _MIXTURE_DAMPING if coordinates.weights else _DAMPING
        self.sampling = {"n_samples": n_samples, "seed": seed} if coordinates.weights else {}

    def metric(self, d: Any, coordinates: Array, parameters: Array) -> Array:
        """Return G, [..., P, P], in float64."""
        by_logits = self.coordinates.with_logits(d, coordinates)
        metric: Array = fisher_information(by_logits, **self.sampling).astype(np.float64)
        slopes = self.coordinates.slopes(parameters)
        metric *= slopes[..., np.newaxis]
        metric *= slopes[..., np.newaxis, :]
        return metric

    def direction(self, metric: Array, gradient: Array) -> Array:
        """Return G⁻¹ g, shortened to `_LONGEST` where it is longer."""
        # In units that make the diagonal 1; it is 0 where a component has vanished.
        scale = 1 / np.sqrt(np.maximum(np.einsum("...ii->...i", metric), _LEAST))
        metric = metric * scale[..., np.newaxis]
        metric *= scale[..., np.newaxis, :]
        np.einsum("...ii->...i", metric)[...] += self.damping
        found = np.linalg.solve(metric, (scale * gradient)[..., np.newaxis])[..., 0]
        found *= scale
        length = np.sqrt(np.einsum("...i,...i->...", found, gradient))
        found *= (_LONGEST / np.maximum(length, _LONGEST))[..., np.newaxis]
        return found
