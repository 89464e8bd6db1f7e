"""Pictures of the chapter on autoencoders."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from ._autoencoders_models import CODE, FEATURES, LEVEL, SPARSITY, Bounds, Models
from ._chapter import Figure
from ._digits import CLASSES, SIDE
from ._theme import Canvas, Theme, canvas, show_image

_SHOWN = 10  # images in a row
_REACH = 2.5  # of the latent plane that is decoded, in standard deviations of the prior
_GRID = 13  # images along it
_EXCITING = 20  # images whose mean stands for a unit
_PITCH = SIDE + 1

Array = NDArray[Any]


def _one_of_each(models: Models) -> NDArray[np.int64]:
    """Return a test image of each digit."""
    return np.array([np.argmax(models.test.labels == digit) for digit in range(CLASSES)])


def _strip(axes: Any, images: Array, theme: Theme, title: str) -> None:
    """Draw a row of images beside its title."""
    for place, (panel, image) in enumerate(zip(axes, images, strict=True)):
        show_image(panel, np.asarray(image), cmap=theme.ink, vmin=0, vmax=1)
        if place == 0:
            panel.set_ylabel(title, rotation=0, ha="right", va="center")


def _mosaic(axes: Any, images: Array, columns: int, theme: Theme) -> None:
    """Draw images side by side in one picture, a pixel apart."""
    tiles = np.full((len(images), _PITCH, _PITCH), np.nan)  # not drawn
    tiles[:, :SIDE, :SIDE] = images.reshape(-1, SIDE, SIDE)
    rows = tiles.reshape(-1, columns, _PITCH, _PITCH).swapaxes(1, 2)
    picture = rows.reshape(-1, columns * _PITCH)[:-1, :-1]
    axes.imshow(picture, cmap=theme.ink, vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_facecolor(theme.faint)


def reconstructions(models: Models) -> Figure:
    """Return test images through the narrow codes, and corrupted ones."""
    rows = _one_of_each(models)
    clean, noisy = models.test.pixels[rows], models.corrupted()[rows]
    strips = {
        "test image": clean,
        f"from {CODE} numbers": models.plain.reconstruct(clean),
        "from 2 numbers": models.plane.reconstruct(clean),
        "corrupted": noisy,
        "plain model": models.plain.reconstruct(noisy),
        "denoising model": models.denoising.reconstruct(noisy),
    }

    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.0, 6.6)
        grid = figure.subplots(len(strips), _SHOWN)
        for axes, (title, images) in zip(grid, strips.items(), strict=True):
            _strip(axes, images, theme, title)
        return figure

    caption = (
        f"Test images, one of each digit, and what the models make of them. Below: {LEVEL:.0%} of "
        f"the pixels set to paper or ink; they lead the plain model astray, the denoising one was "
        f"trained on such images."
    )
    return Figure("autoencoder-reconstructions", caption, draw)


def sparse(models: Models) -> Figure:
    """Return what excites each unit of the sparse code, and how often it is active."""
    codes = models.sparse.transform(models.learning.pixels)
    rates = codes.mean(axis=0)
    order = np.argsort(-rates)
    most = np.argsort(-codes, axis=0)[:_EXCITING, order]
    excited = models.learning.pixels[most].mean(axis=0)

    def draw(theme: Theme) -> Canvas:
        figure = canvas(12.6, 4.6)
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.15, 1.15])
        _mosaic(left, excited, 8, theme)
        left.set_title("What excites each unit")
        middle.bar(np.arange(FEATURES), rates[order], color=theme.first, width=0.85)
        middle.axhline(SPARSITY, color=theme.text, linestyle=":", linewidth=1.2)
        middle.set(xlabel="unit, from the most active", ylabel="mean activation")
        middle.set_title(f"Units: {rates.mean():.1%} active on average")
        middle.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        right.hist(codes.ravel(), bins=np.linspace(0, 1, 41), color=theme.second)
        right.set(yscale="log", xlabel="activation", ylabel="units × images")
        right.set_title("Activations of all units and images")
        for axes in (middle, right):
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.minorticks_off()
        return figure

    caption = (
        f"The sparse model: {FEATURES} units for 64 pixels, each held to {SPARSITY:.0%} (dotted). "
        f"Left: the mean of the {_EXCITING} learning images that excite a unit most."
    )
    return Figure("autoencoder-sparse", caption, draw)


def plane(models: Models) -> Figure:
    """Return the latent plane: where images lie on it, and what it decodes to."""
    codes = models.plane.transform(models.test.pixels)
    ticks = np.linspace(-_REACH, _REACH, _GRID)
    places = np.array([(x, y) for y in ticks[::-1] for x in ticks])
    decoded = models.plane.inverse_transform(places)
    samples = models.variational.sample(_GRID * _GRID)

    def draw(theme: Theme) -> Canvas:
        figure = canvas(13.2, 4.6)
        left, middle, right = figure.subplots(1, 3)
        colors = _colors(theme)
        for digit in range(CLASSES):
            own = codes[models.test.labels == digit]
            left.scatter(*own.T, s=9, color=colors[digit], alpha=0.6, linewidths=0)
            x, y = np.median(own, axis=0)
            left.text(x, y, str(digit), fontsize=13, fontweight="bold", ha="center", va="center")
        left.set(xlabel="z₁", ylabel="z₂", title="Test images on the plane")
        left.set_box_aspect(1)
        left.grid()
        _mosaic(middle, decoded, _GRID, theme)
        ends = [SIDE / 2 - 0.5 + tile * _PITCH for tile in (0, (_GRID - 1) / 2, _GRID - 1)]
        middle.set_xticks(ends, [f"{-_REACH:g}", "0", f"{_REACH:g}"])
        middle.set_yticks(ends, [f"{_REACH:g}", "0", f"{-_REACH:g}"])
        middle.set(xlabel="z₁", ylabel="z₂", title="What the plane decodes to")
        _mosaic(right, samples, _GRID, theme)
        right.set_title(f"Samples of the model with {CODE} numbers")
        return figure

    caption = (
        "Variational models. Left and middle: two numbers an image; a digit's name stands at the "
        "median of its images. Right: images that nobody wrote, decoded from the prior."
    )
    return Figure("autoencoder-plane", caption, draw)


def _colors(theme: Theme) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["tab10"](digit) for digit in range(CLASSES)]


def course(models: Models, bounds: Bounds) -> Figure:
    """Return the ELBO along the training, and its two terms."""
    history = models.variational.history_
    epochs = np.arange(1, len(history["loss"]) + 1)

    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.8, 4.4)
        left, right = figure.subplots(1, 2)
        left.plot(epochs, -np.array(history["loss"]), color=theme.first, label="learning images")
        left.plot(epochs, models.test_elbo, color=theme.second, label="test images")
        left.axhline(bounds.importance, color=theme.third, linestyle="--", linewidth=1.2)
        left.lines[-1].set_label("test images at the end, importance-weighted")
        low = float(np.quantile(models.test_elbo, 0.03))
        left.set(xlabel="pass", ylabel="nats an image", title="Evidence lower bound")
        left.set_ylim(low, bounds.importance + 0.15 * (bounds.importance - low))
        left.legend(loc="lower right")
        right.plot(epochs, history["reconstruction"], color=theme.first)
        right.set(xlabel="pass", ylabel="nats an image", title="Its two terms, learning images")
        right.lines[-1].set_label("−E log p(x | z)")
        right.plot(epochs, history["kl"], color=theme.second, label="KL(q(z | x) ‖ p(z))")
        right.set_ylim(0, float(np.quantile(history["reconstruction"], 0.97)))
        right.legend(loc="center right")
        for axes in (left, right):
            axes.grid()
        return figure

    caption = (
        f"The variational model with {CODE} numbers. At the end the ELBO of test images is "
        f"{bounds.elbo:.2f} nats, and the importance-weighted bound {bounds.importance:.2f}: their "
        f"log-likelihood lies above both."
    )
    return Figure("autoencoder-elbo", caption, draw)
