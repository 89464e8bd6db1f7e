"""Monte Carlo estimates under the call signatures of `fastdiv._native`: host memory in and out.

Samples and sums stay on the GPU, segment by segment of leaves; what comes back are the few nodes that are left of the
moments, and the sums of batches. A record is the native one's: shards of both back ends can be merged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _native
from .gradient import Sums, add_sums
from .parameters import View, expected_log_density, surrogate, view_of
from .plan import Plan, Shape, make_plan
from .sources import Call, Source

Array = NDArray[Any]
Progress = Callable[[int, int], Any]


class _Watch:
    """Tells the caller's function how far a run is, some twenty times a second."""

    SECONDS = 0.05

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.last = progress, total, time.perf_counter()

    def tell(self, part: float) -> None:
        """Say that this part of the run is done."""
        now = time.perf_counter()
        if self.progress is not None and (part >= 1 or now - self.last >= self.SECONDS):
            self.last = now
            self.progress(self.total if part >= 1 else int(part * self.total), self.total)


def _source_record(
    call: Call,
    plan: Plan,
    views: list[View],
    nothing: bool,
    watch: _Watch,
    done: float,
    share: float,
) -> tuple[tuple[Any, ...], Array]:
    """Return what a source's samples leave, and the counts of its nodes."""
    own = views[plan.source]
    mixtures, expected = views, None
    if call.shape.control:
        with np.errstate(all="ignore"):
            mixtures = [*views, *map(surrogate, views)]
            of_p, of_q = (expected_log_density(each, own) for each in mixtures[2:])
            expected = of_p - of_q
    source = Source(call, plan, mixtures)
    segments = source.segments()
    for k, (first, end) in enumerate(segments if not nothing else []):
        source.run(first, end)
        watch.tell(done + share * (k + 1) / len(segments))
    if nothing:
        zeros = np.zeros((call.pairs, plan.strata, 5))
        complete = plan.complete_end
        source.nodes = [
            (level if n << level < complete else -1, n, zeros) for level, n in plan.nodes()
        ]
    return (source.moments(), own.weights.copy(), expected, source.sums()), source.counts()


def estimate(
    estimator: str,
    both: bool,
    p: tuple[Any, ...],
    q: tuple[Any, ...],
    pairs: int,
    wanted: int,
    seed: int,
    first_sample: int,
    n_samples: int,
    antithetic: bool,
    control_variate: bool,
    score_term: bool,
    weight: float,
    progress: Progress | None,
) -> tuple[Any, ...]:
    """Return values, standard errors, the sources' records, gradients by p and q."""
    natives, T = (p, q), p[5].dtype.type
    shape = Shape(
        p[5].shape[-1], p[5].itemsize, (p[0], q[0]), (p[1], q[1]), (bool(wanted & 1), bool(wanted & 2)),
        both, antithetic, control_variate, score_term,
    )  # fmt: skip
    call = Call(estimator, shape, pairs, first_sample, n_samples, seed, weight, T)
    views = [view_of(each, pairs) for each in natives]
    plans = [
        make_plan(shape, source, first_sample, n_samples, weight) for source in range(1 + both)
    ]
    # With all of the weight on one of them both are their mixture: the divergence is 0.
    nothing = pairs == 0 or (both and weight in (0, 1))
    watch, share = _Watch(progress, n_samples), 1 / len(plans)
    value, variance, records = np.zeros(pairs), np.zeros(pairs), []
    gradients = Sums(views[0]), Sums(views[1])
    for k, plan in enumerate(plans):
        record, counts = _source_record(call, plan, views, nothing, watch, k * share, share)
        records.append(record)
        moments, weights, expected, sums = record
        _native.montecarlo_fold(counts, moments, weights, expected, plan.share, value, variance)
        if sums is not None and not nothing:
            total = sums[:, 0].copy()
            for batch in range(1, plan.batches):
                total += sums[:, batch]
            with np.errstate(all="ignore"):
                add_sums(plan, total, gradients)
    fields: list[Any] = []
    for m, native in enumerate(natives):
        front = (pairs,) if native[3] else ()
        shapes = [None if each is None else front + each.shape for each in native[4:]]
        with np.errstate(all="ignore"):
            found = gradients[m].fields(native[2], native[4] is not None, shapes, T)
        fields.append(found if shape.wanted[m] else None)
    with np.errstate(invalid="ignore"):
        return (value, np.sqrt(variance), tuple(records), *fields)
