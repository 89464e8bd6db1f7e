"""Where a training stands; together with the seed it decides every random number that follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .. import random
from ._fingerprint import Fingerprint

# Streams of the seed, so that no two purposes share a number.
INITIAL, SHUFFLE, LATENT, CORRUPTION, EVALUATION, SAMPLE = range(6)


@dataclass
class Position:
    """Counts since the training began, and sums over the epoch so far."""

    seed: int
    n_samples: int | None = None
    """Rows of an epoch; None before `fit`, and once `partial_fit` went on."""
    data: Fingerprint | None = None
    """What tells that data are the same; None as above."""
    step: int = 0
    """Updates of the parameters."""
    epoch: int = 0
    """Passes completed."""
    row: int = 0
    """Rows of the present pass that were learned from."""
    rows_seen: int = 0
    """Rows of all passes: where noise goes on in its stream."""
    sums: dict[str, float] = field(default_factory=dict)
    """Each term of the loss, summed over those rows of the pass."""
    ended: bool = False
    """Whether the callback ended the training by `fit`."""

    def order(self) -> NDArray[np.int64]:
        """Return the order of rows in the present epoch."""
        n = self.n_samples or 0
        keys = random.uniform(self.seed, n, offset=self.epoch * n, stream=SHUFFLE)
        return np.argsort(keys, kind="stable")

    def advance(self, n_rows: int, terms: dict[str, float]) -> None:
        """Count a step on so many rows, with each term's mean over them."""
        self.step += 1
        self.row += n_rows
        self.rows_seen += n_rows
        self.add({name: n_rows * value for name, value in terms.items()})

    def add(self, sums: dict[str, float]) -> None:
        """Add sums over rows that were counted before."""
        for name, value in sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def restart_pass(self) -> None:
        """Forget a pass that was not completed."""
        self.row, self.sums = 0, {}

    def leave_fit(self) -> None:
        """Forget the data that `fit` had, for others follow."""
        self.n_samples = self.data = None
        self.ended = False
        self.restart_pass()

    def finish_pass(self) -> dict[str, float]:
        """Return the means over a pass that is over, and begin the next."""
        means = {name: value / self.row for name, value in self.sums.items()}
        self.epoch += 1
        self.restart_pass()
        return means
