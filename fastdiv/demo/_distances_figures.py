"""Pictures of the chapter on distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._chapter import Figure
from ._digits import CLASSES, GREY_VALUES, Digits
from ._theme import Canvas, Theme, canvas, show_image, write_cells

_SHOWN_MISTAKES = 12
_LABEL = "Jensen-Shannon distance, base 2"

Array = NDArray[np.float64]


def means(images: Array, distances: Array) -> Figure:
    """Return the ten mean images and the matrix of their distances."""

    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.0, 5.6)
        panels: Any = figure.subfigures(1, 2, width_ratios=[1, 2.1])
        left, right = panels
        grid: Any = left.subplots(5, 2)
        for digit, axes in enumerate(grid.flat):
            show_image(axes, images[digit], cmap=theme.ink, vmin=0, vmax=GREY_VALUES - 1)
            axes.set_ylabel(str(digit), rotation=0, ha="right", va="center", fontsize=12)
        axes = right.subplots()
        picture = axes.imshow(distances, cmap="viridis", vmin=0)
        write_cells(axes, picture)
        axes.set(xticks=range(CLASSES), yticks=range(CLASSES), xlabel="digit", ylabel="digit")
        axes.spines[:].set_visible(False)
        axes.set_title("Distances of the mean images")
        right.colorbar(picture, ax=axes, shrink=0.86, label=_LABEL)
        return figure

    closest = _place(np.argmin(distances + np.eye(CLASSES)))  # not on the diagonal
    caption = (
        f"The mean image of each digit, and how far apart they are: {closest} are closest, "
        f"{_place(np.argmax(distances))} farthest."
    )
    return Figure("mean-distances", caption, draw)


def _place(index: np.intp) -> str:
    row, column = divmod(int(index), CLASSES)
    return f"{row} and {column}"


def all_pairs(distances: Array, labels: NDArray[np.int64]) -> Figure:
    """Return the matrix of all images sorted by digit, and the histogram of its entries."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels, minlength=CLASSES)
    ends = counts.cumsum()
    pairs = np.triu_indices(len(labels), k=1)
    values, same = distances[pairs], labels[pairs[0]] == labels[pairs[1]]
    edges = np.linspace(0, float(values.max()), 91)
    histograms = [np.histogram(chosen, edges, density=True)[0] for chosen in _split(values, same)]
    sorted_distances = distances[np.ix_(order, order)]

    def draw(theme: Theme) -> Canvas:
        figure = canvas(12.6, 5.3)
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        picture = left.imshow(
            sorted_distances, cmap="viridis", vmin=values.min(), interpolation="antialiased"
        )
        for end in ends[:-1]:
            left.axhline(end - 0.5, color="white", linewidth=0.5, alpha=0.7)
            left.axvline(end - 0.5, color="white", linewidth=0.5, alpha=0.7)
        left.set_xticks(ends - counts / 2, [str(digit) for digit in range(CLASSES)])
        left.set_yticks(ends - counts / 2, [str(digit) for digit in range(CLASSES)])
        left.tick_params(length=0)
        left.spines[:].set_visible(False)
        left.set(xlabel="image, sorted by digit", ylabel="image, sorted by digit")
        left.set_title(f"All {len(labels):,} × {len(labels):,} distances")
        figure.colorbar(picture, ax=left, shrink=0.9, label=_LABEL)
        names = ("two images of one digit", "two images of different digits")
        colors = (theme.first, theme.second)
        for density, name, color in zip(histograms, names, colors, strict=True):
            right.stairs(density, edges, fill=True, color=color, alpha=0.3)
            right.stairs(density, edges, color=color, linewidth=1.5, label=name)
        right.set(xlabel=_LABEL, ylabel="density of pairs", xlim=(0, edges[-1]), ylim=(0, None))
        right.set_title("Same digit or not")
        right.legend(loc="upper left")
        return figure

    caption = (
        "Left: every image against every other; dark is near. Right: the same distances, counted."
    )
    return Figure("all-distances", caption, draw)


def _split(values: Array, chosen: NDArray[np.bool_]) -> tuple[Array, Array]:
    return values[chosen], values[~chosen]


def mistakes(digits: Digits, neighbours: NDArray[np.int64]) -> Figure:
    """Return the images whose nearest neighbour shows another digit, above that neighbour."""
    wrong = np.flatnonzero(digits.labels != digits.labels[neighbours])
    shown = wrong[:: max(1, -(-len(wrong) // _SHOWN_MISTAKES))]

    def draw(theme: Theme) -> Canvas:
        figure = canvas(12.6, 3.0)
        columns = max(len(shown), 1)
        grid = figure.subplots(2, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_visible(False)
        for column, image in enumerate(shown):
            for axes, row, color in (
                (grid[0, column], image, theme.text),
                (grid[1, column], neighbours[image], theme.second),
            ):
                axes.set_visible(True)
                show_image(axes, digits.images[row], cmap=theme.ink, vmin=0, vmax=GREY_VALUES - 1)
                axes.set_title(str(digits.labels[row]), pad=3, color=color)
        return figure

    caption = (
        f"{len(shown)} of the {len(wrong)} mistakes: an image, and below it its nearest neighbour, "
        f"which shows another digit."
    )
    return Figure("mistakes", caption, draw)
