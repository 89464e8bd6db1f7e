"""Memory: reads and writes are checked against bounds, alignment and each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import Array, KernelFault, Shared, everywhere, now, on_lanes, require

VECTOR_BYTES = 16


def misalignment(pointer: Any, index: Any) -> Any:
    """Return how many elements an index lies behind a multiple of 16 bytes."""
    address = 0 if isinstance(pointer, Shared) else pointer.ctypes.data
    return (address // pointer.itemsize + index) % (VECTOR_BYTES // pointer.itemsize)


def load(pointer: Any, index: Any, mask: Any, other: Any) -> Array:
    """Return the element at an index where the mask holds, elsewhere `other`."""
    mask = everywhere(mask)
    result = np.full(mask.shape, other, pointer.dtype)
    if isinstance(pointer, Shared):
        result[mask] = pointer.read(pointer.place(index, mask), now().lane[mask])
        return result
    index = on_lanes(index, mask.shape)[mask]
    require((index >= 0) & (index < pointer.size), "memory is read out of bounds")
    result[mask] = pointer[index]
    return result


def store(pointer: Any, index: Any, value: Any, mask: Any) -> None:
    """Write the element at an index where the mask holds."""
    mask = everywhere(mask)
    value = np.asarray(value)
    if value.dtype != pointer.dtype:
        raise KernelFault(f"{value.dtype} is stored as {pointer.dtype}")
    value = on_lanes(value, mask.shape)[mask]
    if isinstance(pointer, Shared):
        pointer.write(pointer.place(index, mask), now().lane[mask], value)
        return
    index = on_lanes(index, mask.shape)[mask]
    require((index >= 0) & (index < pointer.size), "memory is written out of bounds")
    if np.any(index[1:] <= index[:-1]):  # mostly they are in order
        require(len(np.unique(index)) == len(index), "two lanes write one element")
    pointer[index] = value


def _require_aligned(pointer: Any, index: Any, begin: Any, end: Any) -> None:
    """Refuse vectors with an element inside of [begin, end) that are off their alignment; others are not touched."""
    inside = (index + VECTOR_BYTES // pointer.itemsize > begin) & (index < end)
    aligned = misalignment(pointer, everywhere(True) * index) == 0
    require(aligned | ~everywhere(inside), "a vector is not aligned")


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


def shared(count: int, dtype: Any) -> Shared:
    """Return memory that the block's lanes share."""
    now().shared.append(Shared(count, dtype))
    return now().shared[-1]


def dynamic_shared(dtype: Any) -> Shared:
    """Return the shared memory whose size the launch says: one piece, so one call a kernel."""
    require(not now().dynamic, "dynamic shared memory is asked for twice")
    now().dynamic = True
    return shared(now().dynamic_bytes // np.dtype(dtype).itemsize, dtype)
