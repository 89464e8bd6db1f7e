"""Chapter: how much one pixel tells about the digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import AsinhNorm
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import mutual_info_score

import fastdiv

from . import _timing
from ._chapter import Chapter, Check, Context, Figure, Highlight
from ._digits import CLASSES, GREY_VALUES, SIDE
from ._numbers import ratio_text
from ._theme import Canvas, Theme, canvas, show_image, write_cells

_TOLERANCE = 1e-12  # nats
_COUNT_TICKS = (0, 1, 3, 10, 30, 100)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Peers:
    """The same numbers from other libraries, in nats."""

    scipy: Array
    sklearn: Array


def by_scipy(counts: Array) -> Any:
    """Return H(X) + H(Y) − H(X, Y) of each table, from `scipy.stats.entropy`."""
    joint = stats.entropy(counts.reshape(len(counts), -1), axis=1)
    return (
        stats.entropy(counts.sum(axis=2), axis=1)
        + stats.entropy(counts.sum(axis=1), axis=1)
        - joint
    )


def by_sklearn(counts: Array) -> Any:
    """Return the mutual information of each table, from `sklearn.metrics.mutual_info_score`."""
    return np.array([mutual_info_score(None, None, contingency=table) for table in counts])


def build(context: Context) -> Chapter:
    """Compute, check, time."""
    counts = context.digits.joint_counts()
    with context.step("mutual information of 64 pixels with the digit"):
        nats = fastdiv.mutual_information(counts)
        peers = _Peers(by_scipy(counts), by_sklearn(counts))
    with context.step("mutual information: times"):
        timings = _timing.compare(
            [
                _timing.Contender("scipy.stats.entropy, three calls", lambda: by_scipy(counts)),
                _timing.Contender(
                    "sklearn mutual_info_score, a call a pixel", lambda: by_sklearn(counts)
                ),
                *_timing.with_all_threads(
                    "fastdiv.mutual_information", lambda: fastdiv.mutual_information(counts)
                ),
            ],
            context.quick,
        )
    bits = nats / np.log(2)
    difference = float(np.abs(nats - peers.scipy).max())
    best = int(bits.argmax())
    speed = timings[0].seconds / timings[2].seconds
    return Chapter(
        title="What one pixel tells about the digit",
        text=_text(context, counts, bits),
        figures=[_figure(context, counts, bits)],
        tables=[
            _timing.timing_table(
                f"{len(counts)} tables of {GREY_VALUES} × {CLASSES} counts.", timings
            ),
        ],
        checks=[
            Check("largest difference from SciPy, nats", difference, _TOLERANCE),
            Check(
                "largest difference from scikit-learn, nats",
                float(np.abs(nats - peers.sklearn).max()),
                _TOLERANCE,
            ),
        ],
        highlights=[
            Highlight(f"{bits[best]:.2f} bits", "about the digit in its most telling pixel"),
            Highlight(
                ratio_text(speed),
                "the speed of scipy.stats.entropy: mutual information, one thread each",
            ),
        ],
        numbers={
            "bits": bits,
            "largest_difference_scipy": difference,
            "times": _timing.as_numbers(timings),
        },
    )


def _text(context: Context, counts: Array, bits: Array) -> list[str]:
    labels = np.bincount(context.digits.labels, minlength=CLASSES)
    digit_bits = fastdiv.entropy(labels, base=2)
    best = int(bits.argmax())
    total = counts[0].sum()
    bias = (GREY_VALUES - 1) * (CLASSES - 1) / (2 * total * np.log(2))
    constant = int((bits == 0).sum())
    return [
        f"A table of counts for each of the {len(counts)} pixels: how often it has each of "
        f"{GREY_VALUES} grey values in images of each of the {CLASSES} digits. One call, "
        f"`fastdiv.mutual_information(counts)` with shape {counts.shape}, gives the information "
        f"that each pixel alone carries about the digit.",
        f"Naming the digit takes {digit_bits:.2f} bits. The most telling pixel, in row "
        f"{best // SIDE + 1} and column {best % SIDE + 1}, gives {bits[best]:.2f} of them; "
        f"{constant} pixels have one grey value in all images and give exactly 0. Ink on average "
        f"(left) is not information (middle): a pixel that is always inked says nothing.",
        f"These are figures of the sample. With {total:,.0f} images, chance alone adds up to about "
        f"{bias:.2f} bits to a pixel that takes all grey values.",
    ]


def _figure(context: Context, counts: Array, bits: Array) -> Figure:
    mean = context.digits.images.mean(axis=0)
    best = int(bits.argmax())

    def draw(theme: Theme) -> Canvas:
        figure = canvas(12.6, 3.9)
        left, middle, right = figure.subplots(1, 3)
        picture = show_image(left, mean, cmap=theme.ink, vmin=0, vmax=GREY_VALUES - 1)
        left.set_title("Mean of all images")
        figure.colorbar(picture, ax=left, shrink=0.8, label="ink, 0 to 16")
        picture = show_image(middle, bits, cmap="viridis", vmin=0)
        write_cells(middle, picture)
        corner = (best % SIDE - 0.5, best // SIDE - 0.5)
        middle.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#d6001c", linewidth=2))
        middle.set_title("Information about the digit")
        figure.colorbar(picture, ax=middle, shrink=0.8, label="mutual information, bits")
        picture = right.imshow(counts[best].T, cmap="magma", norm=AsinhNorm(vmin=0), aspect="auto")
        right.set_box_aspect(1)
        right.set(xlabel="grey value of the pixel", ylabel="digit", yticks=range(CLASSES))
        right.set_xticks(range(0, GREY_VALUES, 4))
        right.set_title(f"Counts at row {best // SIDE + 1}, column {best % SIDE + 1}")
        bar = figure.colorbar(picture, ax=right, shrink=0.8, label="images")
        bar.set_ticks(_COUNT_TICKS, labels=[str(count) for count in _COUNT_TICKS], minor=False)
        bar.minorticks_off()
        return figure

    caption = (
        "Left: the mean image. Middle: what each pixel alone tells about the digit. "
        "Right: the table of counts behind the most telling pixel, framed in the middle."
    )
    return Figure("mutual-information", caption, draw)
