"""Every error that a caller can cause. Each message names the argument, what came and what is expected."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_SMALLEST_NORMAL = float(np.finfo(np.float64).smallest_normal)


def describe(value: Any) -> str:
    """Name a wrong value in a line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_array(name: str, value: Any, xp: Any = np) -> Array:
    """Return the value as an array of real numbers of a namespace, not copied if it is one."""
    if xp is not np:
        return _as_device_array(name, value, xp)
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: expected a plain array; fill or compress it")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None
    if array.dtype.hasobject and array.ndim == 0:
        raise TypeError(f"{name} must be an array or a list of numbers, got {describe(value)}")
    compute_dtype(name, array)
    return array


def _as_device_array(name: str, value: Any, xp: Any) -> Array:
    """Return the value as an array in GPU memory; one in host memory is not moved there silently."""
    array: Array
    if isinstance(value, xp.ndarray):
        array = value
        compute_dtype(name, array)
        return array
    if isinstance(value, np.ndarray) and value.ndim > 0:
        message = f"{name} is in host memory ({type(value).__module__}.{type(value).__qualname__})"
        raise TypeError(f"{message}: expected a {xp.__name__} array, as the other arguments are")
    if not hasattr(value, "__cuda_array_interface__"):
        value = as_array(name, value)  # a list or a number
        compute_dtype(name, value)
    array = xp.asarray(value)
    compute_dtype(name, array)
    return array


def compute_dtype(name: str, array: Array) -> np.dtype[Any]:
    """Return the type in which an array is computed: float32 or float64."""
    dtype = array.dtype
    if dtype.char in "fd":
        return _FLOAT32 if dtype.char == "f" else _FLOAT64
    if dtype.kind in "biu":
        return _FLOAT64
    if dtype.char == "e" or dtype.name == "bfloat16":
        return _FLOAT32
    hint = _objects(array) if dtype.hasobject else ""
    expected = "float16, bfloat16, float32, float64, integers or bool"
    raise TypeError(f"{name} has dtype {dtype}: expected {expected}{hint}")


def _objects(array: Array) -> str:
    """Say what made an array one of Python objects."""
    entries = list(array.flat)
    if any(isinstance(entry, (list, tuple, np.ndarray)) for entry in entries):
        return "; a list of rows of different lengths?"
    strange = [entry for entry in entries if not isinstance(entry, (int, float))]
    return "".join(f"; it holds {describe(entry)}" for entry in (strange or entries)[:1])


def as_computed(name: str, value: Any, dtype: np.dtype[Any], xp: Any = np) -> Array:
    """Return the value as an aligned native array of the given type, copied only if it must be."""
    return as_aligned(as_array(name, value, xp), dtype)


def as_aligned(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return the array as an aligned native one of the given type, copied only if it must be."""
    if array.dtype != dtype or not is_aligned(array):
        array = array.astype(dtype)
    return array


def is_aligned(array: Array) -> bool:
    """Whether elements lie at multiples of their size."""
    if isinstance(array, np.ndarray):
        return array.flags.aligned
    size = array.itemsize
    return array.data.ptr % size == 0 and all(stride % size == 0 for stride in array.strides)


def broadcast(names: Sequence[str], arrays: Sequence[Array], xp: Any = np) -> list[Array]:
    """Broadcast arrays against each other, as views."""
    try:
        return list(xp.broadcast_arrays(*arrays))
    except ValueError:
        pairs = zip(names, arrays, strict=True)
        shapes = " and ".join(f"{name} with shape {array.shape}" for name, array in pairs)
        raise ValueError(f"{shapes} do not broadcast") from None


def axes(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Return axis numbers, counted from the front, of an int, a tuple of ints or None (all axes)."""
    if value is None:
        return tuple(range(ndim))
    values = value if isinstance(value, (tuple, list)) else (value,)
    for axis in values:
        if isinstance(axis, bool) or not isinstance(axis, numbers.Integral):
            raise TypeError(f"{name} must be an int or a tuple of ints, got {describe(value)}")
        if not -ndim <= int(axis) < ndim:
            raise ValueError(
                f"{name} is {describe(value)}: out of range for an array of {ndim} axes"
            )
    result = tuple(int(axis) % ndim for axis in values)
    if len(set(result)) != len(result):
        raise ValueError(f"{name} must not name an axis twice, got {describe(value)}")
    if not result:
        raise ValueError(f"{name} must name at least one axis, got {describe(value)}")
    return result


def joint_axes(name: str, value: Any, ndim: int) -> tuple[int, int]:
    """Return the two axes of a joint table."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f"axes must be two axes, (x, y), got {describe(value)}")
    if ndim < 2:
        raise ValueError(
            f"{name} must be a joint table with at least 2 axes, got an array with {ndim}"
        )
    first, second = axes("axes", value, ndim)
    return first, second


def given_position(value: Any, table_axes: tuple[int, int], ndim: int) -> int:
    """Return -2 or -1: which of the table's two axes is conditioned on."""
    axis = axes("given", value, ndim)
    if len(axis) != 1 or axis[0] not in table_axes:
        raise ValueError(f"given must be one of the two axes of the table, got {describe(value)}")
    return -2 if axis[0] == table_axes[0] else -1


def base(value: Any) -> float:
    """Return the logarithm's base as the kernels take it: 0 stands for the natural logarithm."""
    if value is None:
        return 0.0
    number = real("base", value)
    if not (0 < number < math.inf) or number == 1:
        expected = "a positive number other than 1, or None for nats"
        raise ValueError(f"base must be {expected}, got {describe(value)}")
    return number


def temperature(value: Any) -> float:
    """Return the number that logits are divided by; a subnormal one has lost digits."""
    try:
        number = real("temperature", value)
    except TypeError as error:
        if not (isinstance(value, (list, tuple)) or hasattr(value, "shape")):
            raise
        hint = "where rows have their own, or it is learned, divide the logits: x / temperature"
        raise TypeError(f"{error}; {hint}") from None
    if not _SMALLEST_NORMAL <= number < math.inf:
        expected = f"a positive finite number of at least {_SMALLEST_NORMAL:.8g}"
        raise ValueError(f"temperature must be {expected}, got {describe(value)}")
    return number


def weight(value: Any) -> float:
    """Return a mixture's weight."""
    number = real("weight", value)
    if not 0 <= number <= 1:
        raise ValueError(f"weight must lie in [0, 1], got {describe(value)}")
    return number


def real(name: str, value: Any) -> float:
    """Return a real number."""
    if type(value) is float:
        return value
    scalar = isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"
    if isinstance(value, bool) or not (isinstance(value, numbers.Real) or scalar):
        raise TypeError(f"{name} must be a real number, got {describe(value)}")
    return float(value)


def _is_integer(value: Any) -> bool:
    """Whether a value is an int; numbers.Integral takes its time to tell."""
    return type(value) is int or (
        isinstance(value, numbers.Integral) and not isinstance(value, bool)
    )


def integer(name: str, value: Any, least: int, most: int) -> int:
    """Return an int within bounds."""
    if not _is_integer(value):
        raise TypeError(f"{name} must be an int, got {describe(value)}")
    if not least <= int(value) <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, got {describe(value)}")
    return int(value)


def shape(value: Any) -> tuple[int, ...]:
    """Return the shape of a new array, of an int or a sequence of ints."""
    sizes = value if isinstance(value, (tuple, list)) else (value,)
    for size in sizes:
        if not _is_integer(size):
            raise TypeError(f"shape must be an int or a tuple of ints, got {describe(value)}")
        if size < 0:
            raise ValueError(f"shape must have sizes of 0 or more, got {describe(value)}")
    return tuple(map(int, sizes))


def floating(value: Any) -> np.dtype[Any]:
    """Return the type of a new array: float32 or float64."""
    try:
        # NumPy would take None for float64
        dtype: np.dtype[Any] = np.dtype(object if value is None else value)
    except TypeError:
        dtype = np.dtype(object)
    if dtype not in (_FLOAT32, _FLOAT64):
        raise TypeError(f"dtype must be float32 or float64, got {describe(value)}")
    return dtype


def device(value: Any) -> str:
    """Return where to compute, by name."""
    if not isinstance(value, str):
        raise TypeError(f"device must be 'cpu' or 'cuda', got {describe(value)}")
    if value not in ("cpu", "cuda"):
        hint = (
            "; `with cupy.cuda.Device(1):` chooses one of several GPUs" if "cuda" in value else ""
        )
        raise ValueError(f"device must be 'cpu' or 'cuda', got {describe(value)}{hint}")
    return value


def output(
    name: str, array: Any, shape: tuple[int, ...], dtype: np.dtype[Any], xp: Any = np
) -> Array:
    """Check an array that results are written to."""
    if not isinstance(array, xp.ndarray):
        where = "" if xp is np else f" of {xp.__name__}, as the arguments are"
        came = (
            type(array).__name__ if xp is np else f"{type(array).__module__}.{type(array).__name__}"
        )
        raise TypeError(f"{name} must be an array{where}, got {came}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
    if array.dtype != dtype:
        raise TypeError(f"{name} has dtype {array.dtype}: expected {dtype}")
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        raise ValueError(f"{name} is read-only: expected an array that can be written to")
    if not is_aligned(array):
        raise ValueError(f"{name} is not aligned in memory: expected an aligned array")
    result: Array = array
    return result


def contiguous(name: str, array: Array) -> Array:
    """Refuse an output with gaps between its elements."""
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} has strides {array.strides}: expected a C-contiguous array")
    return array


def _layout(array: Any) -> Array:
    """Return an array for its address, shape and strides: one in GPU memory as a stand-in that nobody may read."""
    if isinstance(array, np.ndarray):
        return array
    stand_in = type("StandIn", (), {})()
    stand_in.__array_interface__ = {
        "version": 3,
        "data": (array.data.ptr or 64, False),
        "typestr": f"|V{array.itemsize}",
        "shape": array.shape,
        "strides": array.strides,
    }
    kinds = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}
    layout: Array = np.asarray(stand_in).view(kinds.get(array.itemsize, f"V{array.itemsize}"))
    return layout


def may_share_memory(a: Array, b: Array) -> bool:
    """Whether the memory between two arrays' first and last elements overlaps."""
    return np.may_share_memory(_layout(a), _layout(b))


def overlap(a: Array, b: Array) -> bool:
    """Whether two arrays may share an element; when in doubt, yes."""
    if _lie_apart(a, b):
        return False
    a, b = _layout(a), _layout(b)
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=100_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def _lie_apart(a: Any, b: Any) -> bool:
    """Whether C-contiguous arrays in GPU memory lie apart, which takes no time to tell."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return False
    if not (a.flags.c_contiguous and b.flags.c_contiguous):
        return False
    first, second = a.data.ptr, b.data.ptr
    apart: bool = first + a.size * a.itemsize <= second or second + b.size * b.itemsize <= first
    return apart


def same_memory(a: Array, b: Array) -> bool:
    """Whether two arrays are the same view of the same memory."""
    first, second = _layout(a), _layout(b)
    return (
        first.__array_interface__["data"] == second.__array_interface__["data"]
        and a.shape == b.shape
        and a.strides == b.strides
        and a.dtype == b.dtype
    )


def disjoint(name: str, array: Array, others: Sequence[tuple[str, Array]]) -> None:
    """Refuse an output that overlaps another array."""
    for other_name, other in others:
        if overlap(array, other):
            raise ValueError(f"{name} overlaps {other_name} in memory: expected separate arrays")


def argnums(value: Any, count: int) -> tuple[int, ...]:
    """Return argument positions of an int or a tuple of ints."""
    values = value if isinstance(value, tuple) else (value,)
    for number in values:
        if isinstance(number, bool) or not isinstance(number, numbers.Integral):
            hint = f": write {describe(tuple(value))}" if isinstance(value, list) else ""
            expected = "an int or a tuple of ints"
            raise TypeError(f"argnums must be {expected}, got {describe(value)}{hint}")
        if not 0 <= int(number) < count:
            raise ValueError(
                f"argnums is {describe(value)}: expected positions from 0 to {count - 1}"
            )
    if not values or len(set(values)) != len(values):
        raise ValueError(f"argnums must name each argument once, got {describe(value)}")
    return tuple(int(number) for number in values)
