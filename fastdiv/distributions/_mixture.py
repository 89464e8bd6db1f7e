"""Mixture of normal distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _validate as validate
from ._distribution import Array, Distribution, batch_index, read_only
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal


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
        if self.logits is None:
            assert self.weights is not None
            with np.errstate(divide="ignore"):
                logs: Array = np.log(self.weights / self.weights.sum(axis=-1, keepdims=True))
            return logs
        shifted = self.logits - self.logits.max(axis=-1, keepdims=True)
        result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return result

    def __getitem__(self, index: Any) -> Mixture:
        part = batch_index(index, 1)  # the components' axis stays, as an event's would
        return Mixture._unchecked(
            weights=None if self.weights is None else self.weights[part],
            components=self.components[part],
            logits=None if self.logits is None else self.logits[part],
        )


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
