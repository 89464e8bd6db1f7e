"""Every kernel that a call can launch, for the gate that inspects machine code; `launching` makes them when needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import _entry_points
from . import random as random  # lists its kernels
from ._kernel import Kernel
from .launching import kernel_of
from .layout import CHUNK, WARP_ROW, layout_of
from .montecarlo import examples
from .rows import Measure, Variant

_LENGTHS = (WARP_ROW, CHUNK, 8 * CHUNK)
"""Of rows: one of each layout."""
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def measures() -> Iterator[Measure]:
    """Every measure of rows, in every type, normalised and not."""
    for entry in vars(_entry_points).values():
        if isinstance(entry, _entry_points.OneInput | _entry_points.TwoInputs):
            for dtype in _FLOATS:
                for normalize in (True, False):
                    yield entry.measure(dtype, normalize)


def variants(measure: Measure) -> Iterator[Variant]:
    """Every variant of a measure."""
    flags = (False, True)
    for n in _LENGTHS:
        layout = layout_of(n, measure.stored)
        for aligned in flags:
            for cotangent in flags:
                for wanted in range(1 << measure.inputs):
                    for staged in flags:
                        yield Variant(layout, aligned, staged, wanted, cotangent, -1)
                    if layout.chunked:
                        last = len(measure.phases)
                        yield Variant(layout, aligned, False, wanted, cotangent, last)
            for phase in range(len(measure.phases)) if layout.chunked else ():
                yield Variant(layout, aligned, False, 0, False, phase)


def _representative(measure: Measure) -> Iterator[Variant]:
    """Variants with the most registers alive, of each layout."""
    if "plain" in measure.name:
        return
    every = (1 << measure.inputs) - 1
    warps, block, chunks = (layout_of(n, measure.stored) for n in _LENGTHS)
    yield Variant(block, True, True, every, True, -1)
    if measure.inputs == 2 and "js_divergence" in measure.name:
        yield Variant(warps, True, False, every, True, -1)
        yield Variant(chunks, True, False, every, True, -1)
        yield Variant(chunks, True, False, every, True, len(measure.phases))


def kernels(every: bool) -> Iterator[Kernel]:
    """Return all kernels, or some that stand for the others."""
    for measure in measures():
        for variant in variants(measure) if every else _representative(measure):
            yield kernel_of(measure, variant)
    yield from examples.kernels(every)
