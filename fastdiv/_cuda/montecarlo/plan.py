"""How the samples of one source are cut: into leaves, groups of leaves, and batches of groups.

As csrc/drivers/montecarlo/plan.hpp, to the last rounding: gradients' sums are those of the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .gaussians import entries, sums_size

_TASK_NANOSECONDS = 4e5
_BATCHES_MOST = 64
_SUMS_OF_MANY_BATCHES = 8192
_BLOCK_BYTES_MOST = 1024
_BLOCK_MEMORY = 256 << 10


def rounds_of(strata: int) -> int:
    """Return the observations of each stratum in a leaf."""
    return 256 if strata <= 8 else 64


class Shape(NamedTuple):
    """What plans depend on: sizes of a call."""

    dimension: int
    itemsize: int
    components: tuple[int, int]
    triangular: tuple[bool, bool]
    wanted: tuple[bool, bool]
    both: bool
    antithetic: bool
    control: bool
    score_term: bool

    def direct(self, source: int) -> tuple[bool, bool]:
        """Whether samples of a source count for gradients by the parameters of each density."""
        first, second = (
            self.wanted[m] and (self.score_term or not (m == source or self.both)) for m in (0, 1)
        )
        return first, second


def _nanoseconds_per_leaf(shape: Shape, strata: int) -> float:
    d = float(shape.dimension)
    work = 60 + 25 * d
    for components, triangular in zip(shape.components, shape.triangular, strict=True):
        numbers = d * (d + 1) / 2 if triangular else d
        work += float(components) * (20 + numbers * (4 if any(shape.wanted) else 1))
    vectors = float(strata * rounds_of(strata)) * shape.itemsize / 64
    per_vector = 0.5 if shape.itemsize == 8 else 0.4
    return vectors * work * per_vector * (2 if shape.antithetic else 1)


@dataclass
class Plan:
    """The cuts of one source."""

    shape: Shape
    source: int
    share: float
    strata: int
    observations: int
    first_leaf: int
    end_leaf: int
    last_count: int
    """Observations of the last leaf."""
    level: int
    """2^level leaves make a group."""
    batches: int
    direct: tuple[int, int]
    """Sums of the densities of p and q, in a leaf."""
    moved: int
    """Sums of a stratum by the place of its samples, with the one of F."""

    @property
    def sums(self) -> int:
        """Count the sums of a leaf."""
        return sum(self.direct) + self.moved * self.strata

    @property
    def rounds(self) -> int:
        """Return the observations of each stratum in a leaf."""
        return rounds_of(self.strata)

    @property
    def leaf_size(self) -> int:
        """Return the observations in a leaf."""
        return self.strata * self.rounds

    @property
    def first_group(self) -> int:
        """Return the first group's number."""
        return self.first_leaf >> self.level

    @property
    def complete_end(self) -> int:
        """Return the end of the leaves that are complete."""
        return self.end_leaf - (self.last_count < self.leaf_size)

    def of_stratum(self, count: int) -> list[int]:
        """Return the observations of each stratum among so many."""
        return [max(0, -(-(count - k) // self.strata)) for k in range(self.strata)]

    def nodes(self) -> Iterator[tuple[int, int]]:
        """Return level and number of the largest complete nodes, then of an incomplete leaf."""
        leaf, end = self.first_leaf, self.complete_end
        while leaf < end:
            level = (end - leaf).bit_length() - 1
            if leaf:
                level = min(level, (leaf & -leaf).bit_length() - 1)
            yield level, leaf >> level
            leaf += 1 << level
        if end < self.end_leaf:
            yield 0, end


def make_plan(shape: Shape, source: int, first_sample: int, n_samples: int, weight: float) -> Plan:
    """Return the plan of a source."""
    points = 2 if shape.antithetic else 1
    strata, d = shape.components[source], shape.dimension
    share = 1.0 if not shape.both else weight if source == 0 else 1 - weight
    observations, size = n_samples // points, strata * rounds_of(strata)
    first = first_sample // points // size
    leaves = -(-observations // size)
    direct = [0, 0]
    for m, wanted in enumerate(shape.direct(source)):
        direct[m] = shape.components[m] * sums_size(d, shape.triangular[m]) if wanted else 0
    moved = d + entries(d, shape.triangular[source]) + 1 if shape.wanted[source] else 0
    plan = Plan(
        shape, source, share, strata, observations, first, first + leaves, observations - (leaves - 1) * size,
        0, 1, (direct[0], direct[1]), moved,
    )  # fmt: skip
    most = _BATCHES_MOST // 4 if plan.sums > _SUMS_OF_MANY_BATCHES else _BATCHES_MOST
    longest = _TASK_NANOSECONDS / _nanoseconds_per_leaf(shape, strata)
    while (
        plan.level < 40
        and float(2 << plan.level) <= longest
        and leaves >> (plan.level + 1) >= 2 * most
    ):
        plan.level += 1
    groups = ((plan.end_leaf - 1) >> plan.level) + 1 - plan.first_group
    plan.batches = min(groups, most)
    return plan


def block_run(shape: Shape) -> int:
    """Return how many samples of a block each of its lanes has, on the CPU."""
    d = shape.dimension
    components = list(shape.components) + [1, 1] * shape.control
    rows = 4 * d + 1 + sum(2 + k * (1 + d) for k in components)
    size = _BLOCK_BYTES_MOST
    while size > 256 and rows * size > _BLOCK_MEMORY:
        size //= 2
    return size // 64


class Layout(NamedTuple):
    """How a block of lanes goes through leaves; see `samples`."""

    run: int
    halves: int
    block_chunks: int
    """Chunks of a stratum."""
    leaf_chunks: int
    """Chunks of a leaf in a tile."""
    strata_at_once: int
    tiles: int
    leaves_at_once: int
    units: Any
    """Of each chunk of each tile: stratum (-1: none), leaf, first observation, half."""


def make_layout(plan: Plan, lanes: int) -> Layout:
    """Return the layout of a source's leaves."""
    shape = plan.shape
    parts = 64 // shape.itemsize
    run = min(block_run(shape), plan.rounds // parts)
    halves, blocks, chunks = (
        2 if shape.antithetic else 1,
        plan.rounds // (parts * run),
        lanes // parts,
    )
    block_chunks = blocks * halves
    at_once = chunks // block_chunks
    tiles, leaves = -(-plan.strata // at_once), max(1, at_once // plan.strata)
    units = np.zeros((tiles, chunks, 4), np.int64)
    units[..., 0] = -1
    for tile in range(tiles):
        for slot in range(at_once):
            leaf, k = divmod(tile * at_once + slot, plan.strata)
            for chunk in range(block_chunks):
                block, half = divmod(chunk, halves)
                here = (k, leaf, block * parts * run, half) if leaf < leaves else (-1, 0, 0, 0)
                units[tile, slot * block_chunks + chunk] = here
    leaf_chunks = min(plan.strata, at_once) * block_chunks
    return Layout(run, halves, block_chunks, leaf_chunks, at_once, tiles, leaves, units.reshape(-1))
