"""Entropy and relative entropy with SciPy's signature."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ... import _validate as validate
from ... import probabilities
from .._arrays import Array, broadcast, events_last, is_foreign, keep_axes
from ..special import entr, rel_entr

_POLICIES = ("propagate", "omit", "raise")


def entropy(
    pk: ArrayLike,
    qk: ArrayLike | None = None,
    base: float | None = None,
    axis: int | tuple[int, ...] | None = 0,
    *,
    nan_policy: Literal["propagate", "omit", "raise"] = "propagate",
    keepdims: bool = False,
) -> Any:
    r"""Shannon entropy, or relative entropy, along an axis; replaces `scipy.stats.entropy`.

    .. math:: H(p) = -\sum_k p_k \log p_k, \qquad D(p \| q) = \sum_k p_k \log \frac{p_k}{q_k}

    Parameters
    ----------
    pk : array_like
        Probabilities, weights or counts; every distribution is divided by its sum. Integers and
        bool are computed in float64, float16 in float32.
    qk : array_like, optional
        The same for the reference; with it the relative entropy is computed. pk and qk broadcast.
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    axis : int, tuple of ints or None, default 0
        The axes of one distribution; None flattens pk and qk.
    nan_policy : {'propagate', 'omit', 'raise'}
        A distribution with NaN gives NaN, is taken without the entries that are NaN in pk or qk, or
        raises ValueError.
    keepdims : bool, default False
        Keep the reduced axes, with size 1.

    Returns
    -------
    ndarray or scalar
        One value, in nats or units of `base`, for each distribution; float32 if the input is, else
        float64. 0 for one
        without entries.

    Raises
    ------
    TypeError
        For arrays that are not of real numbers.
    ValueError
        For shapes that do not broadcast, a base that is not positive, an axis out of range
        (AxisError), another nan_policy, and NaN with the policy 'raise'.

    Notes
    -----
    Masked entries are left out, as those of 'omit' are. Special values are SciPy's: a
    distribution that sums to 0 or has an infinite entry gives NaN, a negative probability -inf, or
    inf in the relative entropy, and so does q = 0 < p. Arrays of other array libraries are handed
    to SciPy, which decides by its own settings what to do with them; nothing else needs it.

    Where SciPy is wrong, this is right: the relative entropy is never negative, exactly 0 where qk
    is a multiple of pk up to rounding, and relatively accurate where they are close (SciPy's terms
    cancel there); sums that overflow or are subnormal do no harm, and float16 is not rounded on
    the way. No warnings are given, except for a base of 1.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed.,
    2006, sections 2.1 and 2.3.

    Examples
    --------
    >>> from fastdiv.scipy.stats import entropy
    >>> print(entropy([1, 1, 1, 1], base=2))
    2.0
    >>> print(entropy([0.5, 0.5], [0.25, 0.75]).round(6))
    0.143841
    >>> print(entropy([0.1, 0.2, 0.7], [0.3, 0.6, 2.1]))
    0.0
    """
    if is_foreign(pk) or is_foreign(qk):
        from scipy import stats

        return stats.entropy(pk, qk, base, axis, nan_policy=nan_policy, keepdims=keepdims)
    if base is not None and base <= 0:
        raise ValueError(f"`base` must be a positive number or None, got {base}")
    if nan_policy not in _POLICIES:
        raise ValueError(f"nan_policy must be one of {_POLICIES}, got {nan_policy!r}")
    arrays = [_as_array("pk", pk)] if qk is None else [_as_array("pk", pk), _as_array("qk", qk)]
    ndim = max(array.ndim for array in arrays)
    if axis is None:
        arrays = [array.reshape(-1) for array in arrays]
    if len(arrays) == 2:
        arrays = broadcast(("pk", "qk"), arrays)
        dtype = np.result_type(*arrays)
        arrays = [array.astype(dtype, copy=False) for array in arrays]
    missing, nan = _missing(arrays, nan_policy)
    events = [events_last(np.asarray(array), axis) for array in arrays]
    if missing is None:
        value = _entropies(events)
    else:
        value = _entropies_of_the_rest(events, events_last(missing, axis), events_last(nan, axis))
    if base is not None:
        value = value / math.log(base)
    return keep_axes(value, axis, ndim) if keepdims else value


def _as_array(name: str, value: Any) -> Array:
    """Return an array of real numbers with an axis or more; a masked one keeps its mask."""
    array = np.asanyarray(value) if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    validate.compute_dtype(name, array)
    return array if array.ndim else array.reshape(1)


def _missing(arrays: list[Array], nan_policy: str) -> tuple[Array | None, Any]:
    """Return where a pair is left out (None if nowhere), and where NaN shows all the same."""
    masked = any(isinstance(array, np.ma.MaskedArray) for array in arrays)
    if nan_policy == "propagate" and not masked:
        return None, None
    masks = [np.ma.getmaskarray(array) for array in arrays]
    pairs = zip(arrays, masks, strict=True)
    missing: Array = np.logical_or.reduce(masks)
    nan: Array = np.logical_or.reduce([np.isnan(np.asarray(a)) & ~mask for a, mask in pairs])
    if nan_policy == "raise" and nan.any():
        raise ValueError("The input contains nan values")
    if nan_policy == "omit":
        missing, nan = missing | nan, np.zeros_like(nan)
    return missing, nan


def _entropies_of_the_rest(events: list[Array], missing: Array, nan: Array) -> Any:
    """Return the entropies without the missing entries: of weight 0, they add nothing."""
    rest = [np.where(missing, 0, array) for array in events]
    if nan.any():
        rest = [np.where(nan, np.nan, array) for array in rest]
    value = np.asarray(_entropies(rest))
    value[missing.all(axis=-1) & ~nan.any(axis=-1)] = 0
    return value[()]


def _entropies(events: list[Array]) -> Any:
    """Return the entropies along the last axis; by the plain formula where the core has none."""
    measure = probabilities.entropy if len(events) == 1 else probabilities.kl_divergence
    value = measure(*events)
    if isinstance(value, np.generic):
        return value if value == value else _plain_entropies(events).astype(value.dtype)[()]
    undefined = np.isnan(value)
    if undefined.any():
        value[undefined] = _plain_entropies([array[undefined] for array in events])
    return value


def _plain_entropies(events: list[Array]) -> Array:
    with np.errstate(all="ignore"):
        shares = [array / array.sum(axis=-1, keepdims=True) for array in events]
        terms: Array = entr(*shares) if len(shares) == 1 else rel_entr(*shares)
        return np.asarray(terms.sum(axis=-1))
