"""Fisher information: the metric that the KL divergence is, locally, half the square of."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _validate as validate
from ._mixture import Mixture
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array, logsumexp, solve_lower, solve_lower_transposed
from ._parameters import flatten, triangle

_CHUNK = 2**18  # entries of the scores that are held at once, about
_LARGEST_LOG = 700.0  # a weight below exp(-this) counts as that where one divides by it


def fisher_information(
    d: Normal | MultivariateNormal | Mixture, *, n_samples: int = 65536, seed: int = 0
) -> Any:
    r"""Fisher information by the flat parameters: the metric of the parameters' space.

    .. math:: g_{ij} = \mathrm{E} \Bigl[\frac{\partial \log p}{\partial \xi_i}
              \frac{\partial \log p}{\partial \xi_j}\Bigr], \qquad
              \mathrm{KL}(p_\xi \| p_{\xi + d\xi}) = \tfrac12 \sum_{ij} g_{ij}\, d\xi_i\, d\xi_j + O(|d\xi|^3)

    Parameters
    ----------
    d : Normal, MultivariateNormal or Mixture
        A distribution, of any batch shape.
    n_samples : int, default 65536
        Of a mixture: how many points the expectation is estimated from, the same number from each component.
    seed : int, default 0
        Of a mixture: the seed of the points, as of ``d.sample``.

    Returns
    -------
    ndarray, shape (..., P, P)
        Symmetric matrices; rows and columns are the parameters in the order of `flatten`. Of the distribution's
        type, computed in float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Normal: diagonal, :math:`1/\sigma_d^2` by the mean and :math:`2/\sigma_d^2` by std. MultivariateNormal:
    :math:`\Sigma^{-1}` by the mean, and by scale_tril
    :math:`\lVert L^{-1} dL \rVert_F^2 + \sum_d (dL_{dd}/L_{dd})^2`. Both in closed form.

    A mixture's is a Monte Carlo estimate, positive semi-definite as the metric is, in memory that does not grow
    with `n_samples`. It has no standard error: the spread over several seeds is one. It falls as 1/√n_samples, and
    with the default the diagonal is right to a few per cent unless a weight is small. By the weights, which count as
    divided by their sum, or by the logits it is singular: along the weights themselves, or along a shift of all
    logits, the distribution does not change.

    Components of weight 0 are not sampled, and by their means and scales the information is 0. By such a weight itself
    it is :math:`\mathrm{E}\,(p_k/p)^2 - 1`, infinite for a component wider than the rest; samples of the rest do not
    see that, and give some large number, or 1 for a component that lies elsewhere.

    References
    ----------
    S. Amari, *Information Geometry and Its Applications*, 2016, section 1.3 and chapter 2.

    Examples
    --------
    >>> from fastdiv.distributions import Normal, fisher_information
    >>> print(fisher_information(Normal([0.0], [0.5])))
    [[4. 0.]
     [0. 8.]]
    """
    validate.instance("d", d, (Normal, MultivariateNormal, Mixture))
    if isinstance(d, Mixture):
        count = validate.integer("n_samples", n_samples, 1, 2**63 - 1)
        metric = _of_mixture(d, count, seed)
    elif isinstance(d, Normal):
        metric = _of_normal(d)
    else:
        metric = _of_multivariate_normal(d)
    with np.errstate(over="ignore"):
        return metric.astype(d.dtype, copy=False)


def _of_normal(d: Normal) -> Array:
    precision = 1 / np.square(d.std.astype(np.float64))
    diagonal = np.concatenate([precision, 2 * precision], axis=-1)
    return diagonal[..., None] * np.eye(diagonal.shape[-1])


def _of_multivariate_normal(d: MultivariateNormal) -> Array:
    factor, dimension = d._factor(), d.event_shape[0]
    inverse = solve_lower(factor, np.eye(dimension))
    precision = np.swapaxes(inverse, -1, -2) @ inverse
    rows, columns = triangle(dimension)
    size = dimension + rows.size
    metric = np.zeros((*d.batch_shape, size, size))
    metric[..., :dimension, :dimension] = precision
    # By L[i, j] and L[k, l]: precision[i, k] where j = l, and 1 / L[i, i]^2 where i = j = k = l.
    metric[..., dimension:, dimension:] = precision[..., rows[:, None], rows] * (
        columns[:, None] == columns
    )
    diagonal = dimension + np.nonzero(rows == columns)[0]
    metric[..., diagonal, diagonal] += 1 / np.square(np.diagonal(factor, axis1=-2, axis2=-1))
    return metric


def _of_mixture(d: Mixture, n_samples: int, seed: int) -> Array:
    count = d.components.batch_shape[-1]
    rounds = -(-n_samples // count)  # points of each component
    weights = np.sqrt(np.exp(d._log_weights()) / rounds)[..., None]
    metric: Any = 0.0
    entries = count * flatten(d).size  # of all scores of one round
    chunk = max(1, _CHUNK // max(1, entries))
    for first in range(0, rounds, chunk):
        x = d.components._sample(min(chunk, rounds - first), seed, first)
        with np.errstate(all="ignore"):
            scores = np.where(weights == 0, 0, score(d, x) * weights)
        stacked = np.moveaxis(scores, 0, -3).reshape(*d.batch_shape, -1, scores.shape[-1])
        metric = metric + np.swapaxes(stacked, -1, -2) @ stacked
    result: Array = 0.5 * (metric + np.swapaxes(metric, -1, -2))
    return result


def score(d: Mixture, x: Array) -> Array:
    """Gradient of log p at x[..., batch, N, D] by the flat parameters, for N points of each mixture."""
    components = d.components[..., None, :]
    points = x.astype(np.float64, copy=False)[..., None, :]
    logs = components._log_density(points)
    log_weights = d._log_weights()[..., None, :]
    log_p = logsumexp(log_weights + logs)[..., None]
    responsibility = np.exp(log_weights + logs - log_p)
    by_weights = responsibility - np.exp(log_weights)
    if d.logits is None:  # responsibility / weight - 1, right for weight 0, too
        by_weights = np.exp(np.minimum(logs - log_p, _LARGEST_LOG)) - 1
    slopes = _scores_of(components, points)
    parts = [
        np.where(responsibility[..., None] == 0, 0, responsibility[..., None] * s) for s in slopes
    ]
    joint = [part.reshape(*part.shape[:-2], part.shape[-2] * part.shape[-1]) for part in parts]
    return np.concatenate([by_weights, *joint], axis=-1)


def _scores_of(d: Normal | MultivariateNormal, x: Array) -> tuple[Array, Array]:
    """Gradients of log p at x by the mean and by the flat scale."""
    if isinstance(d, Normal):
        z = (x - d.mean) / d.std
        return z / d.std, (np.square(z) - 1) / d.std
    factor = d._factor()
    z = solve_lower(factor, (x - d.mean)[..., None])
    by_mean = solve_lower_transposed(factor, z)[..., 0]
    rows, columns = triangle(d.event_shape[0])
    by_scale = by_mean[..., rows] * z[..., columns, 0]
    on_diagonal = rows == columns
    by_scale -= on_diagonal / np.where(
        on_diagonal, factor[..., rows, columns], 1
    )  # others may be 0
    return by_mean, by_scale
