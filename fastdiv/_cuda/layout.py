"""How the lanes of a block share out rows of n elements: chosen by n alone, so that bits do not depend on the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

WARP_ROW = 1024
"""Rows up to this length belong to a warp each, longer ones to a block."""
CHUNK = 16384
"""Longer rows are cut into chunks, each of which has its own partial sums, whoever computes it."""
MOST_FUSED = 64
"""Rows of more chunks are always split."""
STAGED_BYTES = 200 << 10
"""Shared memory that a block may keep its rows in."""
ENOUGH_BLOCKS = 264
"""So many fill a large GPU; fewer long rows are split."""
PROCESSORS = 132
"""Of a large GPU: so many rows at least are in flight where a block has one."""
CACHED_BYTES = 24 << 20
"""Of rows in flight that are read again, at most: half of a large GPU's cache of 50 MB."""
GROUP_BYTES = 32 << 20
"""Of the rows that one launch of a phase takes: the next phase finds them in the cache, and they fill the GPU."""


@dataclass(frozen=True)
class Layout:
    """Lanes, teams and chunks."""

    team: int
    """Lanes that share a row."""
    lanes: int
    """Lanes of a block."""
    chunked: bool
    vector: int
    """Elements that a lane takes at a time: 16 bytes, or a whole number of those."""

    @property
    def teams(self) -> int:
        """Rows that a block works on."""
        return self.lanes // self.team

    @property
    def step(self) -> int:
        """Elements that a team takes at a time."""
        return self.team * self.vector

    def chunks(self, n: int) -> int:
        """Count the chunks of a row."""
        return -(-n // CHUNK) if self.chunked else 1

    def staged_bytes(self, n: int, inputs: int, itemsize: int) -> int:
        """Return what it takes to keep a block's rows of so many inputs."""
        steps = -(-n // self.step)
        return steps * self.step * self.teams * inputs * itemsize


def layout_of(n: int, dtype: Any, vector: int = 0) -> Layout:
    """Return the layout of rows of n elements; a lane takes 16 bytes at a time, or `vector` elements."""
    vector = vector or 16 // np.dtype(dtype).itemsize
    if n <= WARP_ROW:
        return Layout(team=32, lanes=256, chunked=False, vector=vector)
    if n <= CHUNK:
        return Layout(team=256, lanes=256, chunked=False, vector=vector)
    return Layout(team=512, lanes=512, chunked=True, vector=vector)
