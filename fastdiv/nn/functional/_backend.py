"""Where a call computes, and its arrays: brought into a kernel's form, or refused with what came and what is expected.

Matrices are read where they lie if they are C-contiguous and of one type, float32 or float64; others are copied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _validate as validate
from ..._array import backend_of, backend_of_all, namespace, on_device

Array = NDArray[Any]
Named = tuple[str, Any]

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_NO_DEVICE = contextlib.nullcontext()


class Backend:
    """The kernels of one call, and the arrays they take: NumPy's, or those of one GPU."""

    def __init__(self, kernels: ModuleType, *named: Named) -> None:
        self.kernels, self.first = kernels, named[0]
        self.xp = namespace(kernels)
        self.device: Any = _NO_DEVICE
        if self.xp is not np:
            self.device = on_device(kernels, *zip(*named, strict=True))

    def run(self, kernel: str, *arguments: Any) -> Any:
        """Call a kernel by name."""
        if self.device is _NO_DEVICE:
            return getattr(self.kernels, kernel)(*arguments)
        with self.device:
            return getattr(self.kernels, kernel)(*arguments)

    def require_here(self, name: str, value: Any) -> None:
        """Refuse an array that is elsewhere than the first argument."""
        here = type(value) is self.xp.ndarray
        if here and self.xp is np:
            return
        names, values = (self.first[0], name), (self.first[1], value)
        if not here:
            here = backend_of_all(names[::-1], values[::-1]) is self.kernels
        if here and self.xp is not np:
            on_device(self.kernels, names, values)

    def as_matrices(self, named: Sequence[Named], strided_rows: bool) -> list[Array]:
        """Return matrices of one shape and type whose rows are contiguous."""
        with self.device:
            arrays = [validate.as_array(name, value, self.xp) for name, value in named]
        shape = arrays[0].shape
        for (name, _), array in zip(named, arrays, strict=True):
            if array.ndim != 2:
                raise ValueError(
                    f"{name} has shape {array.shape}: expected two axes, samples and features"
                )
            if array.shape != shape:
                raise ValueError(
                    f"{name} has shape {array.shape}: expected {shape}, as {named[0][0]}"
                )
        dtype = _widest([name for name, _ in named], arrays)
        fits = _has_contiguous_rows if strided_rows else _is_contiguous
        for k, array in enumerate(arrays):
            if array.dtype != dtype or not fits(array):
                arrays[k] = self.compact(array, dtype)
        return arrays

    def compact(self, array: Array, dtype: np.dtype[Any]) -> Array:
        """Return a C-contiguous aligned copy of a type."""
        with self.device:
            copy: Array = self.xp.ascontiguousarray(validate.as_aligned(array, dtype))
        return copy

    def vector(self, name: str, value: Any, size: int, dtype: np.dtype[Any], of: str) -> Array:
        """Return one number for each column, contiguous and of the given type."""
        self.require_here(name, value)
        with self.device:
            array = validate.as_array(name, value, self.xp)
        if array.shape != (size,):
            raise ValueError(
                f"{name} has shape {array.shape}: expected ({size},), one for each {of}"
            )
        if array.dtype == dtype and _is_contiguous(array):
            return array
        return self.compact(array, dtype)

    def cotangent(self, value: Any, rows: int, dtype: np.dtype[Any]) -> Array:
        """Return the factor of all rows' gradients, or one for each row; a number stays in host memory."""
        if type(value) is float:
            return np.array(value, dtype)
        on_host = not hasattr(value, "__cuda_array_interface__") and np.ndim(value) == 0
        if not on_host:
            self.require_here("cotangent", value)
        with self.device:
            array = validate.as_computed("cotangent", value, dtype, np if on_host else self.xp)
        if array.shape not in ((), (rows,)):
            expected = f"a number, or one for each of the {rows} rows"
            raise ValueError(f"cotangent has shape {array.shape}: expected {expected}")
        return array

    def result(
        self,
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
            with self.device:
                new: Array = self.xp.empty(shape, dtype)
            return new
        array = validate.output(name, given, shape, dtype, self.xp)
        self.require_here(name, array)
        if not strided_rows or array.ndim != 2:
            validate.contiguous(name, array)
        elif not _has_contiguous_rows(array):
            raise ValueError(f"{name} has strides {array.strides}: expected contiguous rows")
        elif array.shape[0] > 1 and abs(array.strides[0]) < array.shape[1] * array.itemsize:
            raise ValueError(
                f"{name} has strides {array.strides}: expected rows that do not overlap"
            )
        for other_name, other in inputs:
            if other is array or not validate.overlap(array, other):
                continue
            if not validate.same_memory(array, other):
                message = f"{name} overlaps {other_name} in memory"
                raise ValueError(f"{message}: expected the same array or one apart from it")
        # a number in host memory is apart from all that is on a GPU
        apart = self.xp is not np
        others = [pair for pair in outputs if type(pair[1]) is not np.ndarray] if apart else outputs
        validate.disjoint(name, array, others)
        return array

    def argument(
        self, name: str, array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> Array:
        """Check an array that is read where it lies."""
        if not isinstance(array, self.xp.ndarray):
            backend_of(name, array)  # a tensor's error says more
            raise TypeError(f"{name} must be an array, got {type(array).__name__}")
        self.require_here(name, array)
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
        if array.dtype != dtype:
            raise TypeError(f"{name} has dtype {array.dtype}: expected {dtype}")
        if not validate.is_aligned(array):
            raise ValueError(f"{name} is not aligned in memory: expected an aligned array")
        return validate.contiguous(name, array)


def matrices(*named: Named, strided_rows: bool = False) -> tuple[Backend, list[Array]]:
    """Return where to compute, and matrices of one shape and type whose rows are contiguous.

    The rows themselves may lie apart only if the kernel says so.
    """
    if _are_ready(named, np.ndarray):
        return Backend(backend_of(*named[0]), *named), [value for _, value in named]
    backend = Backend(backend_of_all(*zip(*named, strict=True)), *named)
    if backend.xp is not np and _are_ready(named, backend.xp.ndarray):
        return backend, [value for _, value in named]
    return backend, backend.as_matrices(named, strided_rows)


def _are_ready(named: Sequence[Named], kind: Any) -> bool:
    """Whether nothing is left to do, which small calls should not take long to find out."""
    first: Any = named[0][1]
    if type(first) is not kind or first.ndim != 2:
        return False
    shape, dtype = first.shape, first.dtype
    if dtype is not _FLOAT32 and dtype is not _FLOAT64:
        return False
    return all(
        type(value) is kind
        and value.dtype is dtype
        and value.shape == shape
        and _is_contiguous(value)
        for _, value in named
    )


def _widest(names: Sequence[str], arrays: Sequence[Array]) -> np.dtype[Any]:
    """Return the type in which all of the arrays are computed."""
    pairs = zip(names, arrays, strict=True)
    kinds = [validate.compute_dtype(name, array) for name, array in pairs]
    return _FLOAT64 if _FLOAT64 in kinds else _FLOAT32


def _is_contiguous(array: Array) -> bool:
    flags = array.flags
    if type(array) is np.ndarray:
        return flags.c_contiguous and flags.aligned
    return flags.c_contiguous and validate.is_aligned(array)


def _has_contiguous_rows(array: Array) -> bool:
    """Whether columns follow each other, and rows start at whole elements."""
    if _is_contiguous(array):
        return True
    rows, columns = array.strides
    itemsize = array.itemsize
    return columns == itemsize and rows % itemsize == 0 and validate.is_aligned(array)
