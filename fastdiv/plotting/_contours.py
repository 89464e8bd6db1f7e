"""Contours of densities in the plane."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..distributions import Mixture
from . import _validate as validate
from ._density import grid, levels, log_density
from ._geometry import Extent, ellipse, extent_of, parts
from ._matplotlib import axes_or_new, shades

MASSES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
_PLURAL = ("linewidth", "linestyle")  # as contours call them
_FAR_BELOW = 50.0  # nats below the outermost contour, where it does not matter how low
_TOO_NARROW = (
    "resolution is {}: some components of d are narrower than the meshes of such a grid and may be missing "
    "in the picture; expected a larger one, or an extent around them"
)


def density_contours(
    d: Any,
    *,
    axes: Any = None,
    masses: Sequence[float] = MASSES,
    filled: bool = False,
    color: Any = None,
    label: str | None = None,
    extent: Sequence[float] | None = None,
    resolution: int = 240,
    **options: Any,
) -> Any:
    """Draw contours of a density in the plane; each is the border of the smallest region of a given mass.

    Parameters
    ----------
    d : Normal, MultivariateNormal or Mixture
        A distribution of two dimensions; of a batch, all are drawn.
    axes : matplotlib.axes.Axes, optional
        Where to draw; new ones by default.
    masses : sequence of float
        The probability within each contour, between 0 and 1.
    filled : bool
        Shade the regions, the denser the stronger, besides the lines.
    color : color, optional
        One colour of Matplotlib's for all; the next one of the axes by default.
    label : str, optional
        Name for a legend.
    extent : (left, right, bottom, top), optional
        The part of the plane in which a mixture's contours are drawn: by default 3.2 standard deviations
        around every component. A normal distribution's contours are ellipses, known exactly.
    resolution : int
        Lines of the grid along each axis on which a mixture's density is evaluated. Where a component is narrower
        than they show, up to four times as many are added.
    **options
        What lines take: `linewidth`, `linestyle`, `alpha`, `zorder`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with equal units on both.

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Warns
    -----
    UserWarning
        If components of a mixture are narrower than the grid shows, although lines were added.

    Notes
    -----
    The level of a contour of a mixture is a quantile of log p(x), x from p, found from points spread evenly over
    the mass of every component: masses are right to about 0.001, whatever the components' scales and the `extent`.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal
    >>> from fastdiv.plotting import density_contours
    >>> p = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
    >>> axes = density_contours(p, filled=True, label="p")  # doctest: +SKIP
    """
    validate.plane("d", d)
    shares = validate.masses(masses)
    bounds = validate.extent(extent) if extent is not None else extent_of(d)
    resolution = validate.count("resolution", resolution, 2)
    validate.axes(axes)
    if color is not None:
        validate.color("color", color)
    axes = axes_or_new(axes)
    if color is None:
        [probe] = axes.plot([], [])
        color = probe.get_color()
        probe.remove()
    options = {"linewidth": 1.2, **options}
    for part in parts(d):
        if isinstance(part, Mixture):
            _draw_grid(axes, part, shares, color, filled, bounds, resolution, options)
        else:
            _draw_ellipses(axes, part, shares, color, filled, options)
    if label is not None:
        axes.plot([], [], color=color, label=label, **options)
    # Borders that the caller has set stay; else the axes keep their place, and show more.
    axes.set_aspect("equal", adjustable="datalim" if axes.get_autoscale_on() else "box")
    return axes


def _draw_ellipses(
    axes: Any, d: Any, shares: list[float], color: Any, filled: bool, options: dict[str, Any]
) -> None:
    for mass, shade in zip(shares, shades(color, len(shares), 0.2), strict=True):
        x, y = ellipse(d, mass)
        if filled:
            axes.fill(x, y, color=shade, linewidth=0, zorder=options.get("zorder", 1))
        axes.plot(x, y, color=color, solid_capstyle="round", **options)


def _draw_grid(
    axes: Any,
    d: Mixture,
    shares: list[float],
    color: Any,
    filled: bool,
    extent: Extent,
    resolution: int,
    options: dict[str, Any],
) -> None:
    x, y, complete = grid(d, extent, resolution)
    if not complete:
        warnings.warn(_TOO_NARROW.format(resolution), UserWarning, stacklevel=3)
    heights = sorted(set(levels(d, shares)))
    # Of logarithms: they are nearly quadratic, and densities of narrow components may overflow.
    density = np.maximum(log_density(d, x, y), heights[0] - _FAR_BELOW)
    if filled:
        top = max(float(density.max()), heights[-1]) + 1
        axes.contourf(
            x, y, density, levels=[*heights, top], colors=shades(color, len(heights)),
            zorder=options.get("zorder", 1),
        )  # fmt: skip
    lines = {
        **{f"{name}s": [value] for name, value in options.items() if name in _PLURAL},
        **{name: value for name, value in options.items() if name not in _PLURAL},
    }
    axes.contour(
        x, y, density, levels=heights, colors=[color], negative_linestyles="solid", **lines
    )
