"""Normal distribution with any covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _validate as validate
from ._distribution import Distribution, log_density_of, part_of, read_only
from ._numerics import Array, solve_lower


@dataclass(frozen=True, eq=False)
class MultivariateNormal(Distribution):
    r"""Normal distribution with covariance :math:`L L^\top`, :math:`x = \mu + L z`.

    .. math:: \log p(x) = -\tfrac12 \lVert L^{-1} (x - \mu) \rVert^2 - \sum_d \log L_{dd}
              - \tfrac D2 \log 2\pi

    Parameters
    ----------
    mean : array_like, shape (..., D)
        The mean :math:`\mu`; the axes before the last are the batch.
    scale_tril : array_like, shape (..., D, D)
        The factor :math:`L`: lower triangular, zero above the diagonal, positive on it. Its batch broadcasts
        against that of `mean`. Of a covariance it is ``numpy.linalg.cholesky(covariance)``.

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
    >>> from fastdiv.distributions import MultivariateNormal
    >>> d = MultivariateNormal(mean=[0.5, 0.5], scale_tril=[[0.6, 0.0], [0.3, 0.4]])
    >>> print(d.covariance.round(2))
    [[0.36 0.18]
     [0.18 0.25]]
    """

    mean: Array
    """Mean, of shape (..., D)."""
    scale_tril: Array
    """Lower triangular factors of the covariance, of shape (..., D, D)."""

    def __post_init__(self) -> None:
        names = ("mean", "scale_tril")
        (mean, scale_tril), dtype, _ = validate.parameters(names, (self.mean, self.scale_tril))
        validate.event("mean", mean.shape)
        dimension = mean.shape[-1]
        validate.finite("mean", mean)
        validate.scale_tril(scale_tril.astype(dtype, copy=False), dimension)
        batch = validate.shape(names, [mean.shape[:-1], scale_tril.shape[:-2]])
        self._set(
            mean=read_only(mean, (*batch, dimension), dtype),
            scale_tril=read_only(scale_tril, (*batch, dimension, dimension), dtype),
        )

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

    @property
    def covariance(self) -> Array:
        """Covariance matrices, of shape (..., D, D)."""
        return self.scale_tril @ np.swapaxes(self.scale_tril, -1, -2)

    def __getitem__(self, index: Any) -> MultivariateNormal:
        return MultivariateNormal._unchecked(
            mean=part_of(self.mean, index, 1),
            scale_tril=part_of(self.scale_tril, index, 2),
        )

    def _place(self, noise: Array, seed: int, first: int) -> Array:
        points: Array = np.einsum("...ij,...j->...i", self.scale_tril, noise)
        points += self.mean
        return points

    def _log_density(self, x: Array) -> Array:
        # log p = -1/2 |z|^2 - log|L| - D/2 log 2 pi,   L z = x - mean
        difference = x - self.mean
        scale_tril = self.scale_tril.astype(np.float64, copy=False)
        z = solve_lower(scale_tril, difference[..., None])[..., 0]
        square = np.square(z).sum(axis=-1)
        # Where one entry of z overflows a later one may be NaN: the density is 0 all the same.
        overflow = np.isnan(square) & ~np.isnan(difference).any(axis=-1)
        return log_density_of(np.where(overflow, np.inf, square), self)

    def _log_scale(self) -> Array:
        diagonal = np.diagonal(self.scale_tril, axis1=-2, axis2=-1)
        logs: Array = np.log(diagonal.astype(np.float64)).sum(axis=-1)
        return logs

    def _factor(self) -> Array:
        """Triangular factor of the covariance, in float64."""
        return self.scale_tril.astype(np.float64, copy=False)
