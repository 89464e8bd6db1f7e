"""One estimate: arguments checked, the native loop called, its results wrapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _native
from .. import _validate as validate
from ._estimate import Estimate, Source
from ._pack import Packed, Pairs, broadcast, pack, unpack

ROUNDS = 256
"""Observations of each component in a leaf, the piece that sums are made of."""

Progress = Callable[[int, int], Any]


class Estimator:
    """A divergence by name, and what it draws samples from."""

    def __init__(self, name: str, both: bool) -> None:
        self.name = name
        self.both = both
        self.native = getattr(_native, f"montecarlo_{name}")
        self.native_errors = getattr(_native, f"montecarlo_{name}_gradient_errors")

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
    ) -> tuple[Estimate, tuple[Any, ...]]:
        """Return the estimate and the gradients by the arguments at these positions."""
        packed = pack("p", p), pack("q", q)
        pairs = broadcast(*packed)
        points = 2 if antithetic else 1
        _check_samples(n_samples, first_sample, self.strata(packed), points)
        options = (
            validate.integer("seed", seed, 0, 2**64 - 1),
            int(first_sample),
            int(n_samples),
            bool(antithetic),
            bool(control_variate),
            bool(score_term),
            weight,
        )
        if progress is not None and not callable(progress):
            raise TypeError(f"progress must be a function, got {validate.describe(progress)}")
        wanted = sum(1 << position for position in positions)
        arguments = (pairs.p, pairs.q, pairs.size, wanted, *options)
        value, error, records, *fields = self.native(*arguments, progress)
        shares = (weight, 1.0 - weight) if self.both else (1.0,)
        first = int(first_sample) // points
        sources = tuple(
            Source.of_run(record, share, first, int(n_samples) // points)
            for record, share in zip(records, shares, strict=True)
        )
        originals = p, q
        estimate = Estimate._of_run(
            _shaped(value, pairs),
            _shaped(error, pairs),
            int(n_samples),
            sources,
            (self.name, packed, options[0], options[3:]),
            self._errors(originals, packed, positions, arguments, records) if positions else None,
        )
        gradients = [unpack(originals[k], packed[k], fields[k]) for k in positions]
        return estimate, tuple(gradients)

    def strata(self, packed: tuple[Packed, ...]) -> tuple[int, ...]:
        """Return how many components each source has."""
        return tuple(d.components for d in packed[: 2 if self.both else 1])

    def _errors(
        self,
        originals: tuple[Any, ...],
        packed: tuple[Packed, ...],
        positions: tuple[int, ...],
        arguments: tuple[Any, ...],
        records: tuple[Any, ...],
    ) -> Callable[[], tuple[Any, ...]]:
        def errors() -> tuple[Any, ...]:
            fields = self.native_errors(*arguments, records)
            return tuple(unpack(originals[k], packed[k], fields[k]) for k in positions)

        return errors


def _shaped(values: Any, pairs: Pairs) -> Any:
    return values.reshape(pairs.batch_shape) if pairs.batch_shape else values[0]


def _check_samples(n_samples: Any, first_sample: Any, strata: tuple[int, ...], points: int) -> None:
    n = validate.integer("n_samples", n_samples, 1, 2**63)
    first = validate.integer("first_sample", first_sample, 0, 2**63 - n)
    if n % points:
        raise ValueError(f"n_samples must be even, pairs of antithetic points, got {n}")
    least = 2 * points * max(strata)
    if n < least:
        each = f"two {'pairs' if points == 2 else 'samples'} of each component of what is sampled"
        raise ValueError(f"n_samples must be at least {least}, {each}, got {n}")
    if first and first % (size := _grain(strata, points)):
        raise ValueError(f"first_sample must be a multiple of the grain, {size}, got {first}")


def _grain(strata: tuple[int, ...], points: int) -> int:
    return ROUNDS * points * int(np.lcm.reduce(strata))


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
    return _grain(strata, 2 if antithetic else 1)
