"""Two matrices of rows, checked, and one call of a pairwise kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _validate as validate
from .._array import backend_of

Array = NDArray[Any]


def matrices(p: Any, q: Any) -> tuple[Array, Array | None]:
    """Return the arguments as two matrices of one type whose rows have one length; q may be None."""
    given = [("p", p)] if q is None else [("p", p), ("q", q)]
    for name, value in given:
        backend_of(name, value)
    arrays = [(name, validate.as_array(name, value)) for name, value in given]
    for name, array in arrays:
        if array.ndim != 2:
            raise ValueError(f"{name} has shape {array.shape}: expected a matrix, rows by entries")
    first, last = arrays[0][1], arrays[-1][1]
    if first.shape[1] != last.shape[1]:
        shapes = f"p with shape {first.shape} and q with shape {last.shape}"
        raise ValueError(f"{shapes} have rows of different lengths: expected one length")
    dtypes = [validate.compute_dtype(name, array) for name, array in arrays]
    dtype = max(dtypes, key=lambda each: each.itemsize)
    computed = [validate.as_computed(name, array, dtype) for name, array in arrays]
    return computed[0], None if q is None else computed[1]


def result_memory(out: Any, p: Array, q: Array | None) -> Array:
    """Return the matrix that results are written to."""
    shape = (p.shape[0], (p if q is None else q).shape[0])
    if out is None:
        return np.empty(shape, p.dtype)
    result = validate.output("out", out, shape, p.dtype)
    if not result.flags.c_contiguous:
        raise ValueError("out must be C-contiguous")
    validate.disjoint("out", result, [("p", p)] if q is None else [("p", p), ("q", q)])
    return result


def all_pairs(
    name: str, p: Any, q: Any, base: Any, normalize: Any, out: Any, **options: Any
) -> Array:
    """Return the measure of all pairs of rows, by its kernel."""
    backend = backend_of("p", p)
    rows_p, rows_q = matrices(p, q)
    if "weight" in options:
        options["weight"] = validate.weight(options["weight"])
    value = result_memory(out, rows_p, rows_q)
    kernel = getattr(backend, f"pairwise_{name}")
    settings = (validate.base(base), bool(normalize))
    if rows_q is None and options.get("weight") == 0.5:
        return _mirrored(kernel, rows_p, value, settings)
    kernel(rows_p, rows_p if rows_q is None else rows_q, value, *settings, **options)
    return value


def _mirrored(kernel: Any, p: Array, value: Array, settings: tuple[float, bool]) -> Array:
    """Fill a symmetric matrix from the pairs i < j."""
    rows = p.shape[0]
    pairs = np.empty(rows * (rows - 1) // 2, p.dtype)
    kernel(p, None, pairs, *settings)
    start = 0
    for i in range(rows):
        stop = start + rows - 1 - i
        value[i, i + 1 :] = value[i + 1 :, i] = pairs[start:stop]
        # 0, or NaN in a row that is no distribution
        kernel(p[i : i + 1], p[i : i + 1], value[i : i + 1, i : i + 1], *settings)
        start = stop
    return value
