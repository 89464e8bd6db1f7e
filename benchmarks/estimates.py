"""Monte Carlo estimates with gradients: what is estimated, by whom, and how right it has to be.

Nothing is timed before its value and all gradients lie within what chance leaves of an estimate from
many more samples.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastdiv
import peers_montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from machine import can_pin, processors, threads
from timing import QUICK, Effort, Timing, interleave
from works import Array, Call

LIBRARIES = ("fastdiv", *peers_montecarlo.PEERS)
REFERENCE_SAMPLES = 4_000_000
CHANCE = 8.0
"""Standard errors that an answer may lie off; peers draw without stratification, so theirs are larger."""


@dataclass(frozen=True, eq=False)
class Estimation:
    """One row: KL of p from q, and gradients by the arguments at these positions."""

    title: str
    p: Any
    q: Any
    argnums: tuple[int, ...]
    samples: int
    quick_samples: int
    targets: Mapping[str, float]
    """Nanoseconds a sample, or microseconds a call."""
    per_call: bool = False

    def size(self, quick: bool) -> int:
        """Return the number of samples."""
        return self.quick_samples if quick else self.samples

    def label(self, quick: bool) -> str:
        """Return the title and the number of samples."""
        return f"{self.title}, {self.size(quick):,} samples"

    def arguments(self, dtype: str) -> tuple[Any, Any]:
        """Return p and q in this type."""
        return _cast(self.p, dtype), _cast(self.q, dtype)


def _cast(d: Any, dtype: str) -> Any:
    if isinstance(d, Mixture):
        return Mixture(d.weights.astype(dtype), _cast(d.components, dtype))
    second = "std" if isinstance(d, Normal) else "scale_tril"
    return type(d)(d.mean.astype(dtype), getattr(d, second).astype(dtype))


def _plane() -> tuple[Any, Any]:
    """Return the lecture's mixture, and a normal distribution on its way to it."""
    target = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [1.0, 1.0]], [[0.25, 0.5], [0.25, 0.25]]))
    return MultivariateNormal([0.5, 0.4], [[0.6, 0.0], [0.3, 0.5]]), target


def _many() -> tuple[Any, Any]:
    """Return two mixtures of 16 components in 16 dimensions."""
    rng = np.random.default_rng(16)
    found = []
    for _ in range(2):
        scale = np.tril(rng.normal(size=(16, 16, 16)) * 0.2, -1)
        scale[:, range(16), range(16)] = rng.uniform(0.5, 1.5, (16, 16))
        parts = MultivariateNormal(rng.normal(size=(16, 16)), scale)
        found.append(Mixture(np.full(16, 1 / 16), parts))
    return found[0], found[1]


_REVERSE = "reverse KL and gradient, 2-D, 2 components"
ESTIMATIONS = (
    Estimation(_REVERSE, *_plane(), (0,), 1_000_000, 50_000, {"float32": 6, "float64": 12}),
    Estimation(_REVERSE, *_plane(), (0,), 1000, 1000, {"float32": 20, "float64": 20}, per_call=True),
    Estimation(
        "forward KL and both gradients, 16-D, 16 components each",
        *_many(),
        (0, 1),
        100_000,
        4096,
        {"float32": 400},
    ),
)  # fmt: skip
DTYPES = ("float32", "float64")


def _parameters(d: Any) -> list[Array]:
    """Return mean and standard deviations or lower triangle; weights stay out: not all have gradients by them."""
    parts = d.components if isinstance(d, Mixture) else d
    return [parts.mean, parts.std if isinstance(parts, Normal) else parts.scale_tril]


@functools.cache
def _reference(estimation: Estimation) -> tuple[list[Array], list[Array]]:
    """Return value and gradients from many samples, and the standard errors that a single sample has."""
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, estimation.argnums)
    samples = min(REFERENCE_SAMPLES, 64 * estimation.samples)
    estimate, gradients = f(estimation.p, estimation.q, samples, 2**40)
    results, errors = [np.asarray(estimate.value)], [np.asarray(estimate.standard_error)]
    for gradient, error in zip(gradients, estimate.gradient_standard_errors, strict=True):
        results += _parameters(gradient)
        errors += _parameters(error)
    return results, [error * np.sqrt(samples) for error in errors]


def require(estimation: Estimation, quick: bool, library: str, found: tuple[Array, ...]) -> None:
    """Assert that value and gradients are right."""
    expected, deviations = _reference(estimation)
    assert len(found) == len(expected)
    for result, exact, deviation in zip(found, expected, deviations, strict=True):
        off = abs(np.asarray(result, np.float64).reshape(exact.shape) - exact)
        # An entry's own deviation is rough; none can be far below the others of its array.
        chance = np.maximum(deviation, np.median(deviation)) / np.sqrt(estimation.size(quick))
        worst = float((off / (chance + 1e-6)).max())
        assert worst < CHANCE, f"{library}, {estimation.title}: off by {worst:.1f} standard errors"


def call(library: str, estimation: Estimation, quick: bool, dtype: str) -> Call | None:
    """Return a call that gives the value and the gradients; None if the library cannot."""
    p, q = estimation.arguments(dtype)
    samples = estimation.size(quick)
    if library != "fastdiv":
        return peers_montecarlo.call(library, p, q, estimation.argnums, samples)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, estimation.argnums)
    return lambda: f(p, q, samples, 1)


def as_arrays(library: str, result: Any) -> tuple[Array, ...]:
    """Return a call's results: value, then each gradient's mean and scale."""
    if library != "fastdiv":
        return peers_montecarlo.as_arrays(result)
    estimate, gradients = result
    fields = [field for gradient in gradients for field in _parameters(gradient)]
    return (np.asarray(estimate.value), *fields)


@dataclass(frozen=True)
class Result:
    """Seconds of calls by library."""

    estimation: Estimation
    quick: bool
    dtype: str
    threads: int
    timings: Mapping[str, Timing]

    def figure(self, library: str) -> float:
        """Return the median in the unit of the table."""
        return self.timings[library].median * self.scale

    @property
    def scale(self) -> float:
        """From seconds to nanoseconds a sample or microseconds a call."""
        per_sample = 1e9 / self.estimation.size(self.quick)
        return 1e6 if self.estimation.per_call else per_sample


def measure(quick: bool) -> list[Result]:
    """Check and time every row, with one thread and with all; print a line for each."""
    effort = QUICK if quick else Effort(rounds=7, seconds=0.3, budget=40.0)
    results = []
    for estimation in ESTIMATIONS:
        for dtype in DTYPES:
            if not quick and dtype not in estimation.targets:
                continue
            own = _checked_calls(estimation, quick, dtype)
            for count in sorted({1, processors()}):
                possible = {
                    library: each
                    for library, each in own.items()
                    if library != "JAX" or count == processors() or can_pin()
                }
                with threads(count):
                    timings = interleave(possible, effort)
                results.append(Result(estimation, quick, dtype, count, timings))
                print(_progress(results[-1]), flush=True)
    return results


def _checked_calls(estimation: Estimation, quick: bool, dtype: str) -> dict[str, Call]:
    found = {}
    for library in LIBRARIES:
        own = call(library, estimation, quick, dtype)
        if own is not None:
            require(estimation, quick, library, as_arrays(library, own()))
            found[library] = own
    return found


def _progress(result: Result) -> str:
    unit = "µs" if result.estimation.per_call else "ns"
    figures = ", ".join(f"{name} {result.figure(name):.3g}" for name in result.timings)
    what = f"{result.estimation.label(result.quick)}, {result.dtype}, threads: {result.threads}"
    return f"{what}: {unit} {figures}"
