"""Whole fits: a normal distribution in the plane fitted to a mixture of two, by Adam, by each library.

2,000 steps, each with a divergence and its gradient from 1,000 new samples. Whoever ends elsewhere
than at the minimum that is known by quadrature is not timed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import peers_fits
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.fitting import Adam, cosine_decay, minimize
from machine import can_pin, processors, threads
from timing import QUICK, Effort, Timing, interleave
from works import Array, Call

LIBRARIES = ("fastdiv", *peers_fits.PEERS)
DTYPES = ("float32", "float64")

MEANS = np.array([[0.0, 0.0], [1.0, 1.0]])
STDS = np.array([[0.25, 0.5], [0.25, 0.25]])
START_MEAN, START_STD = np.array([1.5, 0.5]), 0.4
RATE = 0.05
TOLERANCE = 0.03
"""Of a mean or an entry of the covariance: the noise of a fit."""


@dataclass(frozen=True)
class Fit:
    """What is minimised, and where its minimum lies."""

    kind: str
    title: str
    mean: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]

    def require(self, library: str, found: tuple[Array, Array]) -> None:
        """Assert that a library ended at the minimum."""
        mean, scale = (np.asarray(each, np.float64) for each in found)
        errors = abs(mean - self.mean).max(), abs(scale @ scale.T - self.covariance).max()
        assert max(errors) < TOLERANCE, f"{library}, {self.title}: off by {errors}"


FITS = (
    Fit("forward_kl", "forward KL", (0.5, 0.5), ((0.3125, 0.25), (0.25, 0.40625))),
    Fit("reverse_kl", "reverse KL", (0.973, 0.988), ((0.0779, 0.0061), (0.0061, 0.0668))),
    Fit("js", "JS", (0.4733, 0.4973), ((0.3017, 0.2378), (0.2378, 0.3751))),
)


@dataclass(frozen=True)
class Size:
    """How much is done."""

    steps: int
    samples: int


FULL, TRIAL = Size(2000, 1000), Size(300, 1000)


@dataclass(frozen=True)
class Result:
    """Seconds of whole fits by library."""

    fit: Fit
    size: Size
    dtype: str
    threads: int
    timings: Mapping[str, Timing]


def call(library: str, fit: Fit, size: Size, dtype: str) -> Call | None:
    """Return a call that makes a whole fit and returns mean and lower triangle; None if it cannot."""
    if library != "fastdiv":
        problem = peers_fits.Problem(
            MEANS, STDS, START_MEAN, START_STD, RATE, size.steps, size.samples
        )
        return peers_fits.call(library, fit.kind, problem, dtype)
    kind = np.dtype(dtype).type
    target = Mixture(np.full(2, 0.5, kind), Normal(MEANS.astype(kind), STDS.astype(kind)))
    start = MultivariateNormal(START_MEAN.astype(kind), np.eye(2, dtype=kind) * kind(START_STD))

    def run() -> tuple[Array, Array]:
        optimizer = Adam(cosine_decay(RATE, size.steps))
        found = minimize(
            start, target, fit.kind, optimizer=optimizer, n_samples=size.samples, steps=size.steps
        ).distribution
        return found.mean, found.scale_tril

    return run


def calls(fit: Fit, size: Size, dtype: str) -> dict[str, Call]:
    """Return every library's call; each has run once, to compile, and ended at the minimum."""
    found = {}
    for library in LIBRARIES:
        own = call(library, fit, size, dtype)
        if own is not None:
            fit.require(library, own())
            found[library] = own
    return found


def measure(quick: bool) -> list[Result]:
    """Time all fits with one thread and with all; print a line for each."""
    size = TRIAL if quick else FULL
    effort = QUICK if quick else Effort(rounds=5, seconds=0.3, budget=20.0)
    results = []
    for fit in FITS:
        for dtype in DTYPES:
            own = calls(fit, size, dtype)
            for count in sorted({1, processors()}):
                possible = {
                    library: each
                    for library, each in own.items()
                    if not library.startswith("JAX") or count == processors() or can_pin()
                }
                with threads(count):
                    timings = interleave(possible, effort)
                results.append(Result(fit, size, dtype, count, timings))
                print(_progress(results[-1]), flush=True)
    return results


def _progress(result: Result) -> str:
    figures = [f"{name} {1e3 * timing.median:.3g}" for name, timing in result.timings.items()]
    return f"fit by {result.fit.title}, {result.dtype}, threads: {result.threads}: ms {', '.join(figures)}"


def microseconds_per_step(result: Result, library: str) -> float:
    """Return the time of a step."""
    timing = result.timings.get(library)
    return math.nan if timing is None else 1e6 * timing.median / result.size.steps
