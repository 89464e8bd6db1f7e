"""Mixture of normal distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import random
from . import _validate as validate
from ._distribution import COMPONENT_STREAM, Distribution, batch_index, part_of, read_only
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array, logsumexp


@dataclass(frozen=True, eq=False)
class Mixture(Distribution):
    r"""Mixture of K normal distributions, :math:`p(x) = \sum_k w_k\, p_k(x)`.

    Parameters
    ----------
    weights : array_like, shape (..., K)
        The weights :math:`w`: non-negative, summing to 1. Give either these or `logits`.
    components : Normal or MultivariateNormal
        The components, along the last axis of its batch: ``components.mean`` is of shape (..., K, D). The
        batch before it broadcasts against that of the weights.
    logits : array_like, shape (..., K)
        Unnormalised log-weights, :math:`w = \mathrm{softmax}(\mathrm{logits})`; -inf is weight 0.

    Raises
    ------
    TypeError, ValueError
        If a parameter does not fit; the message names it.

    Notes
    -----
    Weights count as divided by their sum, which is 1 up to rounding: gradients by them are those of the
    normalised weights, so they sum to 0 with the weights. A gradient has `weights` or `logits` set, as the
    mixture had.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal
    >>> p = Mixture([0.5, 0.5], Normal(mean=[[0.0, 0.0], [1.0, 1.0]], std=[[0.25, 0.5], [0.25, 0.25]]))
    >>> p.batch_shape, p.event_shape, p.components.batch_shape
    ((), (2,), (2,))
    """

    weights: Array | None = None
    """Weights, of shape (..., K), or None if logits were given."""
    components: Normal | MultivariateNormal = None  # type: ignore[assignment]
    """Components, of batch shape (..., K)."""
    logits: Array | None = None
    """Unnormalised log-weights, of shape (..., K), or None if weights were given."""

    def __post_init__(self) -> None:
        components = self.components
        validate.instance("components", components, (Normal, MultivariateNormal))
        name, value = validate.one_of(weights=self.weights, logits=self.logits)
        (array,), dtype, (given,) = validate.parameters([name], [value])
        dtype = max(dtype, components.dtype, key=lambda dtype: dtype.itemsize)
        validate.components(name, array.shape, components.batch_shape)
        array = array.astype(dtype, copy=False)
        if name == "weights":
            validate.weights(array, float(np.finfo(given).eps))
        else:
            validate.logits(array)
        shape = validate.shape((name, "components"), [array.shape, components.batch_shape])
        self._set(
            weights=None,
            logits=None,
            components=_broadcast(components, shape, dtype),
        )
        self._set(**{name: read_only(array, shape, dtype)})

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch: how many mixtures this object holds."""
        return self.components.batch_shape[:-1]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape (D,) of one sample."""
        return self.components.event_shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, float32 or float64."""
        return self.components.dtype

    @property
    def log_weights(self) -> Array:
        """Logarithms of the normalised weights, of shape (..., K); -inf where the weight is 0."""
        return self._log_weights().astype(self.dtype, copy=False)

    def moment_matched(self) -> MultivariateNormal:
        r"""Return the normal distribution that has the mean and the covariance of the mixture.

        Of all normal distributions q it has the smallest :math:`\mathrm{KL}(p \| q)` from the mixture p.

        Returns
        -------
        MultivariateNormal
            Mean :math:`\bar\mu = \sum_k w_k \mu_k`, covariance
            :math:`\sum_k w_k (\Sigma_k + (\mu_k - \bar\mu)(\mu_k - \bar\mu)^\top)`. Its factor is computed from
            those of the components, without squaring them, so that narrow mixtures keep their digits.

        Examples
        --------
        >>> from fastdiv.distributions import Mixture, Normal
        >>> p = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [1.0, 1.0]], [[0.25, 0.5], [0.25, 0.25]]))
        >>> print(p.moment_matched().covariance)
        [[0.3125  0.25   ]
         [0.25    0.40625]]
        """
        mean, scale_tril = self._moments()
        return MultivariateNormal._unchecked(
            mean=read_only(mean, mean.shape, self.dtype),
            scale_tril=read_only(scale_tril, scale_tril.shape, self.dtype),
        )

    def _moments(self) -> tuple[Array, Array]:
        """Mean, and triangular factor of the covariance, in float64."""
        weights = np.exp(self._log_weights())
        means = self.components.mean.astype(np.float64, copy=False)
        mean = np.einsum("...k,...kd->...d", weights, means)
        # The rows of sqrt(w_k) [L_k, mean_k - mean]^T, all stacked: R of their QR decomposition is the factor.
        deviations = (means - mean[..., None, :])[..., None, :]
        factors = np.swapaxes(self.components._factor(), -1, -2)
        rows = np.sqrt(weights)[..., None, None] * np.concatenate([factors, deviations], axis=-2)
        stacked = rows.reshape(*rows.shape[:-3], -1, rows.shape[-1])
        factor = np.swapaxes(np.linalg.qr(stacked, mode="r"), -1, -2)
        signs = np.sign(np.diagonal(factor, axis1=-2, axis2=-1))
        return mean, np.tril(factor) * signs[..., None, :]

    def entropy(self) -> Any:
        """Raise: the entropy of a mixture has no closed form. `fastdiv.distributions.entropy_bounds` encloses it."""
        raise NotImplementedError(
            "the entropy of a Mixture has no closed form: fastdiv.distributions.entropy_bounds encloses it"
        )

    def _log_weights(self) -> Array:
        """Compute `log_weights` in float64."""
        if self.logits is not None:
            logits = self.logits.astype(np.float64, copy=False)
            return logits - logsumexp(logits)[..., None]
        assert self.weights is not None
        weights = self.weights.astype(np.float64, copy=False)
        with np.errstate(divide="ignore"):
            logs: Array = np.log(weights / weights.sum(axis=-1, keepdims=True))
        return logs

    def _place(self, noise: Array, seed: int, first: int) -> Array:
        shape = noise.shape[:-1]
        uniform = random.uniform(seed, shape, first * math.prod(shape[1:]), COMPONENT_STREAM)
        cumulative = np.cumsum(np.exp(self._log_weights()), axis=-1)
        # Of weight 0 no component is drawn: its end is the one before, and behind the last of positive weight it is 1.
        ends = (cumulative / cumulative[..., -1:])[..., :-1]
        drawn = (uniform[..., None] >= ends).sum(axis=-1)
        for k in range(self.components.batch_shape[-1]):
            here = np.nonzero(drawn == k)
            noise[here] = self.components[..., k][here[1:]]._place(noise[here], seed, first)
        return noise

    def _log_density(self, x: Array) -> Array:
        return logsumexp(self._log_weights() + self.components._log_density(x[..., None, :]))

    def __getitem__(self, index: Any) -> Mixture:
        # The components' axis stays, as an event's would.
        weights, logits = (
            None if array is None else part_of(array, index, 1)
            for array in (self.weights, self.logits)
        )
        components = self.components[batch_index(index, 1)]
        return Mixture._unchecked(weights=weights, components=components, logits=logits)


def _broadcast(
    components: Normal | MultivariateNormal, batch: tuple[int, ...], dtype: np.dtype[Any]
) -> Normal | MultivariateNormal:
    """Return the components themselves if they are of this batch shape and type, else a larger copy."""
    if components.batch_shape == batch and components.dtype == dtype:
        return components
    size = components.event_shape[0]
    mean = read_only(components.mean, (*batch, size), dtype)
    if isinstance(components, Normal):
        return Normal._unchecked(mean=mean, std=read_only(components.std, mean.shape, dtype))
    scale_tril = read_only(components.scale_tril, (*batch, size, size), dtype)
    return MultivariateNormal._unchecked(mean=mean, scale_tril=scale_tril)
