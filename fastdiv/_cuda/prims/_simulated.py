"""What kernels call, on NumPy arrays: a value is an array over the lanes of many blocks at once.

A statement of a kernel then runs for thousands of lanes. It finds what hardware would not tell: reads and writes
out of bounds, vectors off their alignment, values of the wrong type, shared memory read before it was written or
without a barrier between two lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import llvmlite.ir
import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

WARP = 32
VECTOR_BYTES = 16


class KernelFault(AssertionError):
    """A kernel did what hardware would punish, or not notice."""


def _require(condition: Any, message: str) -> None:
    if not np.all(condition):
        raise KernelFault(message)


class _Blocks:
    """The blocks that run together: their numbers, and their shared memory."""

    def __init__(self, first: int, count: int, lanes: int, dynamic_bytes: int) -> None:
        self.count, self.lanes, self.dynamic_bytes = count, lanes, dynamic_bytes
        self.lane = np.tile(np.arange(lanes, dtype=np.int64), count)
        self.block = np.repeat(np.arange(first, first + count, dtype=np.int64), lanes)
        self.position = np.repeat(np.arange(count, dtype=np.int64), lanes)
        self.shared: list[_Shared] = []
        self.dynamic = False


_NOBODY, _SEVERAL = -1, -2


class _Shared:
    """Shared memory of each block, with what was done to each word since the last barrier."""

    def __init__(self, count: int, dtype: Any) -> None:
        self.count = count
        self.words = np.zeros(_now().count * count, dtype)
        self.written = np.zeros(self.words.size, bool)
        self.writer = np.full(self.words.size, _NOBODY)
        self.reader = np.full(self.words.size, _NOBODY)

    @property
    def dtype(self) -> Any:
        return self.words.dtype

    @property
    def itemsize(self) -> int:
        return self.words.itemsize

    def place(self, index: Any, mask: Array) -> Array:
        index = np.broadcast_to(index, mask.shape)
        _require((index[mask] >= 0) & (index[mask] < self.count), "shared memory: out of bounds")
        return (_now().position * self.count + index)[mask]

    def read(self, place: Array, lanes: Array) -> Array:
        _require(self.written[place], "shared memory is read before it was written")
        other = (self.writer[place] != _NOBODY) & (self.writer[place] != lanes)
        _require(~other, "no barrier between a write to shared memory and a read by another lane")
        known = self.reader[place]
        self.reader[place] = np.where((known == _NOBODY) | (known == lanes), lanes, _SEVERAL)
        for at in (place,):  # two lanes may have read the same word in this very step
            seen, counts = np.unique(at, return_counts=True)
            self.reader[seen[counts > 1]] = _SEVERAL
        return self.words[place]

    def write(self, place: Array, lanes: Array, values: Array) -> None:
        _require(len(np.unique(place)) == len(place), "two lanes write one word of shared memory")
        for done, what in ((self.writer, "write"), (self.reader, "read")):
            other = (done[place] != _NOBODY) & (done[place] != lanes)
            _require(
                ~other, f"no barrier between a {what} of shared memory and a write by another lane"
            )
        self.words[place], self.written[place], self.writer[place] = values, True, lanes

    def settle(self) -> None:
        self.writer[:] = _NOBODY
        self.reader[:] = _NOBODY


_blocks: list[_Blocks] = []


def _now() -> _Blocks:
    return _blocks[-1]


def run(
    function: Callable[..., None], grid: int, lanes: int, dynamic_bytes: int, arguments: Any
) -> None:
    """Run a kernel: as many of its blocks together as make good arrays."""
    together = max(1, 65536 // lanes)
    for first in range(0, grid, together):
        _blocks.append(_Blocks(first, min(together, grid - first), lanes, dynamic_bytes))
        try:
            with np.errstate(all="ignore"):
                function(*arguments)
        finally:
            _blocks.pop()


def device(function: Function) -> Function:
    """Mark a function that kernels call."""
    return function


def lane() -> Array:
    """Return the lane within its block."""
    return _now().lane


def block() -> Array:
    """Return the number of the lane's block."""
    return _now().block


def _everywhere(mask: Any) -> Array:
    return np.broadcast_to(np.asarray(mask, bool), _now().lane.shape)


# Memory


def misalignment(pointer: Any, index: Any) -> Any:
    """Return how many elements an index lies behind a multiple of 16 bytes."""
    address = 0 if isinstance(pointer, _Shared) else pointer.ctypes.data
    return (address // pointer.itemsize + index) % (VECTOR_BYTES // pointer.itemsize)


def load(pointer: Any, index: Any, mask: Any, other: Any) -> Array:
    """Return the element at an index where the mask holds, elsewhere `other`."""
    mask = _everywhere(mask)
    result = np.full(mask.shape, other, pointer.dtype)
    if isinstance(pointer, _Shared):
        result[mask] = pointer.read(pointer.place(index, mask), _now().lane[mask])
        return result
    index = np.broadcast_to(index, mask.shape)[mask]
    _require((index >= 0) & (index < pointer.size), "memory is read out of bounds")
    result[mask] = pointer[index]
    return result


def store(pointer: Any, index: Any, value: Any, mask: Any) -> None:
    """Write the element at an index where the mask holds."""
    mask = _everywhere(mask)
    value = np.asarray(value)
    _require(value.dtype == pointer.dtype, f"{value.dtype} is stored as {pointer.dtype}")
    value = np.broadcast_to(value, mask.shape)[mask]
    if isinstance(pointer, _Shared):
        pointer.write(pointer.place(index, mask), _now().lane[mask], value)
        return
    index = np.broadcast_to(index, mask.shape)[mask]
    _require((index >= 0) & (index < pointer.size), "memory is written out of bounds")
    _require(len(np.unique(index)) == len(index), "two lanes write one element")
    pointer[index] = value


def _require_aligned(pointer: Any, index: Any, begin: Any, end: Any) -> None:
    """Refuse vectors with an element inside of [begin, end) that are off their alignment; others are not touched."""
    inside = (index + VECTOR_BYTES // pointer.itemsize > begin) & (index < end)
    aligned = misalignment(pointer, _everywhere(True) * index) == 0
    _require(aligned | ~_everywhere(inside), "a vector is not aligned")


def load_vector(pointer: Any, index: Any, begin: Any, end: Any, other: Any) -> tuple[Array, ...]:
    """Return the elements of 16 aligned bytes from an index on; outside of [begin, end) they are `other`."""
    _require_aligned(pointer, index, begin, end)
    count = VECTOR_BYTES // pointer.itemsize
    places = [index + k for k in range(count)]
    return tuple(load(pointer, at, (begin <= at) & (at < end), other) for at in places)


def store_vector(pointer: Any, index: Any, begin: Any, end: Any, values: tuple[Any, ...]) -> None:
    """Write the elements of 16 aligned bytes from an index on that lie in [begin, end)."""
    _require_aligned(pointer, index, begin, end)
    for k, value in enumerate(values):
        store(pointer, index + k, value, (begin <= index + k) & (index + k < end))


def shared(count: int, dtype: Any) -> _Shared:
    """Return memory that the block's lanes share."""
    _now().shared.append(_Shared(count, dtype))
    return _now().shared[-1]


def dynamic_shared(dtype: Any) -> _Shared:
    """Return the shared memory whose size the launch says: one piece, so one call a kernel."""
    _require(not _now().dynamic, "dynamic shared memory is asked for twice")
    _now().dynamic = True
    return shared(_now().dynamic_bytes // np.dtype(dtype).itemsize, dtype)


def barrier() -> None:
    """Wait for the block's other lanes."""
    for each in _now().shared:
        each.settle()


def shuffle_xor(x: Any, distance: int) -> Array:
    """Return what the lane whose number differs in these bits has."""
    assert 0 < distance < WARP
    x = np.broadcast_to(x, _now().lane.shape)
    return x[np.arange(x.size) ^ distance]


def in_first_warp() -> bool:
    """Whether the lane is in its block's first warp: what is done there reaches others by shared memory alone.

    Simulated, all lanes do it; a barrier in it would not be noticed here.
    """
    return True


def any_lane(mask: Any) -> bool:
    """Whether the mask holds in the lane's warp, at least; no barrier may depend on it."""
    return bool(np.any(mask))


# Numbers


@intrinsic
def _fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(
        context: Any, builder: llvmlite.ir.IRBuilder, signature: Any, arguments: Any
    ) -> Any:
        return builder.fma(*arguments)

    return a(a, a, a), generate


@numba.vectorize(["float32(float32,float32,float32)", "float64(float64,float64,float64)"])
def _fma(a: Any, b: Any, c: Any) -> Any:
    return _fused(a, b, c)


def _alike(*values: Any) -> None:
    kinds = {np.asarray(value).dtype for value in values}
    if len(kinds) > 1:
        raise KernelFault(f"one operation on {' and '.join(map(str, kinds))}")


def fma(a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once."""
    _alike(a, b, c)
    return _fma(a, b, c)


def divide(a: Any, b: Any) -> Any:
    """Return a / b, correctly rounded."""
    _alike(a, b)
    return np.divide(a, b)


def square_root(x: Any) -> Any:
    """Return the correctly rounded square root."""
    return np.sqrt(x)


def select(mask: Any, a: Any, b: Any) -> Any:
    """Return a where the mask holds, elsewhere b."""
    _alike(a, b)
    return np.where(mask, a, b)


def at_least(x: Any, least: Any) -> Any:
    """Return the larger number; NaN in x stays."""
    return select(x < least, least, x)


def at_most(x: Any, most: Any) -> Any:
    """Return the smaller number; NaN in x stays."""
    return select(x > most, most, x)


def largest(a: Any, b: Any) -> Any:
    """Return the larger number; NaN if either is."""
    _alike(a, b)
    return np.maximum(a, b)


def absolute(x: Any) -> Any:
    """Return a number without its sign."""
    return np.abs(x)


_WORDS = {4: np.uint32, 8: np.uint64}


def as_bits(x: Any) -> Any:
    """Return the bits of a number as an unsigned word of its width."""
    x = np.asarray(x)
    return x.view(_WORDS[x.itemsize])


def as_float(x: Any) -> Any:
    """Return the number that has these bits."""
    x = np.asarray(x)
    return x.view({4: np.float32, 8: np.float64}[x.itemsize])


def widen_bfloat16(x: Any) -> Any:
    """Return a bfloat16, given as 16 bits, as float32."""
    return as_float(np.asarray(x).astype(np.uint32) << np.uint32(16))


def narrow_bfloat16(x: Any) -> Any:
    """Return a float32 rounded to bfloat16, as 16 bits."""
    bits = as_bits(x)
    even = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    word = np.where(np.isnan(x), (bits >> np.uint32(16)) | np.uint32(0x40), even >> np.uint32(16))
    return word.astype(np.uint16)


def widen_half(x: Any) -> Any:
    """Return a float16, given as 16 bits, as float32."""
    return np.asarray(x).view(np.float16).astype(np.float32)


def narrow_half(x: Any) -> Any:
    """Return a float32 rounded to float16, as 16 bits."""
    return np.asarray(x).astype(np.float16).view(np.uint16)


_SMALLEST_NORMAL = np.finfo(np.float32).tiny


def _roughly(x: Any, function: Callable[[Any], Any], units: int) -> Any:
    """Return a function's value, some units in the last place off; subnormal numbers are 0 on either side."""
    _alike(x, np.float32(0))
    x = np.asarray(x)
    bits = as_bits(x).astype(np.uint64)
    value = function(np.where(np.abs(x) < _SMALLEST_NORMAL, np.copysign(np.float32(0), x), x))
    noise = (bits * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(2 * units + 1)
    unit = np.spacing(np.where(np.isfinite(value), value, 0)) * np.isfinite(value)
    value = value + (noise.astype(np.float32) - units) * unit
    tiny = np.abs(value) < _SMALLEST_NORMAL
    return np.where(tiny, np.copysign(np.float32(0), value), value).astype(np.float32)


def exp2_approximate(x: Any) -> Any:
    """Return 2^x to about 2 units in the last place; float32 alone."""
    return _roughly(x, np.exp2, 1)


def log2_approximate(x: Any) -> Any:
    """Return the logarithm, its error absolute near 1; float32 alone."""
    return _roughly(x, np.log2, 1)


def reciprocal_approximate(x: Any) -> Any:
    """Return 1 / x to about 1 unit in the last place; float32 alone."""
    return _roughly(x, np.reciprocal, 1)


# Words


def low_word(x: Any) -> Any:
    """Return the 32 lowest bits."""
    return np.asarray(x).astype(np.uint32)


def multiply_words(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the product of two 32-bit words: its high word and its low one."""
    product = np.asarray(a).astype(np.uint64) * np.asarray(b).astype(np.uint64)
    return low_word(product >> np.uint64(32)), low_word(product)


def join_words(low: Any, high: Any) -> Any:
    """Return the 64 bits that two words make."""
    return np.asarray(low).astype(np.uint64) | (np.asarray(high).astype(np.uint64) << np.uint64(32))


def index_of(x: Any) -> Any:
    """Return a non-negative number as an unsigned word of 64 bits."""
    return np.asarray(x).astype(np.uint64)
