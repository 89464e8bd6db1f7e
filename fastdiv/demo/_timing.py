"""Times of several implementations, measured side by side."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import fastdiv

from ._chapter import Table
from ._numbers import ratio_text, seconds_text

_LEAST_ROUNDS, _MOST_ROUNDS = 3, 9


@dataclass(frozen=True)
class Contender:
    """An implementation, and how many threads it may use; SciPy and scikit-learn use one."""

    name: str
    call: Callable[[], Any]
    threads: int = 1


@dataclass(frozen=True)
class Timing:
    """The median time of one call, in seconds."""

    name: str
    threads: int
    seconds: float
    runs: int


def with_all_threads(name: str, call: Callable[[], Any]) -> list[Contender]:
    """Return fastdiv's entries: on one thread as its peers, and on all if there are several."""
    counts = sorted({1, fastdiv.get_num_threads()})
    return [Contender(name, call, threads) for threads in counts]


def compare(contenders: Sequence[Contender], quick: bool) -> list[Timing]:
    """Time the implementations in turn, round after round; a run repeats calls that are short."""
    run_seconds, budget = (1e-3, 1.0) if quick else (1e-2, 12.0)
    repeats = [_repeats(each, run_seconds) for each in contenders]
    start = time.perf_counter()
    samples = [_round(contenders, repeats)]
    round_seconds = time.perf_counter() - start
    more = min(max(int(budget / round_seconds), _LEAST_ROUNDS), _MOST_ROUNDS) - 1
    samples += [_round(contenders, repeats) for _ in range(more)]
    return [
        Timing(each.name, each.threads, statistics.median(times), len(times))
        for each, times in zip(contenders, zip(*samples, strict=True), strict=True)
    ]


def _round(contenders: Sequence[Contender], repeats: Sequence[int]) -> list[float]:
    return [_time(each, count) for each, count in zip(contenders, repeats, strict=True)]


def _time(contender: Contender, count: int) -> float:
    before = fastdiv.get_num_threads()
    fastdiv.set_num_threads(contender.threads)
    try:
        start = time.perf_counter()
        for _ in range(count):
            contender.call()
        return (time.perf_counter() - start) / count
    finally:
        fastdiv.set_num_threads(before)


def _repeats(contender: Contender, run_seconds: float) -> int:
    seconds = _time(contender, 1)  # the first call of all may load code: a short one is asked twice
    if seconds < run_seconds * 10:
        seconds = _time(contender, 1)
    return max(1, round(run_seconds / seconds))


def as_numbers(timings: Sequence[Timing]) -> list[dict[str, Any]]:
    """Return the times for results.json."""
    return [dataclasses.asdict(each) for each in timings]


def timing_table(caption: str, timings: Sequence[Timing]) -> Table:
    """Return the table of times; the first one is what the others are compared with."""
    rows = [
        (
            each.name,
            str(each.threads),
            seconds_text(each.seconds),
            ratio_text(timings[0].seconds / each.seconds),
        )
        for each in timings
    ]
    header = ("implementation", "threads", "median time", "speed")
    caption = f"{caption} Median of {timings[0].runs} interleaved runs."
    return Table(caption, header, rows, bars=[each.seconds for each in timings])
