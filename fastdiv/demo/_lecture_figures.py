"""Pictures of the lecture's experiment, still and moving."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plotting
from ..fitting import Fit
from ._chapter import Animation, Figure
from ._theme import Canvas, Theme, canvas

_EXTENT = (-1.75, 2.45, -1.55, 2.35)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fits:
    """The target, and what was fitted to it."""

    target: Any
    forward: Fit
    reverse: Fit
    js: Fit
    wide: Fit
    frames: int


def _colors(theme: Theme) -> list[str]:
    return [theme.first, theme.second]


def _draw(axes: Any, theme: Theme, fits: Fits, fit: Fit, colors: list[str], title: str) -> None:
    several = len(fit.distribution.batch_shape) > 0
    names = ["q, first start", "q, second start"] if several else ["q"]
    plotting.fit_path(
        fit, fits.target, axes=axes, colors=colors, target_color=theme.faint, labels=names,
        extent=_EXTENT,
    )  # fmt: skip
    axes.set_title(title)


def ends(fits: Fits) -> Figure:
    """Return the target and the way of each fit."""

    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.4, 9.6)
        (first, second), (third, fourth) = figure.subplots(2, 2, sharex=True, sharey=True)
        first.set(xlim=_EXTENT[:2], ylim=_EXTENT[2:], xlabel="$x_1$", ylabel="$x_2$")
        plotting.density_contours(
            fits.target, axes=first, filled=True, color=theme.faint, extent=_EXTENT
        )
        first.set_title("The target p: 10, 30, 50, 70, 90 and 99 % of its mass")
        colors = _colors(theme)
        _draw(second, theme, fits, fits.forward, colors[:1], "Forward KL: q covers p")
        _draw(third, theme, fits, fits.reverse, colors, "Reverse KL: q finds one mode or the other")
        _draw(fourth, theme, fits, fits.js, [theme.third], "JS: q covers p, closer to its mass")
        for axes in (first, second):
            axes.set_xlabel("")
        for axes in (second, fourth):
            axes.set_ylabel("")
        return figure

    caption = (
        "A normal distribution on its way from the start (dashed) to the end (solid), by three "
        "divergences; the line is the way of its mean. Forward KL and JS fit a full covariance, "
        "reverse KL independent coordinates."
    )
    return Figure("lecture-fits", caption, draw)


def animations(fits: Fits) -> list[Animation]:
    """Return the fits as moving pictures."""

    def one(name: str, title: str, caption: str, fit: Fit, colors: slice) -> Animation:
        def write(theme: Theme, path: Path) -> None:
            chosen = [theme.first, theme.second, theme.third][colors]
            labels = ["first start", "second start"] if fit.distribution.batch_shape else ["q"]
            plotting.animate_fit(
                fit, fits.target, path, frames=fits.frames, size=(5.0, 5.4), title=title,
                colors=chosen, target_color=theme.faint, labels=labels, extent=_EXTENT,
            )  # fmt: skip

        return Animation(name, caption, write, still="lecture-fits")

    return [
        one(
            "lecture-forward", "Forward KL", "Where p has mass and q has none, forward KL is "
            "large: q spreads over both modes.", fits.forward, slice(0, 1),
        ),
        one(
            "lecture-reverse", "Reverse KL, two starts", "Where q has mass and p has none, reverse "
            "KL is large: each q shrinks into a mode.", fits.reverse, slice(0, 2),
        ),
        one(
            "lecture-js", "Jensen-Shannon divergence", "JS is never above log 2, wherever q "
            "starts; near the end it is flat.", fits.js, slice(2, 3),
        ),
    ]  # fmt: skip


def race(fits: Fits, adam: dict[float, Array], natural: dict[float, Array], close: float) -> Figure:
    """Return reverse KL with a full covariance, and the natural gradient beside Adam."""

    def draw(theme: Theme) -> Canvas:
        figure = canvas(12.6, 5.4)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.05])
        title = "Reverse KL with a full covariance: the first leans over"
        _draw(left, theme, fits, fits.wide, _colors(theme), title)
        for lines, color, name in (
            (adam, theme.second, "Adam"), (natural, theme.first, "natural gradient"),
        ):  # fmt: skip
            for k, (rate, line) in enumerate(lines.items()):
                fade = 0.35 + 0.65 * (k + 1) / len(lines)
                label = f"{name}, rate {rate}"
                right.plot(np.arange(len(line)), line, color=color, alpha=fade, label=label)
        right.axhline(close, color=theme.faint, linewidth=0.8, linestyle=(0, (4, 3)))
        right.set(xscale="symlog", yscale="log", xlabel="step", xlim=(0, None))
        right.set_xticks([0, 1, 2, 5, 10, 20, 50, 100, 200])
        right.xaxis.set_major_formatter("{x:.0f}")
        right.minorticks_off()
        right.set_ylabel("KL(optimum ‖ q), nats")
        right.set_title("Forward KL: how far from the optimum")
        right.grid()
        right.legend(loc="lower left")
        return figure

    caption = (
        "Left: with any covariance allowed, reverse KL stays in the upper mode, but not in the "
        "lower one. Right: how far q is from the best normal distribution, in closed form, after "
        "each step of forward KL; each step estimates the gradient from new samples."
    )
    return Figure("lecture-natural-gradient", caption, draw)
