"""Matplotlib, which only pictures need: imported when one is drawn."""

from __future__ import annotations

import importlib
from typing import Any


def load(module: str) -> Any:
    """Import a module of Matplotlib, or say what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = f"fastdiv.plotting needs matplotlib ({error}): pip install 'fastdiv[plot]'"
        raise ImportError(message) from error


def axes_or_new(axes: Any) -> Any:
    """Return the axes given, or new ones as pyplot makes them."""
    if axes is not None:
        return axes
    return load("matplotlib.pyplot").subplots(layout="constrained")[1]


def shades(color: Any, count: int, strongest: float = 0.5) -> list[Any]:
    """Return a colour, from nearly transparent to `strongest`, for contours that are filled."""
    to_rgba = load("matplotlib.colors").to_rgba
    return [to_rgba(color, strongest * (k + 1) / count) for k in range(count)]
