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

    native: Native
    batch_shape: tuple[int, ...]
    dimension: int
    dtype: np.dtype[Any]

    @property
    def components(self) -> int:
        """How many components the mixture has; of a normal distribution 1."""
        return self.native[0]


def pack(name: str, d: Any) -> Packed:
    """Return the distribution's arrays; they are kept with it, for its fields never change."""
    try:
        known: Packed | None = d.__dict__.get("_packed")
    except AttributeError:
        known = None
    if known is None:
        if not isinstance(d, (Normal, MultivariateNormal, Mixture)):
            expected = "a Normal, MultivariateNormal or Mixture of fastdiv.distributions"
            raise TypeError(f"{name} must be {expected}, got {describe(d)}")
        known = d.__dict__["_packed"] = _pack(d)
    return known


def _pack(d: Distribution) -> Packed:
    parts = d.components if isinstance(d, Mixture) else d
    triangular = isinstance(parts, MultivariateNormal)
    scale = parts.scale_tril if isinstance(parts, MultivariateNormal) else parts.std
    components, weights = 1, None
    if isinstance(d, Mixture):
        weights = d.weights if d.logits is None else d.logits
        assert weights is not None
        components, weights = weights.shape[-1], _native_array(weights)
    logits = isinstance(d, Mixture) and d.logits is not None
    arrays = (weights, _native_array(parts.mean), _native_array(scale))
    return Packed(
        (components, triangular, logits, False, *arrays),
        d.batch_shape,
        d.event_shape[0],
        d.dtype,
    )


def _native_array(array: Array) -> Array:
    return np.require(array, requirements=["C", "ALIGNED"])


class Pairs(NamedTuple):
    """Two distributions broadcast against each other."""

    p: Native
    q: Native
    size: int
    batch_shape: tuple[int, ...]


def broadcast(p: Packed, q: Packed) -> Pairs:
    """Return both with one batch, or one of them without; of one type, the wider."""
    if p.dimension != q.dimension:
        raise ValueError(
            f"p has events of {p.dimension} entries and q of {q.dimension}: expected the same"
        )
    dtype = p.dtype if p.dtype.itemsize >= q.dtype.itemsize else q.dtype
    if p.batch_shape == q.batch_shape:
        shape = p.batch_shape
    else:
        try:
            shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
        except ValueError:
            shapes = f"p with batch shape {p.batch_shape} and q with {q.batch_shape}"
            raise ValueError(f"{shapes} do not broadcast") from None
    return Pairs(_expand(p, shape, dtype), _expand(q, shape, dtype), math.prod(shape), shape)


def _expand(packed: Packed, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Native:
    if packed.batch_shape == shape and packed.dtype == dtype:
        return packed.native
    count, triangular, logits, _, *arrays = packed.native
    shared = packed.batch_shape == () and shape != ()
    axes = len(packed.batch_shape)
    weights, mean, scale = (
        None
        if array is None
        else np.ascontiguousarray(
            array if shared else np.broadcast_to(array, (*shape, *array.shape[axes:])), dtype
        )
        for array in arrays
    )
    assert mean is not None
    assert scale is not None
    return count, triangular, logits, shared, weights, mean, scale


def unpack(like: Distribution, packed: Packed, fields: Fields, root: bool = False) -> Distribution:
    """Return gradients as an object of the distribution's class, summed over what it was broadcast to.

    With `root` they are standard errors, whose squares are summed.
    """
    weights, mean, scale = (
        _reduce(array, own, packed, root) for array, own in _pairs(packed, fields)
    )
    assert mean is not None
    assert scale is not None
    if isinstance(like, Normal):
        return Normal._unchecked(mean=mean, std=scale)
    if isinstance(like, MultivariateNormal):
        return MultivariateNormal._unchecked(mean=mean, scale_tril=scale)
    parts: Normal | MultivariateNormal
    if packed.native[1]:
        parts = MultivariateNormal._unchecked(mean=mean, scale_tril=scale)
    else:
        parts = Normal._unchecked(mean=mean, std=scale)
    if packed.native[2]:
        return Mixture._unchecked(weights=None, components=parts, logits=weights)
    return Mixture._unchecked(weights=weights, components=parts, logits=None)


def _pairs(packed: Packed, fields: Fields) -> list[tuple[Array | None, Array | None]]:
    return list(zip(fields, packed.native[4:], strict=True))


def _reduce(array: Array | None, own: Array | None, packed: Packed, root: bool) -> Array | None:
    if array is None or own is None or (array.shape == own.shape and array.dtype == own.dtype):
        return array
    if array.shape != own.shape:
        axes = own.ndim - len(packed.batch_shape)
        batch = array.shape[: array.ndim - axes]
        extra = len(batch) - len(packed.batch_shape)
        summed = [
            k + extra for k, size in enumerate(packed.batch_shape) if size != batch[k + extra]
        ]
        # Pairs of one call see the same random numbers: errors that depend on each other may all add up.
        total = array.sum(axis=(*range(extra), *summed), keepdims=True, dtype=np.float64)
        array = total.reshape(own.shape)
    return array.astype(own.dtype, copy=False)
