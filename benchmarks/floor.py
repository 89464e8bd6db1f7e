"""The least time of a work: its bytes at a copy's speed, or its logs and exponentials at ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

import fastdiv
from timing import Call, best_seconds
from works import Array, Work


def copy_bandwidth(footprint: int, threads: int, seconds: float) -> float:
    """Bytes read and written per second by copies whose arrays take `footprint` bytes together."""
    entries = max(1024, min(footprint, 2**30) // (16 * threads))
    pairs = [(np.ones(entries), np.zeros(entries)) for _ in range(threads)]

    def copy(pair: tuple[Array, Array], count: int) -> None:
        for _ in range(count):
            np.copyto(*pair)

    once = best_seconds(lambda: copy(pairs[0], 1), seconds / 10)
    count = max(1, round(seconds / once))
    least = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(4):
            start = time.perf_counter()
            list(pool.map(copy, pairs, [count] * threads))
            least = min(least, time.perf_counter() - start)
    return threads * count * 16 * entries / least


def log_seconds(dtype: str, threads: int, seconds: float) -> float:
    """Seconds for each logarithm of our own, in cache."""

    def call(entries: int) -> Call:
        array = np.linspace(0.1, 1, entries, dtype=dtype)
        out = np.empty_like(array)
        return lambda: fastdiv.self_information(array, normalize=False, out=out)

    return _slope(call, threads, seconds)


def exp_seconds(dtype: str, threads: int, seconds: float) -> float:
    """Seconds for each exponential of our own, in cache: the entropy of logits takes one."""

    def call(entries: int) -> Call:
        array = np.linspace(-10, 0, entries).astype(dtype)
        return lambda: fastdiv.logits.entropy(array)

    return _slope(call, threads, seconds)


def _slope(call: Callable[[int], Call], threads: int, seconds: float) -> float:
    """Seconds for each entry, between two sizes."""
    sizes = 2**13, 2**16
    before = fastdiv.get_num_threads()
    fastdiv.set_num_threads(1)
    short, long = (best_seconds(call(size), seconds) for size in sizes)
    fastdiv.set_num_threads(before)
    return (long - short) / (sizes[1] - sizes[0]) / threads


def product_seconds(arrays: tuple[Array, ...], seconds: float) -> float:
    """Seconds for the matrix product of all pairs of rows."""
    p, q = arrays
    out = np.empty((len(p), len(q)), p.dtype)
    return best_seconds(lambda: np.matmul(p, q.T, out=out), seconds)


@dataclass(frozen=True)
class Floor:
    """Seconds that a call cannot beat."""

    memory: float
    arithmetic: float

    @property
    def seconds(self) -> float:
        """The larger of both."""
        return max(self.memory, self.arithmetic)


def floor_of(work: Work, arrays: tuple[Array, ...], threads: int, quick: bool) -> Floor:
    """Measure the floor of a work, with these threads and now."""
    dtype, seconds = arrays[0].dtype.name, 0.004 if quick else 0.02
    elements = work.elements(quick)
    moved = work.bytes_moved(quick, dtype)
    memory = moved / copy_bandwidth(moved, threads, seconds)
    arithmetic = 0.0
    computed = "float64" if dtype == "float64" else "float32"
    if work.logs:
        arithmetic += work.logs * log_seconds(computed, threads, seconds) * elements
    if work.exps:
        arithmetic += work.exps * exp_seconds(computed, threads, seconds) * elements
    if work.name == "pairwise_kl_divergence":
        arithmetic += product_seconds(arrays, seconds)
    return Floor(memory, arithmetic)
