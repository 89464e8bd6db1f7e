"""What a chapter gets and what it returns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._digits import Digits
from ._theme import Canvas, Theme


class Steps:
    """Progress on the terminal: one line a step, with its time."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Print the step's name when it starts and its time when it ends."""
        print(f"{name + ' ':.<64} ", end="", flush=True)
        start = time.perf_counter()
        try:
            yield
        except BaseException:
            print("stopped", flush=True)
            raise
        print(f"{time.perf_counter() - start:6.2f} s", flush=True)


@dataclass(frozen=True)
class Context:
    """What every chapter computes from."""

    digits: Digits
    quick: bool
    step: Steps


@dataclass(frozen=True)
class Figure:
    """A picture: `draw` makes it once for light and once for dark pages."""

    name: str
    caption: str
    draw: Callable[[Theme], Canvas]


@dataclass(frozen=True)
class Animation:
    """A moving picture: `write` makes a GIF once for light and once for dark pages.

    Readers who want nothing to move see the figure called `still`. Several in a row stand side by side.
    """

    name: str
    caption: str
    write: Callable[[Theme, Path], None]
    still: str


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; `bars`, one length a row, are drawn to scale beside them."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[float] = ()
    wide: bool = False  # as wide as the page


@dataclass(frozen=True)
class Check:
    """A number that must not exceed its limit."""

    what: str
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the number holds; NaN does not."""
        return self.value <= self.limit

    def __str__(self) -> str:
        return f"{self.what}: {self.value:.3g}, at most {self.limit:.3g} is allowed"


@dataclass(frozen=True)
class Highlight:
    """One figure for the top of the report."""

    value: str
    label: str


@dataclass(frozen=True)
class Chapter:
    """A part of the report; in its text, `backticks` mark code."""

    title: str
    text: Sequence[str]
    figures: Sequence[Figure | Animation]
    tables: Sequence[Table]
    checks: Sequence[Check]
    highlights: Sequence[Highlight] = ()
    numbers: dict[str, Any] = field(
        default_factory=dict
    )  # for results.json: arrays, floats, strings
