"""What an estimate is: a value, its standard error, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np

from .. import _validate as validate
from . import _shards as shards


class Origin(Protocol):
    """What an estimate was made by: one run, or several merged."""

    @property
    def sources(self) -> tuple[shards.Source, ...]:
        """The sums by which shards are merged."""

    def is_shard_of(self, other: Origin) -> bool:
        """Whether both come from one call but for first_sample and n_samples."""

    def gradient_errors(self) -> tuple[Any, ...]:
        """Return the standard errors of the gradients."""


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
    _origin: Origin | None = field(default=None, repr=False, compare=False)

    @property
    def gradient_standard_errors(self) -> tuple[Any, ...]:
        """Standard errors of the gradients that `value_and_grad` returned with this estimate.

        A tuple of distribution objects, one for each argument differentiated by, from the spread between up to
        64 parts of the run: rough where these are few, inf where there is one. Empty without gradients. Where an
        argument was broadcast they are sums, an upper bound: its pairs see the same random numbers.
        """
        return self._origin.gradient_errors() if self._origin is not None else ()

    def confidence_interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Return the bounds between which the exact value lies with this probability, if samples are many.

        They are those of a normal distribution, which sums come close to: a thousand samples are enough
        for most pairs, a few dozen are not. Of an infinite estimate both bounds are the estimate.

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
        reach = np.where(np.isfinite(self.value), reach, 0.0)[()]
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
        for other in others:
            if not isinstance(other, Estimate):
                raise TypeError(f"others must be estimates, got {validate.describe(other)}")
        origins = [each._origin for each in (self, *others)]
        first = origins[0]
        if first is None or any(each is None or not each.is_shard_of(first) for each in origins):
            expected = "shards that differ in first_sample and n_samples alone"
            raise ValueError(f"estimates of different calls cannot be merged: expected {expected}")
        columns = zip(*(each.sources for each in origins if each is not None), strict=True)
        merged = Merged(first, tuple(shards.merge(column) for column in columns))
        shape = np.shape(self.value)
        value, error = (a.reshape(shape) if shape else a[0] for a in shards.fold(merged.sources))
        return Estimate(value, error, sum(each.n_samples for each in (self, *others)), merged)


@dataclass(frozen=True)
class Merged:
    """Several runs merged."""

    first: Origin
    """One of them."""
    sources: tuple[shards.Source, ...]

    def is_shard_of(self, other: Origin) -> bool:
        """Whether the runs and another come from one call."""
        return self.first.is_shard_of(other)

    def gradient_errors(self) -> tuple[Any, ...]:
        """Return nothing: gradients are not merged."""
        return ()
