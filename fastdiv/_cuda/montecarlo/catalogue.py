"""The kernels of Monte Carlo estimates for the gate that inspects machine code; calls make them when needed."""

from __future__ import annotations

from collections.abc import Iterator

from .._kernel import Kernel
from . import samples, trees


def kernels(every: bool) -> Iterator[Kernel]:
    """Return all kernels, or some that stand for the others."""
    yield from samples.catalogue(every)
    yield trees.join_kernel()
    yield trees.add_kernel()
