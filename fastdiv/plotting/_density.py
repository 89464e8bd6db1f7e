"""A mixture's density in the plane: the levels that enclose a given mass, and a grid that no component escapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Mixture, Normal
from ._geometry import Extent, means, stds

Array = NDArray[np.float64]

_POINTS = 4096  # of a component, from which levels are found: masses are right to a thousandth
_ALL_POINTS = 2**18
_REACH = 6.0  # standard deviations on both sides of a mean within which lines are close enough
_PER_WIDTH = 3.0  # lines per width of a component
_GROWTH = 1.5  # of their distances beyond
_MOST = 4  # times the resolution: how many lines may be added along an axis


def levels(d: Mixture, masses: Sequence[float]) -> list[float]:
    """Return the log-density on the border of the smallest region of each mass; masses fall, levels rise.

    They are quantiles of log p(x) for x from p: of points spread evenly over the mass of each component, so that
    its scale does not matter.
    """
    weights = np.exp(d.log_weights.astype(np.float64))
    count = max(64, min(_POINTS, _ALL_POINTS // weights.size))
    logs = d.log_prob(_even_points(d, count).astype(np.float64)).ravel()
    order = np.argsort(-logs, kind="stable")
    enclosed = np.cumsum(np.repeat(weights / count, count)[order])
    found = np.searchsorted(enclosed, masses)
    return [float(logs[order[min(int(k), logs.size - 1)]]) for k in found]


def _even_points(d: Mixture, count: int) -> Array:
    """Return points [K, count, 2], each of the same mass: a sunflower in the coordinates of each component."""
    index = np.arange(count) + 0.5
    radius = np.sqrt(-2 * np.log1p(-index / count))
    angle = index * math.pi * (3 - math.sqrt(5))
    flower = radius * np.stack([np.cos(angle), np.sin(angle)])
    parts = d.components
    scaled = (
        parts.std[..., np.newaxis] * flower
        if isinstance(parts, Normal)
        else parts.scale_tril @ flower
    )
    return np.asarray(parts.mean[:, np.newaxis] + np.swapaxes(scaled, -1, -2), np.float64)


def grid(d: Mixture, extent: Extent, resolution: int) -> tuple[Array, Array, bool]:
    """Return the grid's coordinates along both axes, and whether none is narrower than its meshes.

    Lines are even, and closer where a component is narrow.
    """
    here = np.isfinite(d.log_weights)
    center, spread, width = (each[here] for each in (means(d), stds(d), _widths(d.components)))
    x, all_x = _lines(*extent[:2], resolution, center[:, 0], spread[:, 0], width[:, 0])
    y, all_y = _lines(*extent[2:], resolution, center[:, 1], spread[:, 1], width[:, 1])
    return x, y, all_x and all_y


def log_density(d: Mixture, x: Array, y: Array) -> Array:
    """Return log p on the grid, row by row of y: memory is that of a few rows and the result."""
    rows = max(1, 2**20 // (x.size * d.components.batch_shape[-1]))
    found = [
        d.log_prob(np.stack(np.meshgrid(x, y[k : k + rows]), axis=-1))
        for k in range(0, y.size, rows)
    ]
    return np.concatenate(found).astype(np.float64)


def _widths(parts: Any) -> Array:
    """Return how wide each component is along a line of the grid, [K, 2]: its std given the other coordinate."""
    if isinstance(parts, Normal):
        return parts.std.astype(np.float64)
    scale = parts.scale_tril.astype(np.float64)
    given_y = scale[..., 0, 0] * scale[..., 1, 1] / np.hypot(scale[..., 1, 0], scale[..., 1, 1])
    return np.stack([given_y, scale[..., 1, 1]], axis=-1)


def _lines(
    low: float, high: float, resolution: int, centers: Array, spreads: Array, widths: Array
) -> tuple[Array, bool]:
    """Return the coordinates along an axis, and whether all components have theirs."""
    even = np.linspace(low, high, resolution)
    step = even[1] - even[0]
    narrow = (widths < _PER_WIDTH * step) & (
        np.abs(centers - low / 2 - high / 2) <= (high - low) / 2 + _REACH * spreads
    )
    share = _MOST * resolution // max(1, int(narrow.sum()))
    lines, complete = [even], True
    for center, spread, width in zip(centers[narrow], spreads[narrow], widths[narrow], strict=True):
        reach = _REACH * spread
        needed = 2 * reach / width
        complete &= bool(needed < share)
        near = np.linspace(-reach, reach, min(share, math.ceil(_PER_WIDTH * needed) + 1))
        beyond = reach * _GROWTH ** np.arange(1, 1 + max(0, math.log(step / reach, _GROWTH) + 2))
        lines += [center + near, center - beyond, center + beyond]
    all_lines = np.unique(np.concatenate(lines))
    return all_lines[(all_lines >= low) & (all_lines <= high)], complete
