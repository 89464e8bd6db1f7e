"""Two matrices of rows, checked, and one call of a pairwise kernel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .. import _validate as validate
from .._array import backend_of_all, namespace, on_device

Array = NDArray[Any]


def matrices(p: Any, q: Any) -> tuple[Array, Array | None]:
    """Return the arguments as two matrices of one type whose rows have one length; q may be None."""
    given = [("p", p)] if q is None else [("p", p), ("q", q)]
    xp = namespace(backend_of_pair(p, q))
    arrays = [(name, validate.as_array(name, value, xp)) for name, value in given]
    for name, array in arrays:
        if array.ndim != 2:
            raise ValueError(f"{name} has shape {array.shape}: expected a matrix, rows by entries")
    first, last = arrays[0][1], arrays[-1][1]
    if first.shape[1] != last.shape[1]:
        shapes = f"p with shape {first.shape} and q with shape {last.shape}"
        raise ValueError(f"{shapes} have rows of different lengths: expected one length")
    dtypes = [validate.compute_dtype(name, array) for name, array in arrays]
    dtype = max(dtypes, key=lambda each: each.itemsize)
    computed = [validate.as_computed(name, array, dtype, xp) for name, array in arrays]
    return computed[0], None if q is None else computed[1]


def backend_of_pair(p: Any, q: Any) -> ModuleType:
    """Return the back end of one or two matrices."""
    return backend_of_all(("p",), (p,)) if q is None else backend_of_all(("p", "q"), (p, q))


def result_memory(out: Any, p: Array, q: Array | None) -> Array:
    """Return the matrix that results are written to."""
    xp = namespace(backend_of_pair(p, q))
    shape = (p.shape[0], (p if q is None else q).shape[0])
    if out is None:
        return xp.empty(shape, p.dtype)  # type: ignore[no-any-return]
    result = validate.output("out", out, shape, p.dtype, xp)
    if not result.flags.c_contiguous:
        raise ValueError("out must be C-contiguous")
    validate.disjoint("out", result, [("p", p)] if q is None else [("p", p), ("q", q)])
    return result


def all_pairs(
    name: str, p: Any, q: Any, base: Any, normalize: Any, out: Any, **options: Any
) -> Array:
    """Return the measure of all pairs of rows, by its kernel."""
    backend = backend_of_pair(p, q)
    given = (p,) if q is None else (p, q)
    with on_device(backend, "pq"[: len(given)], given):
        rows_p, rows_q = matrices(p, q)
        if "weight" in options:
            options["weight"] = validate.weight(options["weight"])
        value = result_memory(out, rows_p, rows_q)
        kernel = getattr(backend, f"pairwise_{name}")
        settings = (validate.base(base), bool(normalize))
        if rows_q is None and options.get("weight") == 0.5 and backend is _native:
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
