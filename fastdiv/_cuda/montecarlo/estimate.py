"""Monte Carlo estimates under the call signatures of `fastdiv._native`: parameters come from the host, results go there.

Samples and sums stay on the GPU, segment by segment of leaves; what comes back are the few nodes that are left of the
moments, and the sums of batches. A record is the native one's: shards of both back ends can be merged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import _native
from .. import _arrays
from ..prims import SIMULATED
from .gradient import Sums, add_sums
from .mixtures import LANES
from .parameters import Packed, View, expected_log_density, pack, surrogate, view_of
from .plan import Layout, Plan, Shape, make_layout, make_plan
from .samples import MOST_DIMENSIONS, Variant, kernel_of
from .trees import LANES as ADD_LANES
from .trees import SPAN_LEVEL, add_kernel, join_kernel

Array = NDArray[Any]
Progress = Callable[[int, int], Any]

SCRATCH_BYTES = 256 << 20
"""Sums of leaves that are kept at a time."""
SHARED_BYTES = 227 << 10
"""That a block may have; with less than half of it two of them work on a processor."""


class Call(NamedTuple):
    """A call's options."""

    estimator: str
    shape: Shape
    pairs: int
    first_sample: int
    n_samples: int
    seed: int
    weight: float
    T: Any


def _to_device(array: Array) -> Any:
    return np.ascontiguousarray(array) if SIMULATED else _arrays.namespace().asarray(array)


def _to_host(array: Any) -> Array:
    result: Array = array if SIMULATED else _arrays.namespace().asnumpy(array)
    return result


def _variant(call: Call, plan: Plan, layout: Layout, mixtures: list[View]) -> Variant:
    """Return which kernel samples this source."""
    direct = call.shape.direct(plan.source)
    moved = call.shape.wanted[plan.source]
    mixed = (mixtures[0].components > 1, mixtures[1].components > 1)
    weightless = any(direct[m] and not mixtures[m].weights.all() for m in (0, 1)) or any(
        mixed[m] and not mixtures[m].weights.all() for m in (0, 1)
    )
    variant = Variant(
        call.estimator,
        plan.source,
        np.dtype(call.T).name,
        call.shape.dimension,
        tuple(m.triangular for m in mixtures),
        mixed,
        direct,
        moved,
        weightless,
        True,
    )
    slots = _slots(variant, plan)
    size = (layout.run * (1 + call.shape.control) + slots) * LANES * np.dtype(call.T).itemsize
    if size > SHARED_BYTES // 2:
        variant = Variant(**{**vars(variant), "shared": False})
    return variant


def _slots(variant: Variant, plan: Plan) -> int:
    """Count the sums of a lane."""
    return sum(plan.direct) + variant.moved_sums


class _Source:
    """The samples of one source, on their way."""

    def __init__(self, call: Call, plan: Plan, mixtures: list[View]) -> None:
        self.call, self.plan = call, plan
        self.layout = make_layout(plan, LANES)
        self.variant = _variant(call, plan, self.layout, mixtures)
        self.packed: Packed = pack(plan, mixtures)
        self.numbers = _to_device(self.packed.numbers.reshape(-1))
        self.units = _to_device(self.layout.units)
        self.components = [m.components for m in mixtures]
        self.nodes: list[tuple[int, int, Array]] = []
        self.batches: Any = None
        if plan.sums:
            count = call.pairs * plan.batches * plan.sums
            self.batches = _arrays.namespace().zeros(count, np.float64)

    def segments(self) -> list[tuple[int, int]]:
        """Cut the leaves into runs whose sums fit into memory."""
        plan = self.plan
        bytes_a_leaf = 8 * self.call.pairs * (5 * plan.strata + plan.sums)
        level = max(0, (SCRATCH_BYTES // bytes_a_leaf).bit_length() - 1)
        first, cuts = plan.first_leaf, [plan.first_leaf]
        while first < plan.end_leaf:
            first = min(((first >> level) + 1) << level, plan.end_leaf)
            cuts.append(first)
        return list(zip(cuts[:-1], cuts[1:], strict=True))

    def run(self, first: int, end: int) -> None:
        """Sum the leaves of a segment."""
        plan, leaves, pairs = self.plan, end - first, self.call.pairs
        moments = _arrays.empty(pairs * leaves * plan.strata * 5, np.float64)
        sums = _arrays.empty(pairs * leaves * plan.sums, np.float64)
        self._sample(first, leaves, moments, sums)
        complete = min(end, plan.complete_end)
        self._join(first, complete, leaves, moments)
        if plan.sums:
            self._add(first, end, leaves, sums)
        self._collect(first, end, leaves, moments)

    def _sample(self, first: int, leaves: int, moments: Any, sums: Any) -> None:
        call, plan, layout, packed = self.call, self.plan, self.layout, self.packed
        T, shape, variant = call.T, call.shape, self.variant
        groups = -(-leaves // layout.leaves_at_once)
        grid, slots = call.pairs * groups, _slots(variant, plan)
        carried = None
        if layout.tiles > 1:
            carried = _arrays.empty(
                call.pairs * leaves * sum(plan.direct) * 64 // np.dtype(T).itemsize, T
            )
        scratch = None if variant.shared else _arrays.empty(grid * slots * LANES, T)
        has_last = plan.last_count < plan.leaf_size and first + leaves == plan.end_leaf
        last_whole, last_rest = divmod(plan.last_count, plan.strata)
        places, seen = packed.components + [0] * 2, packed.seen + [0] * 2
        kept = layout.run * (1 + shape.control) + (slots if variant.shared else 0)
        kernel_of(variant)(
            grid, self.numbers, self.units, moments, sums, carried, scratch,
            packed.numbers.shape[1], packed.strata, self._stratum_size(), plan.strata,
            *places[:4], *seen[:4], self.components[0], self.components[1], plan.direct[0], sum(plan.direct), slots,
            layout.run, layout.halves, layout.block_chunks, layout.leaf_chunks, layout.strata_at_once, layout.tiles,
            layout.leaves_at_once, plan.leaf_size, plan.rounds, first, leaves, groups,
            leaves - 1 if has_last else -1, plan.last_count, last_whole, last_rest, plan.source, call.seed,
            call.weight, 1 - call.weight, 0.5 if shape.antithetic else 1.0,
            dynamic_bytes=kept * LANES * np.dtype(T).itemsize,
        )  # fmt: skip

    def _stratum_size(self) -> int:
        return (self.packed.components[0] - self.packed.strata) // self.plan.strata

    def _join(self, first: int, end: int, leaves: int, moments: Any) -> None:
        """Join the complete leaves among [first, end), as far as they go."""
        plan, level = self.plan, 0
        while end - first > 1 << level:
            shift = level + SPAN_LEVEL
            spans = ((end - 1) >> shift) + 1 - (first >> shift)
            rounds = float(plan.rounds << level)
            join_kernel()(
                self.call.pairs * spans,
                moments,
                first,
                end,
                leaves,
                plan.strata,
                level,
                spans,
                rounds,
            )
            level += SPAN_LEVEL

    def _add(self, first: int, end: int, leaves: int, sums: Any) -> None:
        """Add the sums of leaves to those of their batches."""
        plan = self.plan
        turns = [
            ((leaf >> plan.level) - plan.first_group) // plan.batches for leaf in (first, end - 1)
        ]
        blocks = -(-plan.batches * plan.sums // ADD_LANES)
        add_kernel()(
            self.call.pairs * blocks, sums, self.batches, plan.sums, first, end, leaves, plan.first_group,
            plan.level, plan.batches, turns[0], turns[1] + 1, blocks,
        )  # fmt: skip

    def _collect(self, first: int, end: int, leaves: int, moments: Any) -> None:
        """Take the nodes that are left to the host, and join those of segments."""
        part = Plan(**{**vars(self.plan), "first_leaf": first, "end_leaf": end})
        if end != self.plan.end_leaf:
            part.last_count = part.leaf_size
        nodes = list(part.nodes())
        table = moments.reshape(self.call.pairs, leaves, self.plan.strata, 5)
        found = _to_host(table[:, [(number << level) - first for level, number in nodes]])
        for k, (level, number) in enumerate(nodes):
            complete = number << level < self.plan.complete_end
            self._push(level if complete else -1, number, found[:, k])

    def _push(self, level: int, number: int, moments: Array) -> None:
        """Append a node (level -1: of an incomplete leaf), and join siblings until none are left."""
        self.nodes.append((level, number, moments))
        while len(self.nodes) > 1:
            (a, m, left), (b, n, right) = self.nodes[-2:]
            if a != b or a < 0 or m % 2 or n != m + 1:
                break
            self.nodes[-2:] = [(a + 1, m // 2, _joined(left, right, self.plan.rounds << a))]

    def counts(self) -> Array:
        """Return the observations of each stratum in each node."""
        last = self.plan.of_stratum(self.plan.last_count)
        own = [
            last if level < 0 else [self.plan.rounds << level] * self.plan.strata
            for level, _, _ in self.nodes
        ]
        return np.array(own, np.uint64)

    def moments(self) -> Array:
        """Return those of all nodes, [nodes, pairs, K, 5]."""
        return np.ascontiguousarray([moments for _, _, moments in self.nodes])

    def sums(self) -> Array | None:
        """Return those of the batches, [pairs, batches, sums]."""
        if self.batches is None:
            return None
        return _to_host(self.batches).reshape(self.call.pairs, self.plan.batches, self.plan.sums)


def _joined(a: Array, b: Array, n: int) -> Array:
    """Return the moments of twice n observations."""
    change, share = b - a, 0.5 / n
    total = a + b
    for place, (x, y) in {1: (0, 0), 3: (2, 2), 4: (0, 2)}.items():
        total[..., place] += change[..., x] * change[..., y] * share
    return total


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


def _refuse_large(dimension: int) -> None:
    if dimension > MOST_DIMENSIONS:
        most = f"at most {MOST_DIMENSIONS} on a GPU, where samples are kept in registers"
        raise ValueError(
            f"p and q have events of {dimension} entries: expected {most}; device='cpu' takes any"
        )


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
    mixtures = [*views, *map(surrogate, views)] if call.shape.control else views
    expected = None
    if call.shape.control:
        expected = expected_log_density(mixtures[2], own) - expected_log_density(mixtures[3], own)
    source = _Source(call, plan, mixtures)
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
    _refuse_large(p[5].shape[-1])
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
