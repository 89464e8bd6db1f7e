"""The natural gradient: steepest descent where distance is the divergence of the distribution itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, fisher_information, flatten, unflatten
from ._coordinates import Coordinates

Array = NDArray[Any]

# What is added to the metric, relative to that of the normal distributions by themselves. A mixture's own is
# noisy, and singular where components coincide or vanish: noise must not be divided by nothing there.
_DAMPING = 1e-9
_MIXTURE_DAMPING = 0.02
# Longest direction in the metric, where ½ length² is the divergence that a step of rate 1 makes, to
# second order. It holds where noise, or a start far away, asks for a step that no local metric knows.
_LONGEST = 1.0


class NaturalGradient:
    r"""Turn gradients :math:`g` by coordinates into :math:`G^{-1} g / c`, with :math:`G = J^\top F J`.

    F is the Fisher information by the parameters, J their derivatives by the coordinates. Near its minimum the
    loss is :math:`\tfrac12 c\, d\xi^\top G\, d\xi`: the curvature c is 1 of KL, w (1 - w) of JS.

    S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10, 1998.
    """

    def __init__(
        self, coordinates: Coordinates, n_samples: int, seed: int, curvature: float = 1.0
    ) -> None:
        self.coordinates = coordinates
        self.curvature = curvature
        self.damping = _MIXTURE_DAMPING if coordinates.weights else _DAMPING
        self.sampling = {"n_samples": n_samples, "seed": seed} if coordinates.weights else {}

    def metric(self, d: Any, coordinates: Array, parameters: Array) -> Array:
        """Return G, [..., P, P], in float64, with the damping."""
        by_logits = self.coordinates.with_logits(d, coordinates)
        metric: Array = fisher_information(by_logits, **self.sampling).astype(np.float64)
        np.einsum("...ii->...i", metric)[...] += self.damping * _diagonal(by_logits)
        slopes = self.coordinates.slopes(parameters)
        metric *= slopes[..., np.newaxis]
        metric *= slopes[..., np.newaxis, :]
        return metric

    def direction(self, metric: Array, gradient: Array) -> Array:
        """Return G⁻¹ g / c, shortened to `_LONGEST` where it is longer."""
        gradient = gradient / self.curvature
        scale = 1 / np.sqrt(np.einsum("...ii->...i", metric))  # units in which the diagonal is 1
        metric = metric * scale[..., np.newaxis]
        metric *= scale[..., np.newaxis, :]
        found = np.linalg.solve(metric, (scale * gradient)[..., np.newaxis])[..., 0]
        found *= scale
        length = np.sqrt(np.einsum("...i,...i->...", found, gradient))
        found *= (_LONGEST / np.maximum(length, _LONGEST))[..., np.newaxis]
        return found


def _diagonal(d: Any) -> Array:
    """Return the diagonal of the metric, [..., P]; of a mixture, that of each component as if alone."""
    if not isinstance(d, Mixture):
        diagonal: Array = np.einsum("...ii->...i", fisher_information(d))
        return diagonal
    components = unflatten(d.components, _diagonal(d.components))
    logits = np.ones_like(d.logits)
    return flatten(Mixture._unchecked(weights=None, components=components, logits=logits))
