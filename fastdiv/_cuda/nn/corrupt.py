"""Data with noise.

mask: 0 where u < level, else x.   gaussian: x + level xi.
salt_and_pepper: 0 where u < level / 2, 1 where level / 2 <= u < level, else x.
u uniform, xi standard normal
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer
from ..math import constants
from ..prims import block, device, fma, index_of, lane, select
from ..tuples import Value, rotate
from .elements import LANES, all_aligned, flat, memory_of, number, share_out, suffix, vector_of
from .noise import drawing, in_step

Array = Any
CORRUPTIONS = ("mask", "gaussian", "salt_and_pepper")


def _corruption(T: Any, kind: str) -> Callable[[Value, Value, Value], Value]:
    zero, one, half = constants(T).ZERO, constants(T).ONE, constants(T).HALF

    @device
    def mask(x: Value, u: Value, level: Value) -> Value:
        return select(u < level, zero, x)

    @device
    def gaussian(x: Value, xi: Value, level: Value) -> Value:
        return fma(level, xi, x)

    @device
    def salt_and_pepper(x: Value, u: Value, level: Value) -> Value:
        return select(u < level, select(u < level * half, zero, one), x)

    return {"mask": mask, "gaussian": gaussian, "salt_and_pepper": salt_and_pepper}[kind]


def _make(T: Any, kind: str, aligned: bool, whole: bool) -> Callable[..., None]:
    memory, count = memory_of(T, aligned), vector_of(T)
    read, write, lanes, vector = memory.read, memory.write, np.int64(LANES), np.int64(count)
    draw = drawing(T, "normal" if kind == "gaussian" else "uniform", whole)
    corruption, zero = _corruption(T, kind), np.int64(0)

    def corrupt(
        x: Any, out: Any, n: Any, steps: Any, level: Any, seed: Any, offset: Any, stream: Any
    ) -> None:
        done = zero
        while done < steps:
            at = ((block() * steps + done) * lanes + lane()) * vector
            elements = read(x, zero, at, n)
            numbers = draw(offset + index_of(at), stream, seed)
            for _ in range(count):
                new = corruption(elements[0], numbers[0], level)
                elements, numbers = elements[1:] + (new,), rotate(numbers)  # noqa: RUF005
            write(out, zero, at, n, elements)
            done += np.int64(1)

    return corrupt


@cache
def kernel_of(T: Any, kind: str, aligned: bool, whole: bool) -> Kernel:
    """Return what can be launched."""
    return Kernel(
        f"nn_corrupt_{kind}_{suffix(T, aligned)}{'' if whole else '_out_of_step'}",
        lambda: _make(T, kind, aligned, whole),
        (Pointer(T), Pointer(T), np.int64, np.int64, T, np.uint64, np.uint64, np.uint32),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned,
    )


def nn_corrupt(
    x: Array, kind: int, level: float, seed: int, offset: int, stream: int, out: Array
) -> None:
    """Corrupt each element."""
    T = x.dtype.type
    grid, steps = share_out(x.size, T)
    kernel = kernel_of(T, CORRUPTIONS[kind], all_aligned(x, out), in_step(T, offset, 0))
    kernel(grid, flat(x), flat(out), x.size, steps, number(T, level), seed, offset, stream)
