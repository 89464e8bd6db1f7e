"""A fit's way to its end, in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..fitting import Fit
from . import _validate as validate
from ._contours import density_contours
from ._geometry import Extent, extent_of, means, widened
from ._matplotlib import axes_or_new, load

FIT_MASSES = (0.5, 0.9)
TARGET_COLOR = "0.5"


def fit_path(
    fit: Fit,
    target: Any,
    *,
    axes: Any = None,
    colors: Sequence[Any] | None = None,
    target_color: Any = TARGET_COLOR,
    labels: Sequence[str] | None = None,
    extent: Sequence[float] | None = None,
) -> Any:
    """Draw a target, the way of a fit's means over it, and the distribution where it began and where it ended.

    Dashed is the start, solid the end: half of the mass and nine tenths of it lie within the contours. Of a
    mixture, the mean of every component is followed.

    Parameters
    ----------
    fit : Fit
        What `fastdiv.fitting.minimize` returned, in two dimensions; of a batch, every fit is drawn.
    target : Normal, MultivariateNormal or Mixture
        What was fitted, without batch.
    axes : matplotlib.axes.Axes, optional
        Where to draw; new ones by default.
    colors : sequence of colors, optional
        A colour for each fit of the batch; Matplotlib's by default.
    target_color : color
        The target's colour.
    labels : sequence of str, optional
        The fits' names in the legend: "q" by default, and "q, start 1" … for several.
    extent : (left, right, bottom, top), optional
        The part of the plane to show; by default what holds target, start, path and end.

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

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal
    >>> from fastdiv.fitting import Adam, minimize
    >>> from fastdiv.plotting import fit_path
    >>> p = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
    >>> fit = minimize(Normal([2.0, 0.0], [0.5, 0.5]), p, optimizer=Adam(0.02), steps=200)
    >>> axes = fit_path(fit, p)  # doctest: +SKIP
    """
    scene = Scene(fit, target, colors, target_color, labels, extent)
    validate.axes(axes)
    axes = axes_or_new(axes)
    scene.draw_target(axes)
    for k, name in enumerate(scene.labels):
        scene.draw_way(axes, k, fit.steps)
        scene.draw_fit(axes, k, 0, linestyle=(0, (4, 2)), alpha=0.75, linewidth=1.1)
        scene.draw_fit(axes, k, fit.steps, linewidth=1.9, label=name)
    axes.legend(loc="best")
    return axes


class Scene:
    """What pictures of one fit share: its parts one by one, colours, names, borders."""

    def __init__(
        self,
        fit: Fit,
        target: Any,
        colors: Sequence[Any] | None,
        target_color: Any,
        labels: Sequence[str] | None,
        extent: Sequence[float] | None,
    ) -> None:
        validate.fit(fit)
        validate.single("target", target)
        self.target, self.target_color = target, target_color
        batch = fit.distribution.batch_shape
        self.paths = [fit.path] if not batch else _along_batch(fit.path, batch)
        count = len(self.paths)
        if colors is None:
            cycle = load("matplotlib").rcParams["axes.prop_cycle"].by_key()["color"]
            colors = [cycle[k % len(cycle)] for k in range(count)]
        self.colors = validate.one_each("colors", colors, count)
        for name, color in (("target_color", target_color), *(("colors", c) for c in self.colors)):
            validate.color(name, color)
        if labels is None:
            labels = [f"q, start {k + 1}" for k in range(count)] if count > 1 else ["q"]
        self.labels = validate.one_each("labels", labels, count)
        self.extent: Extent = (
            validate.extent(extent)
            if extent is not None
            else widened(extent_of(target, fit.path[0], fit.distribution, width=3.1))
        )

    def draw_target(self, axes: Any) -> None:
        """Shade the target, and fix the borders."""
        left, right, bottom, top = self.extent
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="$x_1$", ylabel="$x_2$")
        density_contours(
            self.target, axes=axes, filled=True, color=self.target_color, extent=self.extent,
            label="target p", linewidth=0.7, alpha=0.8, zorder=1,
        )  # fmt: skip

    def draw_way(self, axes: Any, k: int, step: int) -> None:
        """Draw where the means went up to a step: a ring at the start, a dot at the end."""
        ways = means(self.paths[k])[: step + 1]
        for component in range(ways.shape[1]):
            x, y = ways[:, component].T
            color = self.colors[k]
            axes.plot(x, y, color=color, linewidth=1.3, alpha=0.9, zorder=4)
            background = axes.get_facecolor()
            axes.plot(
                x[0], y[0], "o", color=color, markerfacecolor=background, markersize=5, zorder=5
            )
            axes.plot(x[-1], y[-1], "o", color=color, markersize=5.5, zorder=6)

    def draw_fit(self, axes: Any, k: int, step: int, **options: Any) -> None:
        """Draw the distribution at a step."""
        options = {"zorder": 3, **options}
        density_contours(
            self.paths[k][step], axes=axes, masses=FIT_MASSES, color=self.colors[k],
            extent=self.extent, resolution=160, **options,
        )  # fmt: skip


def _along_batch(path: Any, batch: tuple[int, ...]) -> list[Any]:
    """Return the path of each fit of a batch."""
    return [path[(slice(None), *index)] for index in np.ndindex(batch)]
