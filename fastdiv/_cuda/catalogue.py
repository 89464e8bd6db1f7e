"""Every kernel that a call can launch, for the gate that inspects machine code; `launching` makes them when needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import _entry_points
from ._kernel import Kernel
from .launching import kernel_of
from .layout import CHUNK, WARP_ROW
from .rows import Measure, Variant

_LENGTHS = (WARP_ROW, CHUNK, 8 * CHUNK)
"""Of rows: one of each layout."""
_KINDS = ("float32", "float64", "float16", "bfloat16")
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def measures() -> Iterator[Measure]:
    """Every measure of rows, in every type, normalised and not."""
    for entry in vars(_entry_points).values():
        if isinstance(entry, _entry_points.OneInput | _entry_points.TwoInputs):
            for dtype in _FLOATS:
                for normalize in (True, False):
                    yield entry.measure(dtype, normalize)
        if isinstance(entry, _entry_points.LogitsOneInput | _entry_points.LogitsTwoInputs):
            for kind in _KINDS:
                yield entry.make(kind)


def variants(measure: Measure) -> Iterator[Variant]:
    """Every variant of a measure."""
    flags = (False, True)
    for n in _LENGTHS:
        layout = measure.layout(n)
        for aligned in flags:
            for cotangent in flags:
                for wanted in range(1 << measure.inputs):
                    for staged in {0, 1, measure.inputs} if layout.chunked else {0, measure.inputs}:
                        yield Variant(layout, aligned, staged, wanted, cotangent, -1)
                    if layout.chunked:
                        last = len(measure.phases)
                        yield Variant(layout, aligned, 0, wanted, cotangent, last)
                for phase in range(len(measure.phases)) if layout.chunked else ():
                    yield Variant(layout, aligned, 0, 0, cotangent, phase)


def _representative(measure: Measure) -> Iterator[Variant]:
    """Variants with the most registers alive: of each measure for long rows, of one all layouts and executions."""
    if "plain" in measure.name or "js_distance" in measure.name:  # a root more than the divergence
        return
    every = (1 << measure.inputs) - 1
    warps, block, chunks = (measure.layout(n) for n in _LENGTHS)
    last, everything = len(measure.phases), "js_divergence" in measure.name
    if measure.kind == "float32":
        long = chunks if measure.name.startswith("logits") else block
        yield Variant(long, True, measure.inputs, every, True, -1)
    elif everything and measure.kind != "float16":
        yield Variant(block, True, measure.inputs, every, True, -1)
    if everything and measure.kind == "float32":
        yield Variant(warps, True, 0, every, True, -1)
        yield Variant(chunks, True, 1, every, True, -1)
        yield Variant(chunks, True, 0, 0, True, last - 1)
        yield Variant(chunks, True, 0, every, True, last)


def kernels(every: bool) -> Iterator[Kernel]:
    """Return all kernels, or some that stand for the others."""
    for measure in measures():
        for variant in variants(measure) if every else _representative(measure):
            yield kernel_of(measure, variant)
