"""A step's loss, and sums of its terms over a pass, kept where they are computed until somebody asks."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Loss(NamedTuple):
    """loss = mean of first + weight * mean of second."""

    first: Array
    """One number a row."""
    second: Any = None
    """One number a row, or one for all rows."""
    weight: float = 0.0
    recorded: float = 1.0
    """What the history tells of the second term: so many times its mean."""

    def terms(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return the means by name: the loss, and its first and second term if it has two."""
        first = float(self.first.sum(dtype=np.float64)) / len(self.first)
        if self.second is None:
            return {names[0]: first}
        second = (
            float(self.second.sum(dtype=np.float64)) / len(self.second)
            if np.ndim(self.second)
            else float(self.second)
        )
        return {
            names[0]: first + self.weight * second,
            names[1]: first,
            names[2]: self.recorded * second,
        }


class Tally(Protocol):
    """What the loop over batches tells of each step."""

    def take(self, loss: Loss) -> dict[str, float]:
        """Return the means of a step's terms, or remember them."""

    def settle(self) -> dict[str, float]:
        """Return sums over rows of what was remembered, and forget it."""


class HostTally:
    """Remembers nothing."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def take(self, loss: Loss) -> dict[str, float]:
        """Return the means of a step's terms."""
        return loss.terms(self.names)

    def settle(self) -> dict[str, float]:
        """Return nothing."""
        return {}


class DeviceTally:
    """Adds up on the GPU, for which nothing waits meanwhile."""

    def __init__(self, device: Any, names: tuple[str, ...]) -> None:
        self.device, self.names = device, names
        self.sums = device.xp.zeros(3 * SLOTS, np.float64)
        self.empty = True

    def take(self, loss: Loss) -> dict[str, float]:
        """Add a step's terms to the sums."""
        self.empty = False
        self.device.kernels.nn_tally(loss.first, loss.second, loss.weight, loss.recorded, self.sums)
        return {}

    def settle(self) -> dict[str, float]:
        """Return sums over rows, for which the GPU is waited for, and begin anew."""
        if self.empty:
            return {}
        sums = self.device.fetch(self.sums).reshape(3, SLOTS).sum(axis=1)
        self.sums[...] = 0
        self.empty = True
        return dict(zip(self.names, map(float, sums), strict=False))


SLOTS = 256
"""Sums of each term: a kernel's lanes have one each."""
