"""One estimate: arguments checked, the native loop called, its results wrapped."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import _array, _native
from .. import _validate as validate
from ..distributions._validate import flag
from . import _shards as shards
from ._estimate import Estimate, Merged, Origin
from ._pack import Packed, broadcast, pack, same, unpack

Progress = Callable[[int, int], Any]

_LEAST_WITH_CONTROL = 32
"""Observations of each component: a coefficient fitted to fewer of them hides the error that it leaves."""


class Estimator:
    """A divergence by name, and what it draws samples from: p, or both."""

    def __init__(self, name: str, both: bool) -> None:
        self.both = both
        # Looked up when called: a build imports the package before its kernels are there.
        self.native = f"montecarlo_{name}"
        self.native_errors = f"montecarlo_{name}_gradient_errors"

    def __call__(
        self,
        p: Any,
        q: Any,
        n_samples: int,
        seed: int,
        positions: tuple[int, ...],
        first_sample: int,
        antithetic: bool,
        control_variate: bool,
        score_term: bool,
        weight: float,
        progress: Progress | None,
        device: str,
    ) -> tuple[Estimate, tuple[Any, ...]]:
        """Return the estimate and the gradients by the arguments at these positions."""
        run = Run()
        run.estimator, run.positions = self, positions
        run.distributions = p, q
        run.packed = a, b = pack("p", p), pack("q", q)
        run.native_p, run.native_q, run.pairs, shape = broadcast(a, b)
        flags = (
            flag("antithetic", antithetic),
            flag("control_variate", control_variate),
            flag("score_term", score_term),
        )
        n = validate.integer("n_samples", n_samples, 1, 2**63)
        strata = max(a.components, b.components) if self.both else a.components
        if n < 4 * strata or antithetic or control_variate or first_sample != 0:
            least = _LEAST_WITH_CONTROL if control_variate else 2
            self._check_samples(n, first_sample, antithetic, least, a.components, b.components)
        if progress is not None and not callable(progress):
            raise TypeError(f"progress must be a function, got {validate.describe(progress)}")
        run.options = (
            validate.integer("seed", seed, 0, 2**64 - 1),
            int(first_sample),
            n,
            *flags,
            weight,
        )
        estimate = getattr(_array.backend_on(validate.device(device)), self.native)
        value, error, run.records, *fields = estimate(*run.arguments, progress)
        if shape:
            value, error = value.reshape(shape), error.reshape(shape)
        else:
            value, error = value[0], error[0]
        return Estimate._of(value, error, n, run), run.unpack(fields)

    def _check_samples(
        self, n: int, first_sample: Any, antithetic: Any, least: int, *components: int
    ) -> None:
        points = 2 if antithetic else 1
        strata = components if self.both else components[:1]
        first = validate.integer("first_sample", first_sample, 0, 2**63 - n)
        if n % points:
            raise ValueError(f"n_samples must be even, pairs of antithetic points, got {n}")
        needed = least * points * max(strata)
        if n < needed:
            each = (
                f"{least} {'pairs' if antithetic else 'samples'} of each component that is sampled"
            )
            raise ValueError(f"n_samples must be at least {needed}, {each}, got {n}")
        if first % (size := _grain(strata, points)):
            raise ValueError(f"first_sample must be a multiple of the grain, {size}, got {first}")


class Run:
    """What an estimate came from: the arguments of one native call, and the sums that it left."""

    __slots__ = (
        "distributions",
        "estimator",
        "native_p",
        "native_q",
        "options",
        "packed",
        "pairs",
        "positions",
        "records",
    )
    estimator: Estimator
    distributions: tuple[Any, Any]
    packed: tuple[Packed, Packed]
    native_p: Any
    native_q: Any
    pairs: int
    positions: tuple[int, ...]
    options: tuple[int, int, int, bool, bool, bool, float]
    """seed, first_sample, n_samples, antithetic, control_variate, score_term, weight"""
    records: tuple[Any, ...]

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Those that all native functions take."""
        wanted = sum([1 << position for position in self.positions])
        return (self.native_p, self.native_q, self.pairs, wanted, *self.options)

    @property
    def sources(self) -> tuple[shards.Source, ...]:
        """The sums by which shards are merged."""
        _, first, n, antithetic, *_, weight = self.options
        shares = (weight, 1.0 - weight) if self.estimator.both else (1.0,)
        points = 2 if antithetic else 1
        return tuple(
            shards.source(record, share, first // points, n // points)
            for record, share in zip(self.records, shares, strict=True)
        )

    def is_shard_of(self, other: Origin) -> bool:
        """Whether both come from one call but for first_sample and n_samples."""
        while isinstance(other, Merged):
            other = other.first
        return (
            isinstance(other, Run)
            and self.estimator.native == other.estimator.native
            and self.options[0] == other.options[0]
            and self.options[3:] == other.options[3:]
            and same(self.native_p, other.native_p)
            and same(self.native_q, other.native_q)
        )

    def gradient_errors(self) -> tuple[Any, ...]:
        """Return the standard errors of the gradients."""
        if not self.positions:
            return ()
        native = getattr(_native, self.estimator.native_errors)
        return self.unpack(native(*self.arguments, self.records))

    def unpack(self, fields: Any) -> tuple[Any, ...]:
        """Return gradients, or their errors, as distributions."""
        return tuple(
            [unpack(self.distributions[k], self.packed[k], fields[k]) for k in self.positions]
        )


def _grain(strata: tuple[int, ...], points: int) -> int:
    return points * math.lcm(*(k * shards.rounds(k) for k in strata))


def grain(p: Any, q: Any, *, antithetic: bool = False) -> int:
    """Return the number of samples that shards of one run start at multiples of, for both divergences.

    Parameters
    ----------
    p, q : Normal, MultivariateNormal or Mixture
        The distributions.
    antithetic : bool, default False
        Whether samples are drawn in pairs.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal
    >>> from fastdiv.montecarlo import grain
    >>> p = Mixture([0.5, 0.5], Normal([[0.0], [1.0]], 1.0))
    >>> grain(p, Normal([0.0], [1.0]))
    512
    """
    strata = (pack("p", p).components, pack("q", q).components)
    return _grain(strata, 2 if flag("antithetic", antithetic) else 1)
