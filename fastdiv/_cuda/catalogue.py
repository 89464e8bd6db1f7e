"""Every kernel that a call can launch, for the gate that inspects machine code; `launching` makes them when needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import _entry_points
from ._kernel import Kernel
from .joint import launching as joint
from .joint.conclusion import TableMeasure
from .joint.layout import SPREAD
from .joint.layout import layout_of as table_layout_of
from .joint.terms import BOTH, COLUMNS, ROWS
from .launching import kernel_of
from .layout import CHUNK, WARP_ROW, layout_of
from .pairs import launching as pairs
from .pairs.rows import normalized_rows, scaled_rows
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
    yield from _self_information(every)
    yield from _tables(every)
    yield from _pairs(every)


def _self_information(every: bool) -> Iterator[Kernel]:
    """Its outputs are the values, and the gradient; the second input is the cotangent."""
    for dtype in _FLOATS:
        for normalize in (True, False):
            alone, given = _entry_points.self_information.measures(dtype, normalize)
            for measure, wanted in ((alone, 1), (alone, 3), (given, 3)):
                for variant in variants(measure) if every else ():
                    if not variant.cotangent and variant.wanted in (0, 1):
                        yield kernel_of(measure, variant._replace(wanted=wanted if variant.wanted else 0))
            block, chunks = (layout_of(n, measure.stored) for n in _LENGTHS[1:])
            yield kernel_of(given, Variant(block, True, normalize, 3, False, -1))
            yield kernel_of(alone, Variant(chunks, True, False, 3, False, len(alone.phases)))


_TABLES = ((16, 8), (16, 32), (8, 64), (64, 8), (64, 128), (16, 256), (4096, 8), (4096, 32), (4096, 512), (8, 4096))
"""Of each layout, in both types."""


def _tables(every: bool) -> Iterator[Kernel]:
    """Kernels of joint tables: those that stand for the others have all marginals, or need one alone."""
    flags = (False, True)
    for T in (np.float32, np.float64):
        for spread in (1, SPREAD):
            yield joint.combine_kernel(T, spread)
        for shape in _TABLES if every else ((8, 64), (64, 128), (4096, 512)):
            layout = table_layout_of(*shape, T)
            if layout.split:
                for marginals in (COLUMNS, ROWS, BOTH) if every else (COLUMNS, BOTH):
                    for aligned in flags if every else (True,):
                        yield joint.marginals_kernel(T, layout, aligned, marginals)
            for measure in _table_measures(T, every):
                for aligned in flags if every else (True,):
                    if layout.split:
                        yield joint.terms_kernel(measure, layout, aligned)
                    for wanted in flags if every else (True,):
                        make = joint.outputs_kernel if layout.split else joint.whole_kernel
                        yield make(measure, layout, aligned, wanted)


def _table_measures(T: Any, every: bool) -> Iterator[TableMeasure]:
    yield joint.mutual_information.measure_of(T, True, False)
    yield joint.conditional_entropy.measure_of(T, True, False)
    if every:
        yield joint.conditional_entropy.measure_of(T, True, True)
        yield joint.mutual_information.measure_of(T, False, False)
        for by_rows in (False, True):
            yield joint.conditional_entropy.measure_of(T, False, by_rows)


def _pairs(every: bool) -> Iterator[Kernel]:
    """Kernels of all pairs of rows, and of the rows that they take."""
    for T in (np.float32, np.float64):
        yield pairs.products_kernel(T)
        passes = [pairs.mixture_entropies_of(T)]
        for name in ("kl_divergence", "js_divergence", "js_distance") if every else ("kl_divergence", "js_divergence"):
            passes += [pairs.exactly_of(T, name, normalized) for normalized in ((True, False) if every else (True,))]
        for each in passes:
            for mode in ("fused", "partial", "gather") if every else ("fused",):
                yield pairs.pairs_kernel(each, mode)
        for measure, wanted in ((normalized_rows(T), 1), (scaled_rows(T, False), 1), (scaled_rows(T, True), 3)):
            for variant in variants(measure) if every else ():
                if not variant.cotangent and variant.wanted in (0, 1):
                    yield kernel_of(measure, variant._replace(wanted=wanted if variant.wanted else 0))
            yield kernel_of(measure, Variant(layout_of(CHUNK, measure.stored), True, True, wanted, False, -1))
