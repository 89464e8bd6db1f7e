"""Where a model computes, and how arrays get there and back: what knows of NumPy and CuPy in this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _array
from ._feeding import Feed, FromHost, Resident, Streamed
from ._tally import DeviceTally, HostTally, Tally

Array = NDArray[Any]


class Host:
    """Host memory: arrays are NumPy's."""

    name = "cpu"
    xp: Any = np

    def put(self, array: Array, out: Array) -> None:
        """Copy rows of any type from host memory."""
        out[...] = array

    def fetch(self, array: Array) -> Array:
        """Return an array in host memory; not a copy if it is there."""
        return array

    def tally(self, names: tuple[str, ...]) -> Tally:
        """Return what adds up the terms of losses."""
        return HostTally(names)

    def feed(self, X: Array, dtype: np.dtype[Any], n_rows: int) -> Feed:
        """Return what brings batches of up to so many rows of X."""
        return FromHost(X, dtype, n_rows)


class Cuda:
    """The GPU that is CuPy's current one; nothing waits for it but `put` and `fetch`."""

    name = "cuda"

    def __init__(self) -> None:
        self.kernels: Any = _array.gpu_backend("device='cuda'")
        self.xp: Any = self.kernels.namespace()

    def put(self, array: Array, out: Any) -> None:
        """Copy rows of any type from host memory."""
        out.set(np.ascontiguousarray(array, out.dtype))
        self.xp.cuda.get_current_stream().synchronize()  # the copy may go before it is read

    def fetch(self, array: Any) -> Array:
        """Return a copy in host memory."""
        copy: Array = array.get()
        return copy

    def tally(self, names: tuple[str, ...]) -> Tally:
        """Return what adds up the terms of losses."""
        return DeviceTally(self, names)

    def feed(self, X: Array, dtype: np.dtype[Any], n_rows: int) -> Feed:
        """Return what brings batches of up to so many rows of X: of a copy of all, if half of free memory has room."""
        if X.size * dtype.itemsize <= self.free_bytes() // 2:
            return Resident(self, X, dtype)
        return Streamed(self, FromHost(X, dtype, n_rows), (n_rows, X.shape[1]), dtype)

    def free_bytes(self) -> int:
        """Return how much memory is free, or kept by CuPy for arrays to come."""
        free: int = self.xp.cuda.runtime.memGetInfo()[0]
        return free + int(self.xp.get_default_memory_pool().free_bytes())

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return host memory that is copied from while the processor goes on."""
        from cupyx import empty_pinned

        memory: Array = empty_pinned(shape, dtype)
        return memory

    def send(self, array: Array, out: Any) -> Callable[[], None]:
        """Begin to copy from pinned memory; return what waits for the end."""
        stream = self.xp.cuda.get_current_stream()
        out.set(array, stream=stream)
        event = self.xp.cuda.Event(disable_timing=True)
        event.record(stream)
        wait: Callable[[], None] = event.synchronize
        return wait


class Simulated(Cuda):
    """The GPU's kernels on NumPy's arrays."""

    def put(self, array: Array, out: Array) -> None:
        out[...] = array

    def fetch(self, array: Array) -> Array:
        return np.array(array)

    def free_bytes(self) -> int:
        return 1 << 30

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return np.empty(shape, dtype)

    def send(self, array: Array, out: Array) -> Callable[[], None]:
        out[...] = array
        return lambda: None


Device = Host | Cuda
HOST = Host()
DEVICES = ("cpu", "cuda")


def device_of(name: str) -> Device:
    """Return the device of one of these names.

    Raises
    ------
    ImportError, RuntimeError
        If CuPy, a driver or a GPU is missing; the message says what to do.
    """
    if name == "cpu":
        return HOST
    return Simulated() if _array.SIMULATED else Cuda()
