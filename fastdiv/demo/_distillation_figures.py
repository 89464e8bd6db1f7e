"""Pictures of the chapter on distillation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from scipy.special import softmax

from ._chapter import Figure
from ._digits import CLASSES, GREY_VALUES
from ._distillation_losses import TEMPERATURE
from ._distillation_peers import GRADIENT_BYTES, TOKENS, VOCABULARY, Costs, Curves
from ._distillation_study import FEW, TEMPERATURES, Study
from ._numbers import memory_text, scientific, seconds_text
from ._theme import Canvas, Theme, canvas, show_image

_MEBIBYTE = 2**20

Array = NDArray[np.float64]


def trainings(study: Study) -> Figure:
    """Return losses and accuracies along the trainings, and accuracies by the number of images."""
    hard, distilled = study.hard[FEW], study.distilled[FEW]
    teacher = float(study.teacher_accuracy().mean())
    sizes = study.plan.sizes
    ends = [
        np.array([study.accuracy(runs[size]) for size in sizes])
        for runs in (study.hard, study.distilled)
    ]

    def draw(theme: Theme) -> Canvas:
        figure = canvas(13.2, 4.4)
        left, middle, right = figure.subplots(1, 3)
        labels = ("hard labels", f"distilled, T = {TEMPERATURE:g}")
        colors = (theme.second, theme.first)
        losses = (hard.losses, distilled.losses)
        for values, label, color in zip(losses, labels, colors, strict=True):
            _band(left, np.arange(len(values)), values, color, label)
        _band(left, np.arange(len(hard.losses)), study.teacher.losses, theme.third, "teacher")
        left.set(yscale="log", xlabel="step", ylabel="training loss, nats", title="Training losses")
        for run, label, color in zip((hard, distilled), labels, colors, strict=True):
            _band(middle, run.kept_steps, study.accuracy_on_the_way(run), color, label)
        for values, label, color in zip(ends, labels, colors, strict=True):
            _band(right, sizes, values, color, label, marker="o", markersize=4)
        for axes in (middle, right):
            axes.axhline(teacher, color=theme.third, linestyle="--", linewidth=1.2, label="teacher")
            axes.set(ylabel="accuracy on test images", ylim=(0.5, 1))
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        middle.set(xlabel="step", title=f"Students of {FEW} images")
        right.set(xscale="log", xlabel="images that the student learns from")
        right.set_title("Students of few and of many images")
        right.set_xticks(sizes, [str(size) for size in sizes])
        for axes in (left, middle, right):
            axes.minorticks_off()
            axes.grid()
        left.legend(loc="upper right")
        right.legend(loc="lower right")
        return figure

    caption = (
        f"Lines: means over {study.plan.seeds} random splits; bands: from the lowest to the "
        f"highest. Left: what each training minimises, cross entropy or T² KL, which are not to be "
        f"compared. Middle and right: accuracy on images that nobody learned from."
    )
    return Figure("distillation", caption, draw)


def _band(axes: Any, places: Any, values: Array, color: str, label: str, **options: Any) -> None:
    """Draw the mean over the last axis as a line, and the range as a band."""
    axes.fill_between(
        places, values.min(axis=-1), values.max(axis=-1), color=color, alpha=0.2, linewidth=0
    )
    axes.plot(places, values.mean(axis=-1), color=color, linewidth=1.6, label=label, **options)


def knowledge(image: Array, label: int, logits: Array, entropies: Array) -> Figure:
    """Return one image, and the teacher's distribution of its digit at each temperature."""
    shares = [softmax(logits / temperature) for temperature in TEMPERATURES]

    def draw(theme: Theme) -> Canvas:
        figure = canvas(13.2, 3.1)
        picture, *panels = figure.subplots(1, 1 + len(TEMPERATURES), width_ratios=[0.8, 1, 1, 1, 1])
        show_image(picture, image, cmap=theme.ink, vmin=0, vmax=GREY_VALUES - 1)
        picture.set_title(f"labelled {label}")
        colors = [theme.second if digit == label else theme.first for digit in range(CLASSES)]
        for axes, p, temperature, entropy in zip(
            panels, shares, TEMPERATURES, entropies, strict=True
        ):
            axes.bar(range(CLASSES), p, color=colors, width=0.75)
            axes.set(xticks=range(CLASSES), xlabel="digit", ylim=(0, 1.05 * shares[0].max()))
            axes.set_title(f"T = {temperature:g}: {entropy:.2f} nats")
            axes.tick_params(axis="x", length=0)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        panels[0].set_ylabel("teacher's probability")
        for axes in panels[1:]:
            axes.tick_params(axis="y", labelleft=False)
        return figure

    caption = (
        f"The test image that the teacher is least sure of, and softmax(logits / T) with its "
        f"entropy; ten equal bars have log 10 = {np.log(CLASSES):.2f} nats. Orange: the label, "
        f"which is all that a hard target tells."
    )
    return Figure("dark-knowledge", caption, draw)


def peers(curves: Curves, costs: Costs) -> Figure:
    """Return one training by two implementations, and the cost of a large loss."""
    names = list(costs.memory)
    measured = {name: size for name, size in costs.memory.items() if size is not None}

    def draw(theme: Theme) -> Canvas:
        figure = canvas(13.2, 3.9)
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1])
        steps = np.arange(len(curves.our_losses))
        left.plot(steps, curves.peer_losses[:, 0], color=theme.second, linewidth=5, alpha=0.45)
        left.lines[0].set_label(curves.peer)
        left.plot(
            steps, curves.our_losses[:, 0], color=theme.first, linewidth=1.4, label=curves.ours
        )
        left.set(xlabel="step", ylabel="training loss, nats", ylim=(0, None))
        left.set_title(f"One training twice: at most {scientific(curves.difference())} apart")
        left.legend(loc="upper right")
        left.grid()
        colors = [theme.first if name.startswith("fastdiv") else theme.second for name in names]
        seconds = [costs.seconds(name) for name in names]
        _bars(middle, names, [1e3 * each for each in seconds], colors, map(seconds_text, seconds))
        middle.set(xlabel="median time, ms", title=f"Time of {TOKENS} × {VOCABULARY:,} logits")
        sizes = [measured.get(name, 0) / _MEBIBYTE for name in names]
        texts = [memory_text(costs.memory[name]) for name in names]
        _bars(right, names, sizes, colors, texts)
        right.set(xlabel="memory at the peak, beyond the inputs, MiB", title="Memory of the same")
        right.tick_params(axis="y", labelleft=False)
        size = GRADIENT_BYTES / _MEBIBYTE
        right.axvline(size, color=theme.text, linestyle=":", linewidth=1.2)
        return figure

    caption = (
        f"Left: a student of {FEW} images. Middle and right: one loss with its gradient, float32, "
        f"one thread each. Dotted: the gradient alone, {memory_text(GRADIENT_BYTES)}."
    )
    return Figure("distillation-peers", caption, draw)


def _bars(axes: Any, names: list[str], values: list[float], colors: Any, texts: Any) -> None:
    places = np.arange(len(names))
    axes.barh(places, values, color=colors, height=0.6)
    for place, value, text in zip(places, values, texts, strict=True):
        axes.annotate(
            text, (value, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.22 * max(*values, 1e-9))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
