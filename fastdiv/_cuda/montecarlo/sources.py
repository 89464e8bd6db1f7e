"""The samples of one source: segments of leaves are summed on the GPU, nodes and batches come back."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _arrays
from ..prims import SIMULATED
from .gaussians import MOST_IN_REGISTERS
from .large import LANES, VECTORS
from .parameters import Packed, View, pack
from .plan import Layout, Plan, Shape, make_layout
from .samples import kernel_of
from .trees import LANES as ADD_LANES
from .trees import SPAN_LEVEL, add_kernel, join_kernel
from .variants import Variant

Array = NDArray[Any]

SCRATCH_BYTES = 512 << 20
"""Sums of leaves that are kept at a time, and what columns take that are not in shared memory."""
SHARED_BYTES = 96 << 10
"""Of a block at most: what every GPU that is compiled for has, and half of what a large one has."""
MOST_POINTS = 1 << 28
"""Of a segment, between which progress is told and Ctrl-C is heard: some hundredths of a second of a large GPU."""


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
    if size > SHARED_BYTES:
        variant = Variant(**{**vars(variant), "shared": False})
    return variant


def _slots(variant: Variant, plan: Plan) -> int:
    """Count a lane's numbers in memory: its sums, and vectors of many entries."""
    dimension = plan.shape.dimension
    vectors = 0 if dimension <= MOST_IN_REGISTERS else VECTORS * dimension
    return sum(plan.direct) + variant.moved_sums + vectors


class Source:
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
        # columns are there for some pairs at a time
        bytes_a_leaf = max(1, bytes_a_leaf, self._column_bytes() // self.layout.leaves_at_once)
        points = plan.leaf_size * self.layout.halves * max(1, self.call.pairs)
        most = min(SCRATCH_BYTES // bytes_a_leaf, MOST_POINTS // points)
        level = max(0, most.bit_length() - 1)
        first, cuts = plan.first_leaf, [plan.first_leaf]
        while first < plan.end_leaf:
            first = min(((first >> level) + 1) << level, plan.end_leaf)
            cuts.append(first)
        return list(itertools.pairwise(cuts))

    def _column_bytes(self) -> int:
        """Return what a block's columns take outside of shared memory."""
        slots = 0 if self.variant.shared else _slots(self.variant, self.plan)
        return slots * LANES * np.dtype(self.call.T).itemsize

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
        groups, slots = -(-leaves // layout.leaves_at_once), _slots(variant, plan)
        carried = scratch = None
        if layout.tiles > 1:
            parts = 64 // np.dtype(T).itemsize
            carried = _arrays.empty(call.pairs * leaves * sum(plan.direct) * parts, T)
        pairs = max(1, call.pairs)
        if column_bytes := self._column_bytes() * groups:
            pairs = min(pairs, max(1, SCRATCH_BYTES // column_bytes))
            scratch = _arrays.empty(pairs * groups * slots * LANES, T)
        has_last = plan.last_count < plan.leaf_size and first + leaves == plan.end_leaf
        last_whole, last_rest = divmod(plan.last_count, plan.strata)
        places, seen = packed.components + [0] * 2, packed.seen + [0] * 2
        kept = layout.run * (1 + shape.control) + (slots if variant.shared else 0)
        for first_pair in range(0, call.pairs, pairs):
            kernel_of(variant)(
                min(pairs, call.pairs - first_pair) * groups,
                self.numbers, self.units, moments, sums, carried, scratch,
                first_pair, packed.numbers.shape[1], packed.strata, self._stratum_size(), plan.strata,
                *places[:4], *seen[:4], *self.components[:2], plan.direct[0], sum(plan.direct), slots,
                layout.run, layout.halves, layout.block_chunks, layout.leaf_chunks, layout.strata_at_once,
                layout.tiles, layout.leaves_at_once, plan.leaf_size, plan.rounds, first, leaves, groups,
                leaves - 1 if has_last else -1, plan.last_count, last_whole, last_rest, plan.source, call.seed,
                call.weight, 1 - call.weight, 0.5 if shape.antithetic else 1.0, 0,
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
