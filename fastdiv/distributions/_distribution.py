"""What all distributions share: arrays in frozen fields, their shapes, views of a part of the batch."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .. import random
from . import _validate as validate
from ._numerics import Array, scalar

Self = TypeVar("Self", bound="Distribution")
_LOG_2_PI = math.log(2 * math.pi)
_NOISE_STREAM, COMPONENT_STREAM = 2, 3  # of fastdiv.random; its functions and montecarlo start at 0


class Distribution:
    """Base class of `Normal`, `MultivariateNormal` and `Mixture`.

    The fields are read-only copies of the arguments, so what was derived from them may be kept. A gradient
    by a distribution is an object of the same class, whose fields are the gradients by the parameters.
    """

    @classmethod
    def _unchecked(cls: type[Self], **fields: Any) -> Self:
        """Return an object with these fields as they are: a gradient, or what is known to be valid."""
        made = object.__new__(cls)
        made.__dict__.update(fields)
        return made

    def _set(self, **fields: Any) -> None:
        """Fill the fields of the frozen object; only its constructor may."""
        self.__dict__.update(fields)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Refuse to be taken for probabilities: those are arrays, and other functions take distributions."""
        raise TypeError(
            f"a {type(self).__name__} is a distribution, not an array of numbers: for distributions there are "
            "fastdiv.distributions.kl_divergence (closed forms) and fastdiv.montecarlo.kl_divergence, .js_divergence"
        )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch: how many distributions this object holds."""
        raise NotImplementedError

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape (D,) of one sample."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, float32 or float64."""
        raise NotImplementedError

    def log_prob(self, x: ArrayLike) -> Any:
        r"""Logarithm of the density at x.

        Parameters
        ----------
        x : array_like, shape (..., D)
            Points. Their axes before the last broadcast against the batch, so that what `sample` returns fits.

        Returns
        -------
        ndarray or scalar
            :math:`\log p(x)` in nats, of the wider type of `x` and the parameters. It is computed in float64 in
            log space: far in the tails it is the right negative number, or -inf where that is not finite.

        Raises
        ------
        TypeError, ValueError
            If `x` does not fit; the message says how.

        Examples
        --------
        >>> from fastdiv.distributions import Mixture, Normal
        >>> p = Mixture([0.5, 0.5], Normal(mean=[[0.0], [1.0]], std=[[1e-3], [1.0]]))
        >>> print(p.log_prob([[0.0], [-40.0]]).round(3))
        [   5.296 -842.112]
        """
        points, dtype = validate.points("x", x, self.batch_shape, self.event_shape[0], self.dtype)
        with np.errstate(all="ignore"):
            value = self._log_density(points.astype(np.float64, copy=False))
            return scalar(value.astype(dtype, copy=False))

    def sample(self, n: int, seed: int) -> Array:
        """Draw n independent points from every distribution of the batch.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            Seed of `fastdiv.random`, from 0 to 2^64 - 1. Point i depends on the seed and i alone, whatever `n`
            and the number of threads.

        Returns
        -------
        ndarray, shape (n, ..., D)
            Points of the distribution's type.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit; the message names it.

        Examples
        --------
        >>> from fastdiv.distributions import Normal
        >>> x = Normal([1.0, 10.0], [1.0, 0.1]).sample(100_000, seed=1)
        >>> print(x.shape, x.mean(axis=0).round(2), x.std(axis=0).round(2))
        (100000, 2) [ 1. 10.] [1.  0.1]
        """
        return self._sample(validate.integer("n", n, 0, 2**63 - 1), seed, 0)

    def entropy(self) -> Any:
        r"""Differential entropy, :math:`-\mathrm{E} \log p(x)`, in nats.

        Returns
        -------
        ndarray or scalar, shape of the batch
            :math:`\tfrac D2 \log(2 \pi e) + \log \lvert L \rvert`, where :math:`\lvert L \rvert` is the product
            of the standard deviations, or of the diagonal of `scale_tril`.

        Raises
        ------
        NotImplementedError
            Of a `Mixture`, which has no closed form: `fastdiv.distributions.entropy_bounds` encloses it.

        Examples
        --------
        >>> from fastdiv.distributions import Normal
        >>> print(Normal([0.0, 0.0], [1.0, 0.5]).entropy().round(6))
        2.14473
        """
        return scalar(self._entropy().astype(self.dtype, copy=False))

    def _sample(self, n: int, seed: int, first: int) -> Array:
        """Draw samples number `first` to `first` + n - 1."""
        shape = (n, *self.batch_shape, *self.event_shape)
        offset = first * math.prod(shape[1:])
        noise = random.normal(seed, shape, offset, _NOISE_STREAM, self.dtype)
        return self._place(noise, seed, first)

    def _place(self, noise: Array, seed: int, first: int) -> Array:
        """Turn standard normal numbers into points."""
        raise NotImplementedError

    def _entropy(self) -> Array:
        """Compute `entropy` in float64."""
        return 0.5 * self.event_shape[0] * (_LOG_2_PI + 1) + self._log_scale()

    def _log_density(self, x: Array) -> Array:
        """Compute `log_prob` of points in float64."""
        raise NotImplementedError

    def _log_scale(self) -> Array:
        """Logarithm of the scale's determinant, in float64."""
        raise NotImplementedError


def read_only(array: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return a copy that is contiguous, broadcast to the shape, and cannot be written to."""
    copy = np.empty(shape, dtype)
    copy[...] = array
    copy.flags.writeable = False
    return copy


def batch_index(index: Any, event_axes: int) -> tuple[Any, ...]:
    """Extend an index of the batch to the array of a parameter, which has event axes behind the batch's."""
    parts = index if isinstance(index, tuple) else (index,)
    rest = () if any(part is Ellipsis for part in parts) else (Ellipsis,)
    return (*parts, *rest, *(slice(None),) * event_axes)


def part_of(array: Array, index: Any, event_axes: int) -> Array:
    """Return what an index of the batch picks of a parameter."""
    try:
        picked: Array = array[batch_index(index, event_axes)]
    except IndexError as error:
        batch = array.shape[: array.ndim - event_axes]
        came = f"got the index {validate.describe(index)}"
        if not batch:
            raise TypeError(f"the distribution is a single one, without a batch: {came}") from None
        raise IndexError(f"the distribution has batch shape {batch}: {came} ({error})") from None
    return picked


def log_density_of(square: Array, normal: Distribution) -> Array:
    """Return the log-density of a normal distribution, given the squared length of the standardised point."""
    constant = 0.5 * normal.event_shape[0] * _LOG_2_PI
    result: Array = -0.5 * square - (normal._log_scale() + constant)
    return result
