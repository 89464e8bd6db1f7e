"""A progress bar on a terminal, for trainings that take a while."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

_SILENCE = 1.0  # seconds before the bar appears


class Bar(Protocol):
    """What a training tells a bar."""

    def update(self, n: int) -> Any:
        """Count steps."""

    def set_postfix(self, **figures: Any) -> Any:
        """Show the epoch's losses."""


class _NoBar:
    def update(self, n: int) -> None:
        """Nothing to show."""

    def set_postfix(self, **figures: Any) -> None:
        """Nothing to show."""


def progress(total: int, done: int, wanted: bool) -> AbstractContextManager[Bar]:
    """Return a bar over steps, if standard error is a terminal and tqdm is installed."""
    if not wanted or not sys.stderr.isatty():
        return nullcontext(_NoBar())
    try:
        from tqdm import tqdm
    except ImportError:
        return nullcontext(_NoBar())
    bar: AbstractContextManager[Bar] = tqdm(
        total=total, initial=done, unit="step", delay=_SILENCE, dynamic_ncols=True
    )
    return bar
