"""What `cdist` and `pdist` share: which calls are computed here, and their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import _native
from .... import _validate as validate
from ._jensenshannon import jensenshannon

Array = NDArray[Any]

_NAMES = ("jensenshannon", "js")


def is_native(metric: Any, options: dict[str, Any]) -> bool:
    """Whether the metric is the Jensen-Shannon distance, with no option but the base."""
    named = isinstance(metric, str) and metric.lower() in _NAMES
    known = all(name == "base" or (name == "w" and options[name] is None) for name in options)
    return (named or metric is jensenshannon) and known


def matrix(name: str, value: Any) -> Array:
    """Return a matrix of float64, copied only if it must be."""
    array = np.asarray(value)
    if array.ndim != 2:
        raise ValueError(f"{name} must be a 2-dimensional array, got one of shape {array.shape}")
    return np.require(array, np.float64, "A")


def distances(p: Array, q: Array | None, shape: tuple[int, ...], out: Any, base: Any) -> Array:
    """Return the distances of all pairs of rows; without q of the pairs i < j of p's own."""
    divisor = validate.base(base)
    value = np.empty(shape) if out is None else _output(out, shape)
    _native.pairwise_js_distance(p, q, value, divisor, True)
    undefined = np.isnan(value)
    if undefined.any():
        value[undefined] = _one_by_one(p, q, undefined, base)
    return value


def _one_by_one(p: Array, q: Array | None, wanted: Array, base: Any) -> Array:
    """Return `jensenshannon` of the wanted pairs: it has SciPy's special values."""
    if q is None:
        first, second = (index[wanted] for index in np.triu_indices(len(p), 1))
        q = p
    else:
        first, second = np.nonzero(wanted)
    step = max(1, 2**20 // max(1, p.shape[1]))  # pairs at a time: a few MiB
    parts = [
        jensenshannon(p[first[k : k + step]], q[second[k : k + step]], base, axis=1)
        for k in range(0, len(first), step)
    ]
    return np.concatenate(parts)


def _output(out: Any, shape: tuple[int, ...]) -> Array:
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}: expected {shape}")
    if out.dtype != np.float64:
        raise ValueError(f"out has dtype {out.dtype}: expected float64")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError("out must be C-contiguous, aligned and writeable")
    result: Array = out
    return result
