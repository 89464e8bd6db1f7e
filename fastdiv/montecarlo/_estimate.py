"""What an estimate is: a value, its standard error, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np

from .. import _validate as validate
from ..distributions import flatten, unflatten
from . import _shards as shards


class Origin(Protocol):
    """What an estimate was made by: one run, or several merged."""

    @property
    def sources(self) -> tuple[shards.Source, ...]:
        """The sums by which shards are merged."""

    @property
    def positions(self) -> tuple[int, ...] | None:
        """Which arguments there are gradients by; None: shards that were merged differ in this."""

    def is_shard_of(self, other: Origin) -> bool:
        """Whether both come from one call but for first_sample and n_samples."""

    def gradient_errors(self) -> tuple[Any, ...]:
        """Return the standard errors of the gradients."""


@dataclass(frozen=True, eq=False)
class Estimate:
    r"""A value estimated from samples.

    Attributes
    ----------
    value : float or ndarray
        The estimate, in nats: a number, or an array over the batch.
    standard_error : float or ndarray
        Its standard error, of the same shape; inf where a sample is infinite.
    n_samples : int
        Samples drawn of each source.

    Notes
    -----
    Two estimates are equal if all their values, standard errors and numbers of samples are; ``==`` is one bool, of
    batches too, and equal estimates have the same hash. ``float(estimate)`` is the value of one without batch.

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
    >>> print(round(float(estimate), 2))
    0.18
    """

    value: Any
    standard_error: Any
    n_samples: int
    _origin: Origin | None = field(default=None, init=False, repr=False)

    @classmethod
    def _of(cls, value: Any, standard_error: Any, n_samples: int, origin: Origin) -> Estimate:
        """Return an estimate that knows where it came from, in one step: small calls are to be small."""
        made = cls.__new__(cls)
        made.__dict__.update(
            value=value, standard_error=standard_error, n_samples=n_samples, _origin=origin
        )
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Estimate):
            return NotImplemented
        return (
            self.n_samples == other.n_samples
            and np.array_equal(self.value, other.value)
            and np.array_equal(self.standard_error, other.standard_error)
        )

    def __hash__(self) -> int:
        values = np.asarray(self.value, np.float64) + 0.0  # -0.0 equals 0.0
        return hash((self.n_samples, values.shape, values.tobytes()))

    def __float__(self) -> float:
        if np.ndim(self.value):
            shape = np.shape(self.value)
            raise TypeError(
                f"an estimate with batch shape {shape} is no single number: see its value"
            )
        return float(self.value)

    @property
    def gradient_standard_errors(self) -> tuple[Any, ...]:
        """Standard errors of the gradients that `value_and_grad` returned with this estimate.

        A tuple of distribution objects, one for each argument differentiated by, from the spread between up to
        64 parts of the run: rough where these are few, inf where there is one. Empty without gradients. Where an
        argument was broadcast they are sums, an upper bound: its pairs see the same random numbers.

        Of merged shards they are those of the mean of the shards' gradients, each weighted by its number of
        samples; a shard of one part makes them inf.

        Raises
        ------
        ValueError
            If shards were merged of which some have gradients and others have none, or by other arguments.
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
        their order; if they make up one run it has that run's bits. Gradients are not part of an estimate: the
        run's is the mean of the shards' weighted by `n_samples`, and `gradient_standard_errors` are of that.

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
        n_samples = sum(each.n_samples for each in (self, *others))
        merged = Merged(
            first,
            tuple(shards.merge(column) for column in columns),
            *_merged_gradients([(each.n_samples, each._origin) for each in (self, *others)]),
        )
        shape = np.shape(self.value)
        value, error = (a.reshape(shape) if shape else a[0] for a in shards.fold(merged.sources))
        return Estimate._of(value, error, n_samples, merged)


def _merged_gradients(
    parts: Sequence[tuple[int, Any]],
) -> tuple[tuple[int, ...] | None, tuple[Any, ...]]:
    """Return which arguments all shards have gradients by, and the errors of the gradients' mean."""
    positions = {origin.positions for _, origin in parts}
    if positions == {()} or len(positions) > 1 or None in positions:
        return (() if positions == {()} else None), ()
    total = sum(n for n, _ in parts)
    likes = parts[0][1].gradient_errors()
    squares: list[Any] = [0.0] * len(likes)
    for n, origin in parts:
        for k, errors in enumerate(origin.gradient_errors()):
            squares[k] = squares[k] + np.square(n / total * flatten(errors).astype(np.float64))
    merged = (
        unflatten(like, np.sqrt(each).astype(like.dtype))
        for like, each in zip(likes, squares, strict=True)
    )
    return positions.pop(), tuple(merged)


@dataclass(frozen=True)
class Merged:
    """Several runs merged."""

    first: Origin
    """One of them."""
    sources: tuple[shards.Source, ...]
    positions: tuple[int, ...] | None
    errors: tuple[Any, ...]

    def is_shard_of(self, other: Origin) -> bool:
        """Whether the runs and another come from one call."""
        return self.first.is_shard_of(other)

    def gradient_errors(self) -> tuple[Any, ...]:
        """Return the standard errors of the mean of the gradients."""
        if self.positions is None:
            raise ValueError(
                "shards of the merged estimate differ in the arguments that they have gradients by: expected "
                "shards that all come from the same value_and_grad"
            )
        return self.errors
