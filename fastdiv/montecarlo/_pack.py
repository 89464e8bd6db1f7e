"""Distributions as the native functions take them, and gradients back as distributions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._validate import describe
from ..distributions import Mixture, MultivariateNormal, Normal

Array = NDArray[Any]
Distribution = Normal | MultivariateNormal | Mixture

# (components, is_triangular, has_logits, is_shared, weights or None, mean, scale), C-contiguous, of one type
Native = tuple[int, bool, bool, bool, Array | None, Array, Array]
Fields = tuple[Array | None, Array, Array]


class Packed(NamedTuple):
    """A distribution's arrays, and what is asked of them at every call."""

    components: int
    """How many the mixture has; of a normal distribution 1."""
    native: Native
    batch_shape: tuple[int, ...]
    kind: tuple[int, np.dtype[Any]]
    """Length of an event, and the type."""


def pack(name: str, d: Any) -> Packed:
    """Return the distribution's arrays; they are kept with it, for its fields never change."""
    try:
        return d.__dict__["_packed"]  # type: ignore[no-any-return]
    except (AttributeError, KeyError):
        pass
    if not isinstance(d, (Normal, MultivariateNormal, Mixture)):
        expected = "a Normal, MultivariateNormal or Mixture of fastdiv.distributions"
        raise TypeError(f"{name} must be {expected}, got {describe(d)}")
    packed = d.__dict__["_packed"] = _pack(d)
    return packed


def _pack(d: Distribution) -> Packed:
    parts = d.components if isinstance(d, Mixture) else d
    scale = parts.scale_tril if isinstance(parts, MultivariateNormal) else parts.std
    components, weights, logits = 1, None, False
    if isinstance(d, Mixture):
        logits = d.weights is None
        weights = _native_array(d.logits if d.weights is None else d.weights)
        components = weights.shape[-1]
    arrays = (weights, _native_array(parts.mean), _native_array(scale))
    native = (components, isinstance(parts, MultivariateNormal), logits, False, *arrays)
    return Packed(components, native, d.batch_shape, (d.event_shape[0], d.dtype))


def _native_array(array: Any) -> Array:
    return np.require(array, requirements=["C", "ALIGNED"])


def same(a: Native, b: Native) -> bool:
    """Whether two are equal, entry by entry."""
    if a is b:
        return True
    return a[:4] == b[:4] and all(
        x is y or (x.dtype == y.dtype and np.array_equal(x, y))
        for x, y in zip(a[4:], b[4:], strict=True)
        if x is not None and y is not None
    )


def broadcast(p: Packed, q: Packed) -> tuple[Native, Native, int, tuple[int, ...]]:
    """Return both with one batch, or one of them without, of one type, the wider; how many pairs; the batch."""
    shape = p.batch_shape
    if q.batch_shape == shape and p.kind == q.kind:
        return p.native, q.native, math.prod(shape), shape
    (dimension, dtype), (other_dimension, other_dtype) = p.kind, q.kind
    if dimension != other_dimension:
        lengths = f"p has events of {dimension} entries and q of {other_dimension}"
        raise ValueError(f"{lengths}: expected the same")
    try:
        shape = np.broadcast_shapes(shape, q.batch_shape)
    except ValueError:
        shapes = f"p with batch shape {shape} and q with {q.batch_shape}"
        raise ValueError(f"{shapes} do not broadcast") from None
    dtype = max(dtype, other_dtype, key=lambda each: each.itemsize)
    return _expand(p, shape, dtype), _expand(q, shape, dtype), math.prod(shape), shape


def _expand(packed: Packed, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Native:
    if packed.batch_shape == shape and packed.kind[1] == dtype:
        return packed.native
    count, triangular, logits, _, weights, *arrays = packed.native
    shared = packed.batch_shape == () and shape != ()
    axes = len(packed.batch_shape)

    def expand(array: Array) -> Array:
        if not shared:
            array = np.broadcast_to(array, (*shape, *array.shape[axes:]))
        return np.ascontiguousarray(array, dtype)

    mean, scale = map(expand, arrays)
    weights = None if weights is None else expand(weights)
    return count, triangular, logits, shared, weights, mean, scale


def unpack(like: Distribution, packed: Packed, fields: Fields) -> Distribution:
    """Return gradients as an object of the distribution's class, summed over what it was broadcast to."""
    weights, mean, scale = fields
    own = packed.native[5]
    if mean.shape != own.shape or mean.dtype != own.dtype:
        _, _, _, _, own_weights, own_mean, own_scale = packed.native
        axes = len(packed.batch_shape)
        mean, scale = _reduce(mean, own_mean, axes), _reduce(scale, own_scale, axes)
        if weights is not None and own_weights is not None:
            weights = _reduce(weights, own_weights, axes)
    parts: Normal | MultivariateNormal
    if packed.native[1]:
        parts = MultivariateNormal._unchecked(mean=mean, scale_tril=scale)
    else:
        parts = Normal._unchecked(mean=mean, std=scale)
    if weights is None:
        return parts
    if packed.native[2]:
        return Mixture._unchecked(weights=None, components=parts, logits=weights)
    return Mixture._unchecked(weights=weights, components=parts, logits=None)


def _reduce(array: Array, own: Array, batch_axes: int) -> Array:
    """Sum an array over the axes that `own` was broadcast along, and return it in its type."""
    extra = array.ndim - own.ndim
    axes = [k + extra for k in range(batch_axes) if own.shape[k] != array.shape[k + extra]]
    total: Array = array.sum(axis=(*range(extra), *axes), keepdims=True, dtype=np.float64)
    return total.reshape(own.shape).astype(own.dtype, copy=False)
