"""A distribution's parameters as one flat vector, and back."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from . import _validate as validate
from ._distribution import Array, Distribution, read_only
from ._mixture import Mixture
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal

Kind = TypeVar("Kind", Normal, MultivariateNormal, Mixture)


def flatten(d: Distribution) -> Array:
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
    dimension = like.event_shape[0]
    count = like.components.batch_shape[-1] if isinstance(like, Mixture) else 0
    component = like.components if isinstance(like, Mixture) else like
    lengths = _lengths(component, dimension, count)
    validate.last_axis("flat", array, sum(lengths))
    batch = array.shape[:-1]
    parts = np.split(array, np.cumsum(lengths)[:-1], axis=-1)
    if not isinstance(like, Mixture):
        return _rebuild(type(like), parts, batch, dimension)
    components = _rebuild(type(like.components), parts[1:], (*batch, count), dimension)
    weights = read_only(parts[0], (*batch, count), like.dtype)
    given, other = ("weights", "logits") if like.logits is None else ("logits", "weights")
    return Mixture._unchecked(components=components, **{given: weights, other: None})


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


def _lengths(component: Normal | MultivariateNormal, dimension: int, count: int) -> list[int]:
    scale = dimension if isinstance(component, Normal) else dimension * (dimension + 1) // 2
    return [count, count * dimension, count * scale] if count else [dimension, scale]


def _rebuild(kind: Any, parts: list[Array], batch: tuple[int, ...], dimension: int) -> Any:
    """Return a distribution of flat fields."""
    dtype = parts[0].dtype
    mean = read_only(parts[0].reshape(*batch, dimension), (*batch, dimension), dtype)
    if kind is Normal:
        std = read_only(parts[1].reshape(mean.shape), mean.shape, dtype)
        return Normal._unchecked(mean=mean, std=std)
    rows, columns = triangle(dimension)
    scale_tril = np.zeros((*batch, dimension, dimension), dtype)
    scale_tril[..., rows, columns] = parts[1].reshape(*batch, rows.size)
    scale_tril.flags.writeable = False
    return MultivariateNormal._unchecked(mean=mean, scale_tril=scale_tril)
