"""Batches of rows: gathered in host memory, on a GPU that has all rows, or sent there one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._likelihood import blocks

Array = NDArray[Any]


class Feed(Protocol):
    """Brings rows of a matrix."""

    def begin(self, order: Array | None) -> None:
        """Take the rows in this order from now on, or as they lie."""

    def __call__(self, start: int, stop: int, out: Array) -> None:
        """Copy rows from one place in that order to another."""


class FromHost:
    """Copies rows of an array or a mapped file of any type to a buffer in host memory."""

    def __init__(self, X: Array, dtype: np.dtype[Any], n_rows: int) -> None:
        self.X = X
        self.plain = X.flags.carray or (
            X.flags.c_contiguous and X.flags.aligned and X.dtype.isnative
        )
        same = X.dtype == dtype
        self.raw = None if same or not self.plain else np.empty((n_rows, X.shape[1]), X.dtype)
        self.order: Array | None = None

    def begin(self, order: Array | None) -> None:
        """Take the rows in this order."""
        self.order = order

    def __call__(self, start: int, stop: int, out: Array) -> None:
        """Copy rows."""
        if self.order is None:
            out[...] = self.X[start:stop]
            return
        rows = self.order[start:stop]
        if not self.plain:  # take would copy all of an array with gaps
            out[...] = self.X[rows]
            return
        target = out if self.raw is None else self.raw[: len(out)]
        np.take(self.X, rows, axis=0, out=target, mode="clip")  # other modes buffer the output
        if self.raw is not None:
            out[...] = target


class Resident:
    """Takes rows from a copy of all of them on a GPU."""

    def __init__(self, device: Any, X: Array, dtype: np.dtype[Any]) -> None:
        self.device = device
        self.X = device.xp.empty(X.shape, dtype)
        start = 0
        for block in blocks(X):
            device.put(block, self.X[start : start + len(block)])
            start += len(block)
        self.order: Any = None

    def begin(self, order: Array | None) -> None:
        """Take the rows in this order."""
        if order is None:
            self.order = None
            return
        if self.order is None:
            self.order = self.device.xp.empty(len(order), order.dtype)
        self.device.put(order, self.order)

    def __call__(self, start: int, stop: int, out: Array) -> None:
        """Copy rows."""
        if self.order is None:
            out[...] = self.X[start:stop]
        else:
            self.device.xp.take(self.X, self.order[start:stop], axis=0, out=out)


class Streamed:
    """Gathers rows in two buffers in turn: one is filled while the other is copied to a GPU."""

    def __init__(
        self, device: Any, source: FromHost, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> None:
        self.device, self.source = device, source
        self.buffers = [device.pinned(shape, dtype) for _ in range(2)]
        self.waits: list[Callable[[], None]] = [lambda: None] * 2

    def begin(self, order: Array | None) -> None:
        """Take the rows in this order."""
        self.source.begin(order)

    def __call__(self, start: int, stop: int, out: Array) -> None:
        """Copy rows."""
        self.buffers.reverse()
        self.waits.reverse()
        self.waits[0]()
        buffer = self.buffers[0][: stop - start]
        self.source(start, stop, buffer)
        self.waits[0] = self.device.send(buffer, out)
