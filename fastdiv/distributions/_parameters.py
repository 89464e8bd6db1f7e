"""A distribution's parameters as one flat vector, and back."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from . import _validate as validate
from ._distribution import Distribution, read_only
from ._mixture import Mixture
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array

Kind = TypeVar("Kind", bound=Distribution)


def flatten(d: Normal | MultivariateNormal | Mixture) -> Array:
    r"""Parameters of a distribution, or the entries of a gradient, as flat vectors.

    Parameters
    ----------
    d : Normal, MultivariateNormal or Mixture
        A distribution of any batch shape, or a gradient, which is an object of the same class.

    Returns
    -------
    ndarray, shape (..., P)
        The fields one after the other: mean and std (P = 2 D); mean and the lower triangle of scale_tril row
        by row (P = D + D (D + 1) / 2); weights or logits, then the components' fields, each for all
        components in turn. A copy, of the distribution's type.

    Raises
    ------
    TypeError
        If `d` is no distribution.

    Examples
    --------
    >>> from fastdiv.distributions import MultivariateNormal, flatten
    >>> print(flatten(MultivariateNormal([0.5, -0.5], [[1.0, 0.0], [2.0, 3.0]])))
    [ 0.5 -0.5  1.   2.   3. ]
    """
    validate.instance("d", d, (Normal, MultivariateNormal, Mixture))
    if isinstance(d, Mixture):
        weights = d.weights if d.logits is None else d.logits
        assert weights is not None
        return np.concatenate([weights, *(_joined(field) for field in _fields(d.components))], -1)
    return np.concatenate(_fields(d), -1)


def unflatten(like: Kind, flat: ArrayLike) -> Kind:
    """Rebuild the distribution, or the gradient, that `flatten` made a vector of.

    Parameters
    ----------
    like : Normal, MultivariateNormal or Mixture
        An object of the class, the event shape and the number of components that come back; its values and its
        batch do not matter.
    flat : array_like, shape (..., P)
        Vectors in the order of `flatten`. Their batch is the result's. They are copied, and not validated:
        a gradient or a step need not have positive scales.

    Returns
    -------
    Normal, MultivariateNormal or Mixture
        Of the class and the type of `like`.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.distributions import Normal, flatten, unflatten
    >>> d = Normal([0.0, 1.0], [1.0, 2.0])
    >>> unflatten(d, flatten(d) + 1).std
    array([2., 3.])
    """
    validate.instance("like", like, (Normal, MultivariateNormal, Mixture))
    array = validate.as_computed("flat", flat, like.dtype)
    rebuild: Any = _rebuild_mixture if isinstance(like, Mixture) else _rebuild
    result: Kind = rebuild(like, array)
    return result


@functools.lru_cache(maxsize=64)
def triangle(dimension: int) -> tuple[Array, Array]:
    """Return rows and columns of the lower triangle, row by row."""
    return np.tril_indices(dimension)


def _fields(d: Normal | MultivariateNormal) -> list[Array]:
    if isinstance(d, Normal):
        return [d.mean, d.std]
    rows, columns = triangle(d.event_shape[0])
    return [d.mean, d.scale_tril[..., rows, columns]]


def _joined(field: Array) -> Array:
    """Make the axes of components and parameters one."""
    return field.reshape(*field.shape[:-2], field.shape[-2] * field.shape[-1])


def _rebuild_mixture(like: Mixture, flat: Array) -> Mixture:
    batch, count = flat.shape[:-1], like.components.batch_shape[-1]
    lengths = [count * length for length in (1, *_lengths(like.components))]
    weights, *fields = _split(flat, lengths)
    joint = [field.reshape(*batch, count, field.shape[-1] // count) for field in fields]
    components = _rebuild(like.components, np.concatenate(joint, -1))
    given, other = ("weights", "logits") if like.logits is None else ("logits", "weights")
    weights = read_only(weights, weights.shape, flat.dtype)
    return Mixture._unchecked(components=components, **{given: weights, other: None})


def _rebuild(like: Normal | MultivariateNormal, flat: Array) -> Normal | MultivariateNormal:
    mean, scale = _split(flat, _lengths(like))
    mean = read_only(mean, mean.shape, flat.dtype)
    if isinstance(like, Normal):
        return Normal._unchecked(mean=mean, std=read_only(scale, mean.shape, flat.dtype))
    rows, columns = triangle(mean.shape[-1])
    scale_tril = np.zeros((*mean.shape, mean.shape[-1]), flat.dtype)
    scale_tril[..., rows, columns] = scale
    scale_tril.flags.writeable = False
    return MultivariateNormal._unchecked(mean=mean, scale_tril=scale_tril)


def _lengths(like: Normal | MultivariateNormal) -> tuple[int, int]:
    """Return how many parameters the mean and the scale have."""
    dimension = like.event_shape[0]
    return dimension, dimension if isinstance(like, Normal) else dimension * (dimension + 1) // 2


def _split(flat: Array, lengths: Sequence[int]) -> list[Array]:
    validate.last_axis("flat", flat, sum(lengths))
    ends = list(itertools.accumulate(lengths))
    return [flat[..., end - length : end] for end, length in zip(ends, lengths, strict=True)]
