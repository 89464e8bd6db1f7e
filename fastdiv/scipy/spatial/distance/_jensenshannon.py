"""Jensen-Shannon distance with SciPy's signature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .... import _validate as validate
from .... import probabilities
from ..._arrays import Array, broadcast, events_last, keep_axes
from ...special import rel_entr


def jensenshannon(
    p: ArrayLike,
    q: ArrayLike,
    base: float | None = None,
    *,
    axis: int | tuple[int, ...] | None = 0,
    keepdims: bool = False,
) -> Any:
    r"""Jensen-Shannon distance along an axis; replaces `scipy.spatial.distance.jensenshannon`.

    .. math:: d(p, q) = \sqrt{\tfrac{1}{2} D(p \| m) + \tfrac{1}{2} D(q \| m)}, \quad
        m = \tfrac{1}{2} (p + q)

    Parameters
    ----------
    p, q : array_like
        Probabilities, weights or counts, which broadcast after every distribution has been divided
        by its sum. Integers and bool are computed in float64, float16 in float32. Masks are
        ignored.
    base : float, optional
        Base of the divergence's logarithm; natural (nats) if not given.
    axis : int, tuple of ints or None, default 0
        The axes of one distribution; None means all.
    keepdims : bool, default False
        Keep the reduced axes, with size 1.

    Returns
    -------
    ndarray or scalar
        One distance, the square root of nats or units of `base`, for each pair; float32 if both are, else
        float64. (A scalar of float32 in a base is float64, as NumPy makes it.)

    Raises
    ------
    TypeError
        For arrays that are not of real numbers.
    ValueError
        For shapes that do not broadcast and for an axis out of range (AxisError).

    Notes
    -----
    Special values are SciPy's: a distribution that sums to 0 or has an infinite or NaN
    entry gives NaN, a negative probability inf, no entries 0.

    Where SciPy is wrong, this is right: the distance of proportional p and q is exactly 0 (SciPy
    gives the root of a rounding error, or NaN if that is negative), that of nearly equal ones is
    relatively accurate, and subnormal entries do not give inf. No warnings are given, except for a
    base that has no positive logarithm.

    References
    ----------
    D. M. Endres and J. E. Schindelin, *A New Metric for Probability
    Distributions*, 2003, section II.

    Examples
    --------
    >>> from fastdiv.scipy.spatial.distance import jensenshannon
    >>> print(jensenshannon([1, 0], [0, 1], 2))
    1.0
    >>> print(jensenshannon([0.1, 0.2, 0.7], [0.3, 0.6, 2.1]))
    0.0
    """
    first, second = (_as_array(name, value) for name, value in (("p", p), ("q", q)))
    normalize = _sums_survive(first, second, axis)
    if not normalize:
        with np.errstate(all="ignore"):
            first = first / np.sum(first, axis=axis, keepdims=True)
            second = second / np.sum(second, axis=axis, keepdims=True)
    first, second = broadcast(("p", "q"), [first, second])
    divergence = _divergences(events_last(first, axis), events_last(second, axis), normalize)
    if keepdims:
        divergence = keep_axes(divergence, axis, first.ndim)
    if base is not None:
        divergence /= np.log(base)
    return np.sqrt(divergence)


def _as_array(name: str, value: Any) -> Array:
    array = np.asarray(value)
    validate.compute_dtype(name, array)
    return array if array.ndim else array.reshape(1)


def _sums_survive(p: Array, q: Array, axis: Any) -> bool:
    """Whether p and q have the same sums along the axis before and after they are broadcast."""
    if p.shape == q.shape:
        return True
    if not isinstance(axis, int) or (axis >= 0 and p.ndim != q.ndim):
        return False
    return -min(p.ndim, q.ndim) <= axis < p.ndim and p.shape[axis] == q.shape[axis]


def _divergences(p: Array, q: Array, normalize: bool) -> Any:
    """Return the divergences along the last axis; by the plain formula where the core has none."""
    value = probabilities.js_divergence(p, q, normalize=normalize)
    if isinstance(value, np.generic):
        return (
            value if value == value else _plain_divergences(p, q, normalize).astype(value.dtype)[()]
        )
    undefined = np.isnan(value)
    if undefined.any():
        value[undefined] = _plain_divergences(p[undefined], q[undefined], normalize)
    return value


def _plain_divergences(p: Array, q: Array, normalize: bool) -> Array:
    with np.errstate(all="ignore"):
        if normalize:
            p, q = (array / array.sum(axis=-1, keepdims=True) for array in (p, q))
        mixture = (p + q) / 2
        terms = rel_entr(p, mixture) + rel_entr(q, mixture)
        return np.asarray(np.maximum(terms.sum(axis=-1) / 2, 0))
