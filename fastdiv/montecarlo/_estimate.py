"""What an estimate is: a value, its standard error, and the sums by which shards are merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .. import _validate as validate

Array = NDArray[Any]


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
    weights: Array
    expected: Array | None
    run: tuple[Array, int, int] | None
    """Moments of nodes of one run, its first observation and their number; the nodes are made when asked for."""
    merged: tuple[Node, ...] = ()

    @classmethod
    def of_run(cls, record: tuple[Any, ...], share: float, first: int, count: int) -> Source:
        """Return what a run recorded."""
        moments, weights, expected, _ = record
        return cls(share, weights, expected, (moments, first, count))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Nodes in the order of their leaves."""
        if self.run is None:
            return self.merged
        moments, first, count = self.run
        return tuple(
            Node(level, number, counts, each)
            for (level, number, counts), each in zip(
                _places(first, count, moments.shape[2]), moments, strict=True
            )
        )


def _places(first: int, count: int, strata: int) -> Iterable[tuple[int, int, Any]]:
    """Cut a run's leaves into the largest complete subtrees, and what is left into a last leaf."""
    size = _ROUNDS * strata
    leaf, end, left = first // size, (first + count) // size, count % size
    while leaf < end:
        level = (end - leaf).bit_length() - 1
        if leaf:
            level = min(level, (leaf & -leaf).bit_length() - 1)
        yield level, leaf >> level, None
        leaf += 1 << level
    if left:
        yield 0, end, tuple(-(-(left - k) // strata) for k in range(strata))


_ROUNDS = 256


@dataclass(frozen=True)
class Estimate:
    r"""A value estimated from samples.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> from fastdiv.distributions import Normal
    >>> p, q = Normal([0.0], [1.0]), Normal([0.5], [1.5])
    >>> estimate = fastdiv.montecarlo.kl_divergence(p, q, 100_000, seed=1)
    >>> low, high = estimate.confidence_interval()
    >>> bool(low < np.log(1.5) + 1.25 / 4.5 - 0.5 < high)  # the closed form
    True
    """

    value: Any
    """The estimate, in nats: a number, or an array over the batch."""
    standard_error: Any
    """Its standard error; inf where a sample is infinite."""
    n_samples: int
    """Samples drawn of each source."""
    _sources: tuple[Source, ...] = field(default=(), repr=False, compare=False)
    _call: tuple[Any, ...] = field(default=(), repr=False, compare=False)
    _errors: Callable[[], tuple[Any, ...]] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def _of_run(
        cls, value: Any, error: Any, n: int, sources: Any, call: Any, errors: Any
    ) -> Estimate:
        made = object.__new__(cls)  # small calls are to be small
        made.__dict__.update(
            value=value,
            standard_error=error,
            n_samples=n,
            _sources=sources,
            _call=call,
            _errors=errors,
        )
        return made

    @property
    def gradient_standard_errors(self) -> tuple[Any, ...]:
        """Standard errors of the gradients that `value_and_grad` returned with this estimate.

        A tuple of distribution objects, one for each argument differentiated by, from the spread between up to
        64 parts of the run: rough where these are few, inf where there is one. Empty without gradients. Where an
        argument was broadcast they are sums, an upper bound: its pairs see the same random numbers.
        """
        return self._errors() if self._errors is not None else ()

    def confidence_interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Return the bounds between which the exact value lies with this probability.

        Parameters
        ----------
        level : float, default 0.95
            The probability, between 0 and 1.

        Raises
        ------
        TypeError, ValueError
            If `level` is no number between 0 and 1.
        """
        number = validate.real("level", level)
        if not 0 < number < 1:
            raise ValueError(f"level must lie between 0 and 1, got {validate.describe(level)}")
        reach = NormalDist().inv_cdf((1 + number) / 2) * self.standard_error
        return self.value - reach, self.value + reach

    def merge(self, *others: Estimate) -> Estimate:
        """Return the estimate of all samples of several shards of one call.

        Shards differ in `first_sample` and `n_samples` alone and do not overlap. The result does not depend on
        their order; if they make up one run it has that run's bits.

        Raises
        ------
        TypeError, ValueError
            If another is no estimate, is one of another call, or shares samples with this one.

        Examples
        --------
        >>> from fastdiv.distributions import Normal
        >>> from fastdiv.montecarlo import kl_divergence
        >>> p, q = Normal([0.0], [1.0]), Normal([0.5], [1.5])
        >>> shards = [kl_divergence(p, q, 2560, 1, first_sample=2560 * k) for k in range(4)]
        >>> shards[3].merge(*shards[:3]) == kl_divergence(p, q, 10240, 1)
        True
        """
        shards = (self, *others)
        for other in others:
            if not isinstance(other, Estimate):
                raise TypeError(f"others must be estimates, got {validate.describe(other)}")
        if not all(shard._sources and _same_call(self._call, shard._call) for shard in shards):
            expected = "shards that differ in first_sample and n_samples alone"
            raise ValueError(f"estimates of different calls cannot be merged: expected {expected}")
        value = np.zeros(self._sources[0].weights.shape[0])
        variance = np.zeros_like(value)
        merged = []
        for sources in zip(*(shard._sources for shard in shards), strict=True):
            nodes = _join([node for source in sources for node in source.nodes])
            merged.append(sources[0]._replace(run=None, merged=nodes))
            _fold(merged[-1], value, variance)
        shape = np.shape(self.value)
        error = np.sqrt(variance)
        n = sum(shard.n_samples for shard in shards)
        total, spread = (each.reshape(shape) if shape else each[0] for each in (value, error))
        return Estimate(total, spread, n, tuple(merged), self._call)


def _same_call(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    (*a_rest, a_packed), (*b_rest, b_packed) = _parts(a), _parts(b)
    return a_rest == b_rest and all(
        x is y or _same_mixture(x.native, y.native) for x, y in zip(a_packed, b_packed, strict=True)
    )


def _parts(call: tuple[Any, ...]) -> tuple[Any, ...]:
    name, packed, seed, options = call
    return name, seed, options, packed


def _same_mixture(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return a[:4] == b[:4] and all(
        (x is None and y is None)
        or (x is not None and y is not None and x.dtype == y.dtype and np.array_equal(x, y))
        for x, y in zip(a[4:], b[4:], strict=True)
    )


def _join(nodes: list[Node]) -> tuple[Node, ...]:
    """Put nodes in order and join siblings until none are left, as one run would have."""
    joined: list[Node] = []
    for node in sorted(nodes, key=lambda node: (node.begin, node.end)):
        if joined and node.begin < joined[-1].end:
            raise ValueError("the estimates share samples: expected shards that do not overlap")
        joined.append(node)
        while len(joined) > 1 and _are_siblings(*joined[-2:]):
            b, a = joined.pop(), joined.pop()
            moments = _joined_moments(a.moments, b.moments, _ROUNDS << a.level)
            joined.append(Node(a.level + 1, a.number >> 1, None, moments))
    return tuple(joined)


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


def _fold(source: Source, value: Array, variance: Array) -> None:
    """Add what a source's nodes say."""
    strata = source.weights.shape[1]
    counts = [node.counts or (_ROUNDS << node.level,) * strata for node in source.merged]
    moments = np.ascontiguousarray([node.moments for node in source.merged])
    _native.montecarlo_fold(
        np.array(counts, np.uint64),
        moments,
        source.weights,
        source.expected,
        source.share,
        value,
        variance,
    )
