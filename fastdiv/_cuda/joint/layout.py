"""How lanes share out a table [nx, ny] that is contiguous along y: chosen by its shape, so that the batch sets no bits.

A group of lanes has a row, or a strip of it, each lane some vectors of its columns. It goes down the rows with the
columns' sums in registers; a row's sum is its group's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

LANES = 256
WARP = 32
WARPS = LANES // WARP
WARP_TABLE = 1024
"""Tables of up to so many entries belong to a warp each."""
BLOCK_TABLE = 8192
"""Larger ones to a block; tables that are larger yet, or wider than a warp's strip, are cut into tiles."""
MOST_TILES = 1056
"""Of a table, unless it is very wide: a few for each block that a large GPU has room for."""
LEAST_STEPS = 4
"""Rows of a tile that each lane has, at least."""
MOST_TOTALS = 64
"""Blocks that add up a table's marginals: each leaves a partial sum of the whole."""
SPREAD = 8
"""Lanes that share an item's partial sums where they are many."""


@dataclass(frozen=True)
class Layout:
    """Lanes of a table, or of a tile of it."""

    vector: int
    """Elements in 16 bytes."""
    group: int
    """Lanes side by side on a row, in a warp."""
    vectors: int
    """Of a row, in a lane."""
    across: int
    """Warps side by side on a row."""
    team: int
    """Lanes that share a table or a tile."""
    split: bool
    """Whether tables are cut into tiles."""

    @property
    def columns(self) -> int:
        """Columns that a lane has."""
        return self.vector * self.vectors

    @property
    def strip(self) -> int:
        """Columns that a warp has."""
        return self.group * self.columns

    @property
    def width(self) -> int:
        """Columns of a tile."""
        return self.across * self.strip

    @property
    def rows(self) -> int:
        """Rows that a team takes at a time."""
        return self.team // WARP // self.across * (WARP // self.group)


def layout_of(nx: int, ny: int, dtype: Any) -> Layout:
    """Return the layout of tables of this shape."""
    vector = 16 // np.dtype(dtype).itemsize
    vectors = 1 if ny <= WARP * vector else 2
    group = next((each for each in (2, 8) if ny <= each * vector), WARP)
    fits = ny <= group * vectors * vector
    if fits and nx * ny <= WARP_TABLE:
        return Layout(vector, group, vectors, 1, WARP, False)
    if fits and nx * ny <= BLOCK_TABLE:
        return Layout(vector, group, vectors, 1, LANES, False)
    across = WARPS if not fits and nx < LEAST_STEPS * WARPS else 1
    return Layout(vector, group, vectors, across, LANES, True)


@dataclass(frozen=True)
class Tiles:
    """How a table is cut."""

    steps: int
    """Times that a tile's lanes go down a row."""
    down: int
    strips: int
    """Tiles below each other, and side by side."""

    @property
    def count(self) -> int:
        """Tiles of a table."""
        return self.down * self.strips


def tiles_of(layout: Layout, nx: int, ny: int) -> Tiles:
    """Return a table's tiles."""
    strips = -(-ny // layout.width)
    rows_of_steps = -(-nx // layout.rows)
    most = max(1, MOST_TILES // strips)
    steps = max(LEAST_STEPS, -(-rows_of_steps // most))
    return Tiles(steps, -(-rows_of_steps // steps), strips)
