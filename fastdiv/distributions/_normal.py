"""Normal distribution with independent coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _validate as validate
from ._distribution import Distribution, log_density_of, part_of, read_only
from ._numerics import Array


@dataclass(frozen=True, eq=False)
class Normal(Distribution):
    r"""Normal distribution of independent coordinates, :math:`x = \mu + \sigma \odot z`.

    .. math:: \log p(x) = -\sum_d \Bigl[\tfrac12 \Bigl(\frac{x_d - \mu_d}{\sigma_d}\Bigr)^2 + \log \sigma_d
              + \tfrac12 \log 2\pi\Bigr]

    Parameters
    ----------
    mean : array_like, shape (..., D)
        The mean :math:`\mu`; the axes before the last are the batch.
    std : array_like, shape (..., D)
        The standard deviation :math:`\sigma` of each coordinate, positive. It broadcasts against `mean`.

    Raises
    ------
    TypeError, ValueError
        If a parameter does not fit; the message names it.

    Notes
    -----
    Parameters are float32 or float64, the wider of the two; integers become float64, float16 and bfloat16
    float32. The fields are read-only copies.

    Examples
    --------
    >>> from fastdiv.distributions import Normal
    >>> d = Normal(mean=[[0.0, 0.0], [1.0, 1.0]], std=[0.25, 0.5])
    >>> d.batch_shape, d.event_shape
    ((2,), (2,))
    >>> d[1].mean
    array([1., 1.])
    """

    mean: Array
    """Mean, of shape (..., D)."""
    std: Array
    """Standard deviations, of shape (..., D)."""

    def __post_init__(self) -> None:
        names = ("mean", "std")
        arrays, dtype, _ = validate.parameters(names, (self.mean, self.std))
        shape = validate.shape(names, [array.shape for array in arrays])
        validate.event("mean", shape)
        mean, std = (read_only(array, shape, dtype) for array in arrays)
        validate.finite("mean", mean)
        validate.positive("std", std)
        self._set(mean=mean, std=std)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch: how many distributions this object holds."""
        return self.mean.shape[:-1]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape (D,) of one sample."""
        return self.mean.shape[-1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, float32 or float64."""
        return self.mean.dtype

    def __getitem__(self, index: Any) -> Normal:
        mean, std = (part_of(array, index, 1) for array in (self.mean, self.std))
        return Normal._unchecked(mean=mean, std=std)

    def _place(self, noise: Array, seed: int, first: int) -> Array:
        noise *= self.std
        noise += self.mean
        return noise

    def _log_density(self, x: Array) -> Array:
        # log p = -1/2 |z|^2 - log|L| - D/2 log 2 pi,   z = (x - mean) / std
        z = (x - self.mean) / self.std
        return log_density_of(np.square(z).sum(axis=-1), self)

    def _log_scale(self) -> Array:
        logs: Array = np.log(self.std.astype(np.float64)).sum(axis=-1)
        return logs

    def _factor(self) -> Array:
        """Triangular factor of the covariance, in float64."""
        return self.std[..., None].astype(np.float64) * np.eye(self.event_shape[0])
