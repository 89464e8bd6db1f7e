"""The arrays that a step or a block of rows is computed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ._layers import Buffers
from ._network import Network

Array = NDArray[Any]


@dataclass(frozen=True)
class Workspace:
    """A batch and all that is computed of it; the first axis is the batch's."""

    rows: Array
    code: Array
    code_gradient: Array
    values: Array
    """One number a row, of a likelihood."""
    encoder: Buffers
    decoder: Buffers
    extra: Mapping[str, Array]
    """What a kind of autoencoder needs beside."""

    def first(self, n_rows: int) -> Workspace:
        """Return views of the first rows, for a batch that is not full."""
        if n_rows == len(self.rows):
            return self
        return Workspace(
            self.rows[:n_rows],
            self.code[:n_rows],
            self.code_gradient[:n_rows],
            self.values[:n_rows],
            self.encoder.first(n_rows),
            self.decoder.first(n_rows),
            {name: array[:n_rows] for name, array in self.extra.items()},
        )


def workspace(
    network: Network, n_rows: int, extra: Mapping[str, int] | None = None, backward: bool = True
) -> Workspace:
    """Allocate for so many rows, where the network is; `extra` gives the widths of what is needed beside."""
    made, xp = network.architecture, network.device.xp
    code = xp.empty((n_rows, made.n_components), made.dtype)
    return Workspace(
        rows=xp.empty((n_rows, made.n_features), made.dtype),
        code=code,
        code_gradient=xp.empty_like(code),
        values=xp.empty(n_rows, made.dtype),
        encoder=network.encoder.buffers(n_rows, backward),
        decoder=network.decoder.buffers(n_rows, backward),
        extra={
            name: xp.empty((n_rows, width) if width else n_rows, made.dtype)
            for name, width in (extra or {}).items()
        },
    )
