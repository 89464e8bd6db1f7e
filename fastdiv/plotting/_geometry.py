"""Where distributions lie in the plane: means, widths, borders, ellipses of normal distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, Normal

Array = NDArray[np.float64]
Extent = tuple[float, float, float, float]


def parts(d: Any) -> list[Any]:
    """Return the distributions of a batch, one by one."""
    if not d.batch_shape:
        return [d]
    return [d[index] for index in np.ndindex(d.batch_shape)]


def means(d: Any) -> Array:
    """Return the mean of each normal distribution, and of each component of a mixture, [..., m, 2]."""
    mean = d.components.mean if isinstance(d, Mixture) else d.mean[..., np.newaxis, :]
    return np.asarray(mean, np.float64)


def stds(d: Any) -> Array:
    """Return the standard deviations beside these means."""
    if isinstance(d, Mixture):
        return stds(d.components)[..., 0, :]
    own = d.std if isinstance(d, Normal) else np.sqrt(np.square(d.scale_tril).sum(axis=-1))
    return np.asarray(own, np.float64)[..., np.newaxis, :]


def extent_of(*distributions: Any, width: float = 3.2) -> Extent:
    """Return borders so that each normal distribution, or component, is seen as far as some std."""
    lows, highs = [], []
    for d in distributions:
        center, reach = means(d).reshape(-1, 2), width * stds(d).reshape(-1, 2)
        lows.append((center - reach).min(axis=0))
        highs.append((center + reach).max(axis=0))
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def widened(extent: Extent, ratio: float = 1.2) -> Extent:
    """Return borders around the same middle whose width is this many times their height."""
    left, right, bottom, top = extent
    height = max(top - bottom, (right - left) / ratio)
    x, y = (left + right) / 2, (bottom + top) / 2
    half = ratio * height / 2
    return x - half, x + half, y - height / 2, y + height / 2


def ellipse(d: Any, mass: float, count: int = 181) -> Array:
    """Return points [2, n] of the ellipse around this mass of a normal distribution.

    In the plane |L⁻¹ (x − mean)|² is exponential: the mass within radius r is 1 − exp(−r²/2).
    """
    angle = np.linspace(0, 2 * math.pi, count)
    circle = math.sqrt(-2 * math.log1p(-mass)) * np.stack([np.cos(angle), np.sin(angle)])
    scale = np.diag(d.std) if isinstance(d, Normal) else d.scale_tril
    return np.asarray(d.mean[:, np.newaxis] + scale @ circle, np.float64)
