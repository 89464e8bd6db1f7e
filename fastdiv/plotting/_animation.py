"""A fit as a moving picture."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fitting import Fit
from . import _validate as validate
from ._matplotlib import load
from ._path import TARGET_COLOR, Scene

Array = NDArray[Any]

_DPI = 100
_HOLD = 1.2  # seconds that the last frame stays


def animate_fit(
    fit: Fit,
    target: Any,
    path: str | PathLike[str],
    *,
    frames: int = 48,
    fps: float = 15,
    size: tuple[float, float] = (5.2, 5.0),
    title: str | None = None,
    colors: Sequence[Any] | None = None,
    target_color: Any = TARGET_COLOR,
    labels: Sequence[str] | None = None,
    extent: Sequence[float] | None = None,
) -> None:
    """Write a GIF of a fit: the distribution moving over its target, and the losses below.

    Parameters
    ----------
    fit : Fit
        What `fastdiv.fitting.minimize` returned, in two dimensions; of a batch, every fit is drawn.
    target : Normal, MultivariateNormal or Mixture
        What was fitted, without batch.
    path : path
        The file to write, with the ending .gif or none.
    frames : int
        How many steps are shown, at least 2: most of them early, where most happens.
    fps : float
        Frames a second; the last one stays for a while, and then all begins again.
    size : (width, height)
        In inches of 100 pixels.
    title : str, optional
        A line above the picture.
    colors, target_color, labels, extent
        As in `fit_path`.

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
    >>> from fastdiv.plotting import animate_fit
    >>> p = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
    >>> fit = minimize(Normal([2.0, 0.0], [0.5, 0.5]), p, optimizer=Adam(0.02), steps=200)
    >>> animate_fit(fit, p, "fit.gif")  # doctest: +SKIP
    """
    file = validate.gif(path)
    scene = Scene(fit, target, colors, target_color, labels, extent)
    frames = validate.count("frames", frames, 2)
    validate.positive("fps", fps)
    figure = load("matplotlib.figure").Figure(figsize=size, dpi=_DPI, layout="constrained")
    load("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    movie = _Movie(figure, scene, fit, title)
    _write(file, [movie.show(step) for step in shown_steps(fit.steps, frames)], fps)


def shown_steps(steps: int, frames: int) -> list[int]:
    """Return the steps of a picture's frames, from 0 to the last: dense at first, none twice."""
    last = min(frames - 1, steps)
    return [max(k, round(steps * (k / last) ** 3)) for k in range(last + 1)]


def _write(path: str, frames: list[Array], fps: float) -> None:
    """Write a GIF that repeats for ever."""
    first, *rest = _with_palette(frames)
    durations = [1000 / fps] * len(rest) + [1000 * _HOLD]
    with open(path, "wb") as file:
        first.save(
            file, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0
        )


def _with_palette(frames: list[Array]) -> list[Any]:
    """Return pictures of 256 colours, the same for all, so that none flickers; the background is exact."""
    image = load("PIL.Image")
    palette = image.fromarray(frames[-1]).quantize(255, dither=0)
    background = frames[-1][0, 0]
    colors = [*palette.getpalette()[: 3 * 255], *background.tolist()]
    pictures = []
    for frame in frames:
        indices = np.array(image.fromarray(frame).quantize(palette=palette, dither=0))
        indices[(frame == background).all(axis=-1)] = 255
        picture = image.fromarray(indices)
        picture.putpalette(colors)
        pictures.append(picture)
    return pictures


class _Movie:
    """The still parts, drawn once and kept as pixels, and those that move."""

    def __init__(self, figure: Any, scene: Scene, fit: Fit, title: str | None) -> None:
        self.figure, self.scene = figure, scene
        self.plane, self.below = figure.subplots(2, 1, height_ratios=[4.2, 1])
        scene.draw_target(self.plane)
        if title is not None:
            self.plane.set_title(title)
        self.losses = fit.losses.reshape(fit.steps, -1)
        self._draw_losses()
        handles = [self._name(k, label) for k, label in enumerate(scene.labels)]
        handles = [*self.plane.get_legend_handles_labels()[0], *handles]
        self.plane.legend(handles=handles, loc="lower right")
        figure.canvas.draw()
        figure.set_layout_engine("none")
        self.still = figure.canvas.copy_from_bbox(figure.bbox)

    def _draw_losses(self) -> None:
        for k, losses in enumerate(self.losses.T):
            self.below.plot(losses, color=self.scene.colors[k], linewidth=0.8, alpha=0.35)
        steps = len(self.losses)
        self.below.set_xscale(
            "symlog", linthresh=10
        )  # as the frames: most room for the first steps
        self.below.set(xlabel="step", ylabel="loss, nats", xlim=(0, 1.15 * steps))
        ticks = [0, *(10**k for k in range(1, len(str(steps))))]
        self.below.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        if self.losses.min() > 0:
            self.below.set_yscale("log")
            self.below.yaxis.set_major_formatter("{x:g}")
        self.below.minorticks_off()

    def _name(self, k: int, label: str) -> Any:
        line = load("matplotlib.lines").Line2D
        return line([], [], color=self.scene.colors[k], linewidth=1.9, label=label)

    def show(self, step: int) -> Array:
        """Draw a step over the still parts; return the colours, [height, width, 3]."""
        canvas = self.figure.canvas
        canvas.restore_region(self.still)
        for axes, draw in ((self.plane, self._draw_step), (self.below, self._draw_loss)):
            before = set(axes.get_children())
            draw(step)
            for artist in sorted(
                set(axes.get_children()) - before, key=lambda artist: artist.get_zorder()
            ):
                axes.draw_artist(artist)
                artist.remove()
        return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])

    def _draw_step(self, step: int) -> None:
        for k in range(len(self.scene.labels)):
            self.scene.draw_way(self.plane, k, step)
            self.scene.draw_fit(self.plane, k, step, linewidth=1.9)
        self.plane.text(0.02, 0.02, f"step {step:,}", fontsize=9, transform=self.plane.transAxes)

    def _draw_loss(self, step: int) -> None:
        for k, losses in enumerate(self.losses.T):
            color = self.scene.colors[k]
            self.below.plot(losses[: step + 1], color=color, linewidth=1.3)
            at = min(step, len(losses) - 1)
            self.below.plot(at, losses[at], "o", color=color, markersize=5)
