"""Every error that a caller of `plotting` can cause."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable, Sequence
from typing import Any

from .._validate import describe, real
from ..distributions import Distribution
from ..fitting import Fit
from ._matplotlib import load


def plane(name: str, value: Any) -> None:
    """Check that a distribution has two dimensions, which is what can be drawn."""
    if not isinstance(value, Distribution):
        raise TypeError(f"{name} must be a distribution, got {describe(value)}")
    if value.event_shape != (2,):
        raise ValueError(f"{name} has {value.event_shape[0]} dimensions: expected 2")


def single(name: str, value: Any) -> None:
    """Check that there is one distribution and no batch."""
    plane(name, value)
    if value.batch_shape:
        raise ValueError(f"{name} has batch shape {value.batch_shape}: expected no batch")


def fit(value: Any) -> None:
    """Check what `minimize` returned."""
    if not isinstance(value, Fit):
        raise TypeError(
            f"fit must be what fastdiv.fitting.minimize returned, got {describe(value)}"
        )
    plane("fit.distribution", value.distribution)


def masses(values: Sequence[float]) -> list[float]:
    """Return shares of probability in falling order: those of the outer contours first."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(
            f"masses must be a sequence of numbers between 0 and 1, got {describe(values)}"
        )
    shares = sorted({real("masses", value) for value in values}, reverse=True)
    if not shares or not 0 < shares[-1] <= shares[0] < 1:
        raise ValueError(f"masses must lie between 0 and 1, got {describe(values)}")
    return shares


def axes(value: Any) -> None:
    """Check where to draw: Matplotlib's axes, or None for new ones."""
    if value is not None and not isinstance(value, load("matplotlib.axes").Axes):
        raise TypeError(f"axes must be Matplotlib's Axes or None, got {describe(value)}")


def color(name: str, value: Any) -> None:
    """Check one colour."""
    if not load("matplotlib.colors").is_color_like(value):
        raise ValueError(f"{name} must be a color of Matplotlib's, got {describe(value)}")


def gif(value: Any) -> str:
    """Return the path of a GIF to write."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"path must be a path, got {describe(value)}")
    path = os.fsdecode(value)
    if os.path.splitext(path)[1].lower() not in ("", ".gif"):
        raise ValueError(f"path must end in .gif, which is what is written, got {describe(value)}")
    return path


def extent(value: Any) -> tuple[float, float, float, float]:
    """Return the borders of a picture."""
    sides = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
    if len(sides) != 4 or not all(math.isfinite(real("extent", side)) for side in sides):
        raise ValueError(f"extent must be (left, right, bottom, top), got {describe(value)}")
    left, right, bottom, top = (float(side) for side in sides)
    if not (left < right and bottom < top):
        raise ValueError(f"extent must have left < right and bottom < top, got {describe(value)}")
    return left, right, bottom, top


def count(name: str, value: Any, least: int) -> int:
    """Return a whole number that is not too small."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {describe(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {describe(value)}")
    return int(value)


def one_each(name: str, values: Sequence[Any], fits: int) -> list[Any]:
    """Return a list with one entry a fit of the batch."""
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) < fits:
        raise ValueError(
            f"{name} must have an entry for each of {fits} fits, got {describe(values)}"
        )
    return list(values)


def positive(name: str, value: Any) -> None:
    """Check a positive finite number."""
    if not 0 < real(name, value) < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {describe(value)}")
