"""Where contours lie: ellipses of normal distributions, levels of density that enclose a given mass."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def grid(extent: Extent, resolution: int) -> tuple[Array, Array, Array]:
    """Return the grid's coordinates, and its points [rows, columns, 2]."""
    x = np.linspace(*extent[:2], resolution)
    y = np.linspace(*extent[2:], resolution)
    return x, y, np.stack(np.meshgrid(x, y), axis=-1)


def levels(density: Array, area: float, masses: Sequence[float]) -> list[float]:
    """Return the density on the border of the smallest region of each mass; masses fall, levels rise.

    `area` is that of a cell of the grid. What lies outside of the grid counts as outside of every region.
    """
    ordered = np.sort(density, axis=None)[::-1]
    enclosed = np.cumsum(ordered) * area
    found = np.searchsorted(enclosed, masses)
    return [float(ordered[min(int(k), len(ordered) - 1)]) for k in found]
