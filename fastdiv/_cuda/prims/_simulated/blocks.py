"""Blocks that run together, and their shared memory: what was done to each word since the last barrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class KernelFault(AssertionError):
    """A kernel did what hardware would punish, or not notice."""


def require(condition: Any, message: str) -> None:
    if condition is not True and not np.all(condition):
        raise KernelFault(message)


class Blocks:
    """The blocks that run together: their numbers, and their shared memory."""

    def __init__(self, first: int, count: int, lanes: int, dynamic_bytes: int) -> None:
        self.count, self.lanes, self.dynamic_bytes = count, lanes, dynamic_bytes
        self.lane = np.tile(np.arange(lanes, dtype=np.int64), count)
        self.block = np.repeat(np.arange(first, first + count, dtype=np.int64), lanes)
        self.position = np.repeat(np.arange(count, dtype=np.int64), lanes)
        self.shared: list[Shared] = []
        self.dynamic = False


_NOBODY, _SEVERAL = -1, -2


class Shared:
    """Shared memory of each block, with what was done to each word since the last barrier."""

    def __init__(self, count: int, dtype: Any) -> None:
        self.count = count
        self.words = np.zeros(now().count * count, dtype)
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
        index = on_lanes(index, mask.shape)
        require((index[mask] >= 0) & (index[mask] < self.count), "shared memory: out of bounds")
        return (now().position * self.count + index)[mask]

    def read(self, place: Array, lanes: Array) -> Array:
        require(self.written[place], "shared memory is read before it was written")
        other = (self.writer[place] != _NOBODY) & (self.writer[place] != lanes)
        require(~other, "no barrier between a write to shared memory and a read by another lane")
        known = self.reader[place]
        own = (known == _NOBODY) | (known == lanes)
        self.reader[place] = lanes
        self.reader[place[~own]] = _SEVERAL
        # Of lanes that read one word in this very step, the last one's number stands there.
        self.reader[place[self.reader[place] != lanes]] = _SEVERAL
        return self.words[place]

    def write(self, place: Array, lanes: Array, values: Array) -> None:
        for done, what in ((self.writer, "write"), (self.reader, "read")):
            other = (done[place] != _NOBODY) & (done[place] != lanes)
            require(
                ~other, f"no barrier between a {what} of shared memory and a write by another lane"
            )
        self.words[place], self.written[place], self.writer[place] = values, True, lanes
        require(self.writer[place] == lanes, "two lanes write one word of shared memory")

    def settle(self) -> None:
        self.writer[:] = _NOBODY
        self.reader[:] = _NOBODY


_blocks: list[Blocks] = []


def now() -> Blocks:
    return _blocks[-1]


def run(
    function: Callable[..., None], grid: int, lanes: int, dynamic_bytes: int, arguments: Any
) -> None:
    """Run a kernel: as many of its blocks together as make good arrays."""
    together = max(1, 65536 // lanes)
    for first in range(0, grid, together):
        _blocks.append(Blocks(first, min(together, grid - first), lanes, dynamic_bytes))
        try:
            with np.errstate(all="ignore"):
                function(*arguments)
        finally:
            _blocks.pop()


def everywhere(mask: Any) -> Array:
    mask, shape = np.asarray(mask, bool), now().lane.shape
    return mask if mask.shape == shape else np.broadcast_to(mask, shape)


def on_lanes(value: Any, shape: tuple[int, ...]) -> Array:
    value = np.asarray(value)
    return value if value.shape == shape else np.broadcast_to(value, shape)
