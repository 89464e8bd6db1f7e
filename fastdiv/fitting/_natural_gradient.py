"""The natural gradient: steepest descent where distance is the divergence of the distribution itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, fisher_information
from ._coordinates import Coordinates, flat_order

Array = NDArray[Any]

# Added to the metric's diagonal, relative to it: components may coincide, and logits have one too many.
_DAMPING = 1e-6
# Longest direction in the metric, where ½ length² is the divergence that a step of rate 1 makes, to
# second order. It holds where noise, or a start far away, asks for a step that no local metric knows.
_LONGEST = 1.0


class NaturalGradient:
    r"""Turn gradients :math:`g` by coordinates into :math:`G^{-1} g`, with :math:`G = J^\top F J`.

    F is the Fisher information by the parameters, J their derivatives by the coordinates.

    S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10, 1998.
    """

    def __init__(self, coordinates: Coordinates, n_samples: int, seed: int) -> None:
        self.coordinates = coordinates
        self.order = flat_order(coordinates)
        self.n_samples = n_samples
        self.seed = seed

    def metric(self, d: Any) -> Array:
        """Return G, [..., P, P], in float64."""
        if isinstance(d, Mixture):
            by_logits = Mixture._unchecked(weights=None, components=d.components, logits=_logits(d))
            flat = fisher_information(by_logits, n_samples=self.n_samples, seed=self.seed)
        else:
            flat = fisher_information(d)
        metric = np.empty(flat.shape)
        metric[..., self.order[:, np.newaxis], self.order] = flat
        slopes = self.coordinates.slopes(d)
        metric *= slopes[..., np.newaxis]
        metric *= slopes[..., np.newaxis, :]
        return metric

    def __call__(self, d: Any, gradient: Array) -> Array:
        """Return the direction, shortened to `_LONGEST` where it is longer."""
        metric = self.metric(d)
        scale = 1 / np.sqrt(np.einsum("...ii->...i", metric))  # of any units: a unit diagonal
        metric *= scale[..., np.newaxis]
        metric *= scale[..., np.newaxis, :]
        np.einsum("...ii->...i", metric)[...] += _DAMPING
        direction = np.linalg.solve(metric, (scale * gradient)[..., np.newaxis])[..., 0]
        direction *= scale
        length = np.sqrt(np.einsum("...i,...i->...", direction, gradient))
        direction *= np.minimum(1, _LONGEST / np.maximum(length, 1e-300))[..., np.newaxis]
        return direction


def _logits(d: Mixture) -> Any:
    return d.log_weights if d.logits is None else d.logits
