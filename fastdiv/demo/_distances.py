"""Chapter: Jensen-Shannon distances of mean images and of all pairs of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import distance

import fastdiv

from . import _distances_figures as figures
from . import _timing
from ._chapter import Chapter, Check, Context, Highlight, Table
from ._digits import Digits
from ._numbers import ratio_text, scientific

_TOLERANCE = 1e-12
_JENSEN_SHANNON, _EUCLIDEAN = "Jensen-Shannon distance", "Euclidean distance"
_TIMES_INK = 3  # a whole number: an inked copy is exactly proportional
_SQRT_LOG_2 = np.sqrt(np.log(2))  # from nats to base 2, for distances

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Distances:
    """From fastdiv and from SciPy, in nats: all pairs, and each image against its inked copy."""

    ours: Array
    scipy: Array
    ours_inked: Array
    scipy_inked: Array

    def difference(self) -> float:
        """Return the largest difference of two images' distances where SciPy has a number."""
        compared = np.isfinite(self.scipy) & ~np.eye(len(self.ours), dtype=bool)
        return float(np.abs(self.ours - self.scipy)[compared].max())

    def nan(self) -> dict[str, int]:
        """Return how many distances have no number."""
        return {
            "fastdiv, pairs": _count_nan(self.ours),
            "scipy, pairs": _count_nan(self.scipy),
            "fastdiv, inked": _count_nan(self.ours_inked),
            "scipy, inked": _count_nan(self.scipy_inked),
        }


def scipy_distances(p: Array, q: Array) -> Array:
    """Return SciPy's distances of all pairs of rows, without warnings about NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(distance.cdist(p, q, "jensenshannon"))


def nearest(distances: Array) -> NDArray[np.int64]:
    """Return each row's nearest other row."""
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    return np.asarray(others.argmin(axis=1))


def build(context: Context) -> Chapter:
    """Compute, check, time."""
    digits = context.digits
    count = len(digits.images)
    means = digits.mean_images()
    mean_distances = fastdiv.pairwise.js_distance(means, base=2)
    found = _compute(context)
    with context.step("distances: times"):
        timings = _times(digits.images, context.quick)
    neighbours = nearest(found.ours)
    accuracies = _accuracies(digits, neighbours)
    accuracy_table = Table(
        "Leave-one-out: the digit of the nearest other image.",
        ("nearest by", "right"),
        [(name, f"{accuracy:.2%}") for name, accuracy in accuracies.items()],
    )
    return Chapter(
        title="How far apart are two images?",
        text=_text(found, accuracies),
        figures=[
            figures.means(means, mean_distances),
            figures.all_pairs(found.ours / _SQRT_LOG_2, digits.labels),
            figures.mistakes(digits, neighbours),
        ],
        tables=[
            _timing.timing_table(f"All {count:,} × {count:,} pairs of 64 pixels.", timings),
            _odd_cases(found),
            accuracy_table,
        ],
        checks=_checks(found, means, mean_distances),
        highlights=_highlights(found, accuracies, timings),
        numbers={
            "mean_images": mean_distances,
            "largest_difference_scipy": found.difference(),
            "nan": found.nan(),
            "accuracies": accuracies,
            "times": _timing.as_numbers(timings),
        },
    )


def _compute(context: Context) -> _Distances:
    images = context.digits.images
    inked = images * _TIMES_INK
    count = len(images)
    with context.step(f"Jensen-Shannon distances of {count:,} × {count:,} images"):
        ours = fastdiv.pairwise.js_distance(images)
        ours_inked = fastdiv.js_distance(images, inked)
    with context.step("the same by SciPy"):
        scipy = scipy_distances(images, images)
        pairs = zip(images[:, np.newaxis], inked[:, np.newaxis], strict=True)
        scipy_inked = np.array([scipy_distances(*pair).item() for pair in pairs])
    return _Distances(ours, scipy, ours_inked, scipy_inked)


def _checks(found: _Distances, means: Array, mean_distances: Array) -> list[Check]:
    ours = found.ours
    mean_error = float(np.abs(mean_distances - scipy_distances(means, means) / _SQRT_LOG_2).max())
    inked = f"distance of an image to a copy with {_TIMES_INK} times the ink"
    return [
        Check("images: largest difference from SciPy", found.difference(), _TOLERANCE),
        Check("mean images: largest difference from SciPy", mean_error, _TOLERANCE),
        Check("distance of an image to itself", float(np.abs(ours.diagonal()).max()), 0),
        Check(inked, float(found.ours_inked.max()), 0),
        Check("asymmetry", float(np.abs(ours - ours.T).max()), _TOLERANCE),
    ]


def _highlights(
    found: _Distances, accuracies: dict[str, float], timings: list[_timing.Timing]
) -> list[Highlight]:
    nan = found.nan()
    speed = timings[0].seconds / timings[2].seconds
    return [
        Highlight(
            ratio_text(speed),
            "the speed of SciPy's cdist: all Jensen-Shannon distances, one thread each",
        ),
        Highlight(
            f"{accuracies[_JENSEN_SHANNON]:.1%}",
            "of digits named rightly by the nearest other image",
        ),
        Highlight(
            f"{nan['scipy, inked']:,} → {nan['fastdiv, inked']:,}",
            f"NaN, SciPy → fastdiv: {len(found.ours):,} images against copies with "
            f"{_TIMES_INK} times the ink",
        ),
    ]


def _times(images: Array, quick: bool) -> list[_timing.Timing]:
    return _timing.compare(
        [
            _timing.Contender("scipy cdist", lambda: scipy_distances(images, images)),
            _timing.Contender(
                "scipy pdist, which computes half",
                lambda: distance.pdist(images, "jensenshannon"),
            ),
            *_timing.with_all_threads(
                "fastdiv.pairwise.js_distance", lambda: fastdiv.pairwise.js_distance(images)
            ),
        ],
        quick,
    )


def _accuracies(digits: Digits, neighbours: NDArray[np.int64]) -> dict[str, float]:
    images, labels = digits.images, digits.labels
    shares = images / images.sum(axis=1, keepdims=True)
    found = {
        _JENSEN_SHANNON: neighbours,
        _EUCLIDEAN: nearest(distance.cdist(images, images)),
        "Euclidean distance of shares of ink": nearest(distance.cdist(shares, shares)),
    }
    return {name: float(np.mean(labels[rows] == labels)) for name, rows in found.items()}


def _text(found: _Distances, accuracies: dict[str, float]) -> list[str]:
    count, nan = len(found.ours), found.nan()
    return [
        "An image is a distribution of ink over its pixels. The Jensen-Shannon distance of two "
        "images is a metric; with base 2 it lies between 0 and 1, and how hard the pen was pressed "
        "does not count.",
        f"One call, `fastdiv.pairwise.js_distance(images)`, gives all {count:,} × {count:,} "
        f"distances. The nearest other image shows the same digit in "
        f"{accuracies[_JENSEN_SHANNON]:.2%} of the cases; by Euclidean distance, in "
        f"{accuracies[_EUCLIDEAN]:.2%}.",
        f"SciPy subtracts large, nearly equal numbers, and may return NaN for proportional rows: "
        f"{nan['scipy, inked']:,} of the {count:,} images have no distance to a copy of themselves "
        f"with {_TIMES_INK} times the ink. fastdiv sums terms that are never negative; the largest "
        f"of its {count:,} distances is {scientific(found.ours_inked.max())}. Among the pairs of "
        f"images as they are, SciPy returned {nan['scipy, pairs']:,} NaN.",
    ]


def _odd_cases(found: _Distances) -> Table:
    nan = found.nan()
    ours, scipy = (np.nanmax(each) for each in (found.ours_inked, found.scipy_inked))
    rows = [
        ("pairs of images, NaN", f"{nan['scipy, pairs']:,}", f"{nan['fastdiv, pairs']:,}"),
        (
            f"image and copy with {_TIMES_INK} times the ink, NaN",
            f"{nan['scipy, inked']:,}",
            f"{nan['fastdiv, inked']:,}",
        ),
        ("the same, largest distance (0 is right)", scientific(scipy), scientific(ours)),
    ]
    return Table("Proportional images.", ("", "SciPy", "fastdiv"), rows)


def _count_nan(distances: Array) -> int:
    return int(np.isnan(distances).sum())
