"""Interleaved rounds: every library in turn, again and again, so that drift meets all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int = 9
    least_rounds: int = 3
    seconds: float = 0.05
    """What one library's calls of one round take at least."""
    budget: float = 25.0
    """No further round begins after this many seconds."""


QUICK = Effort(rounds=3, seconds=0.005, budget=5.0)


@dataclass(frozen=True)
class Timing:
    """Seconds per call, one figure a round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure that is quoted."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """(max − min) / median over the rounds."""
        return (max(self.rounds) - min(self.rounds)) / self.median

    def ratio(self, other: Timing) -> float:
        """How many times longer this took: the median over rounds that lay side by side."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine / its for mine, its in pairs)


def _seconds(call: Call, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def _repetitions(call: Call, seconds: float) -> int:
    """Count the calls that take about this long; 1 if a single one does."""
    count = 1
    while True:
        once = _seconds(call, count)
        if once * count >= seconds / 4:
            return max(1, round(seconds / once))
        count *= 4


def best_seconds(call: Call, seconds: float) -> float:
    """Return the least seconds per call of five batches that take this long together."""
    count = _repetitions(call, seconds / 5)
    return min(_seconds(call, count) for _ in range(5))


def interleave(calls: Mapping[str, Call], effort: Effort) -> dict[str, Timing]:
    """Time all calls in turn, in rounds that begin with another one each."""
    names = list(calls)
    counts = {name: _repetitions(call, effort.seconds) for name, call in calls.items()}
    rounds: dict[str, list[float]] = {name: [] for name in names}
    collecting = gc.isenabled()
    gc.disable()
    start = time.perf_counter()
    try:
        for index in range(effort.rounds):
            if index >= effort.least_rounds and time.perf_counter() - start > effort.budget:
                break
            first = index % len(names)
            for name in names[first:] + names[:first]:
                if counts[name] > 1:
                    calls[name]()  # wakes the threads and refills the caches
                rounds[name].append(_seconds(calls[name], counts[name]))
    finally:
        if collecting:
            gc.enable()
    return {name: Timing(tuple(seconds)) for name, seconds in rounds.items()}
