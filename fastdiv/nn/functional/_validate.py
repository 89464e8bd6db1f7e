"""The arguments of training's functions: brought into a kernel's form, or refused with what came and what is expected.

Matrices are read where they lie if they are C-contiguous and of one type, float32 or float64; others are copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _validate as validate
from ..._array import host_backend_of

Array = NDArray[Any]
Named = tuple[str, Any]

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


def matrices(*named: Named, strided_rows: bool = False) -> tuple[ModuleType, list[Array]]:
    """Return the back end, and matrices of one shape and type whose rows are contiguous.

    The rows themselves may lie apart only if the kernel says so.
    """
    if _are_ready(named):
        return host_backend_of(*named[0]), [value for _, value in named]
    for name, value in named:
        backend = host_backend_of(name, value)
    arrays = [validate.as_array(name, value) for name, value in named]
    shape = arrays[0].shape
    for (name, _), array in zip(named, arrays, strict=True):
        if array.ndim != 2:
            raise ValueError(
                f"{name} has shape {array.shape}: expected two axes, samples and features"
            )
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}: expected {shape}, as {named[0][0]}")
    dtype = widest([name for name, _ in named], arrays)
    fits = _has_contiguous_rows if strided_rows else _is_contiguous
    for k, array in enumerate(arrays):
        if array.dtype is not dtype or not fits(array):
            arrays[k] = np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])
    return backend, arrays


def _are_ready(named: Sequence[Named]) -> bool:
    """Whether nothing is left to do, which small calls should not take long to find out."""
    first = named[0][1]
    if type(first) is not np.ndarray or first.ndim != 2:
        return False
    shape, dtype = first.shape, first.dtype
    if dtype is not _FLOAT32 and dtype is not _FLOAT64:
        return False
    return all(
        type(value) is np.ndarray
        and value.dtype is dtype
        and value.shape == shape
        and _is_contiguous(value)
        for _, value in named
    )


def widest(names: Sequence[str], arrays: Sequence[Array]) -> np.dtype[Any]:
    """Return the type in which all of the arrays are computed."""
    pairs = zip(names, arrays, strict=True)
    kinds = [validate.compute_dtype(name, array) for name, array in pairs]
    return _FLOAT64 if _FLOAT64 in kinds else _FLOAT32


def _is_contiguous(array: Array) -> bool:
    flags = array.flags
    return flags.c_contiguous and flags.aligned


def _has_contiguous_rows(array: Array) -> bool:
    """Whether columns follow each other, and rows start at whole elements."""
    if _is_contiguous(array):
        return True
    rows, columns = array.strides
    return columns == array.itemsize and rows % array.itemsize == 0 and array.flags.aligned


def vector(name: str, value: Any, size: int, dtype: np.dtype[Any], of: str) -> Array:
    """Return one number for each column, contiguous and of the given type."""
    host_backend_of(name, value)
    array = validate.as_array(name, value)
    if array.shape != (size,):
        raise ValueError(f"{name} has shape {array.shape}: expected ({size},), one for each {of}")
    if array.dtype is dtype and _is_contiguous(array):
        return array
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def cotangent(value: Any, rows: int, dtype: np.dtype[Any]) -> Array:
    """Return the factor of all rows' gradients, or one for each row."""
    if type(value) is float:
        return np.array(value, dtype)
    host_backend_of("cotangent", value)
    array = validate.as_computed("cotangent", value, dtype)
    if array.shape not in ((), (rows,)):
        expected = f"a number, or one for each of the {rows} rows"
        raise ValueError(f"cotangent has shape {array.shape}: expected {expected}")
    return array


def result(
    name: str,
    given: Any,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    inputs: Sequence[Named],
    outputs: Sequence[Named] = (),
    *,
    strided_rows: bool = False,
) -> Array:
    """Return a new array, or check one that results go to: an input's own memory, or none of its."""
    if given is None:
        return np.empty(shape, dtype)
    array = validate.output(name, given, shape, dtype)
    if not strided_rows or array.ndim != 2:
        validate.contiguous(name, array)
    elif not _has_contiguous_rows(array):
        raise ValueError(f"{name} has strides {array.strides}: expected contiguous rows")
    elif array.shape[0] > 1 and abs(array.strides[0]) < array.shape[1] * array.itemsize:
        raise ValueError(f"{name} has strides {array.strides}: expected rows that do not overlap")
    for other_name, other in inputs:
        if other is array or not validate.overlap(array, other):
            continue
        if not validate.same_memory(array, other):
            message = f"{name} overlaps {other_name} in memory"
            raise ValueError(f"{message}: expected the same array or one apart from it")
    validate.disjoint(name, array, outputs)
    return array


def choice(name: str, value: Any, options: Sequence[str]) -> int:
    """Return the place of a name in a list."""
    if value not in options:
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name} must be one of {listed}, got {validate.describe(value)}")
    return options.index(value)


def place(seed: Any, offset: Any, stream: Any, size: int) -> tuple[int, int, int]:
    """Return where random numbers start, so that the last one is in the stream too."""
    return (
        validate.integer("seed", seed, 0, 2**64 - 1),
        validate.integer("offset", offset, 0, 2**64 - max(size, 1)),
        validate.integer("stream", stream, 0, 2**32 - 1),
    )


def positive(name: str, value: Any) -> float:
    """Return a positive finite number."""
    number = validate.real(name, value)
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be a positive finite number, got {validate.describe(value)}")
    return number


def not_negative(name: str, value: Any) -> float:
    """Return a finite number, 0 or more."""
    number = validate.real(name, value)
    if not 0 <= number < np.inf:
        raise ValueError(
            f"{name} must be a finite number, 0 or more, got {validate.describe(value)}"
        )
    return number


def fraction(name: str, value: Any) -> float:
    """Return a number between 0 and 1, neither of them."""
    number = validate.real(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {validate.describe(value)}")
    return number


def probability(name: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    number = validate.real(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {validate.describe(value)}")
    return number


def decay(name: str, value: Any) -> float:
    """Return a number from 0 to below 1."""
    number = validate.real(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {validate.describe(value)}")
    return number


def argument(name: str, array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Check an array that is read where it lies."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be an array, got {type(array).__name__}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
    if array.dtype != dtype:
        raise TypeError(f"{name} has dtype {array.dtype}: expected {dtype}")
    if not array.flags.aligned:
        raise ValueError(f"{name} is not aligned in memory: expected an aligned array")
    return validate.contiguous(name, array)
