"""Arrays of random numbers: each lane fills what its counter gives, numbers of consecutive counters in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ._arrays import is_aligned
from ._kernel import Kernel, Pointer
from .normal import numbers
from .prims import block, device, index_of, lane, store, store_vector

Array = Any
LANES = 256
_NO_BLOCK = np.uint32(0)


@device
def _store_two(out: Any, at: Any, n: Any, values: tuple[Any, ...]) -> None:
    store(out, at, values[0], (at >= 0) & (at < n))
    store(out, at + 1, values[1], (at >= -1) & (at + 1 < n))


@device
def _store_four(out: Any, at: Any, n: Any, values: tuple[Any, ...]) -> None:
    _store_two(out, at, n, (values[0], values[1]))
    _store_two(out, at + 2, n, (values[2], values[3]))


def _make(T: Any, distribution: str, aligned: bool) -> Callable[..., None]:
    draw, count = getattr(numbers(T), distribution), np.int64(numbers(T).per_counter)
    store_each = _store_two if T is np.float64 else _store_four
    every_lane = np.int64(LANES)

    if aligned:

        def fill(out: Any, n: Any, seed: Any, first: Any, stream: Any, skip: Any) -> None:
            counter = block() * every_lane + lane()
            values = draw(index_of(counter) + first, _NO_BLOCK, stream, seed)
            store_vector(out, counter * count, np.int64(0), n, values)

    else:

        def fill(out: Any, n: Any, seed: Any, first: Any, stream: Any, skip: Any) -> None:
            counter = block() * every_lane + lane()
            values = draw(index_of(counter) + first, _NO_BLOCK, stream, seed)
            store_each(out, counter * count - skip, n, values)

    return fill


_FILL = {
    (distribution, T, aligned): Kernel(
        f"random_{distribution}_{np.dtype(T).name}{'' if aligned else '_unaligned'}",
        partial(_make, T, distribution, aligned),
        (Pointer(T), np.int64, np.uint64, np.uint64, np.uint32, np.int64),
        lanes=LANES,
        vector_loads=False,
    )
    for distribution in ("uniform", "normal")
    for T in (np.float32, np.float64)
    for aligned in (True, False)
}


def _fill(distribution: str, seed: int, offset: int, stream: int, out: Array) -> None:
    T, flat = out.dtype.type, out.reshape(-1)
    first, skip = divmod(offset, numbers(T).per_counter)
    counters = -(-(skip + flat.size) // numbers(T).per_counter)
    kernel = _FILL[distribution, T, skip == 0 and is_aligned(out)]
    grid = -(-counters // LANES)
    kernel(grid, flat, flat.size, seed, first, stream, skip)


random_uniform = partial(_fill, "uniform")
random_normal = partial(_fill, "normal")
