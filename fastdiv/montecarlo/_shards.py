"""Sums that estimates keep, so that shards of one run can be merged to its very bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native

Array = NDArray[Any]


def rounds(strata: int) -> int:
    """Return how many observations of each component make a leaf, the piece that sums are made of."""
    return 256 if strata <= 8 else 64


class Node(NamedTuple):
    """Moments of the leaves [number 2^level, (number + 1) 2^level), or of one that a run left incomplete."""

    level: int
    number: int
    counts: tuple[int, ...] | None
    """Observations of each stratum in an incomplete leaf; None: complete."""
    moments: Array
    """[pairs, strata, 5]: sums of f, of squares about its mean, the same of the control variate g, of both."""

    @property
    def begin(self) -> int:
        """The first leaf."""
        return self.number << self.level

    @property
    def end(self) -> int:
        """Behind the last leaf."""
        return self.number + 1 << self.level


class Source(NamedTuple):
    """What was drawn from one argument."""

    share: float
    """The part of its mean in the value."""
    weights: Array
    """[pairs, strata]"""
    expected: Array | None
    """[pairs, strata]: expectations of the control variate."""
    nodes: tuple[Node, ...]
    """In the order of their leaves."""


def source(record: tuple[Any, ...], share: float, first: int, count: int) -> Source:
    """Return what a run of `count` observations recorded, from the first on."""
    moments, weights, expected, _ = record
    places = cut(first, count, weights.shape[1])
    nodes = [Node(*place, each) for place, each in zip(places, moments, strict=True)]
    return Source(share, weights, expected, tuple(nodes))


def cut(first: int, count: int, strata: int) -> Iterable[tuple[int, int, tuple[int, ...] | None]]:
    """Cut a run into the largest complete subtrees of leaves, and what is left into a last leaf."""
    size = rounds(strata) * strata
    leaf, end, left = first // size, (first + count) // size, count % size
    while leaf < end:
        level = (end - leaf).bit_length() - 1
        if leaf:
            level = min(level, (leaf & -leaf).bit_length() - 1)
        yield level, leaf >> level, None
        leaf += 1 << level
    if left:
        yield 0, end, tuple(-(-(left - k) // strata) for k in range(strata))


def merge(sources: Sequence[Source]) -> Source:
    """Put the nodes of several runs in order and join siblings until none are left, as one run would have."""
    joined: list[Node] = []
    nodes = [node for source in sources for node in source.nodes]
    for node in sorted(nodes, key=lambda node: (node.begin, node.end)):
        if joined and node.begin < joined[-1].end:
            raise ValueError("the estimates share samples: expected shards that do not overlap")
        joined.append(node)
        while len(joined) > 1 and _are_siblings(*joined[-2:]):
            b, a = joined.pop(), joined.pop()
            moments = _joined_moments(a.moments, b.moments, rounds(a.moments.shape[1]) << a.level)
            joined.append(Node(a.level + 1, a.number >> 1, None, moments))
    return sources[0]._replace(nodes=tuple(joined))


def _are_siblings(a: Node, b: Node) -> bool:
    complete = a.counts is None and b.counts is None
    return complete and a.level == b.level and a.number % 2 == 0 and b.number == a.number + 1


def _joined_moments(a: Array, b: Array, n: int) -> Array:
    """Moments of twice n observations, operation by operation as the native library joins them."""
    change = b - a
    share = 0.5 / n
    total = a + b
    for place, (x, y) in {1: (0, 0), 3: (2, 2), 4: (0, 2)}.items():
        total[..., place] += change[..., x] * change[..., y] * share
    return total


def fold(sources: Sequence[Source]) -> tuple[Array, Array]:
    """Return value and standard error, [pairs], from all sources."""
    value = np.zeros(sources[0].weights.shape[0])
    variance = np.zeros_like(value)
    for each in sources:
        strata = each.weights.shape[1]
        counts = [node.counts or (rounds(strata) << node.level,) * strata for node in each.nodes]
        moments = np.ascontiguousarray([node.moments for node in each.nodes])
        _native.montecarlo_fold(
            np.array(counts, np.uint64),
            moments,
            each.weights,
            each.expected,
            each.share,
            value,
            variance,
        )
    return value, np.sqrt(variance)
