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
        for normalize in (True, False) if every else (True,):
            alone, given = _entry_points.self_information.measures(dtype, normalize)
            yield kernel_of(given, Variant(layout_of(CHUNK, given.stored), True, normalize, 3, False, -1))
            for measure, wanted in ((alone, 1), (alone, 3), (given, 3)) if every else ():
                yield from _with_outputs(measure, wanted)


def _with_outputs(measure: Measure, wanted: int) -> Iterator[Kernel]:
    """Every kernel of a measure whose outputs are always the same."""
    for variant in variants(measure):
        if not variant.cotangent and variant.wanted in (0, 1):
            yield kernel_of(measure, variant._replace(wanted=wanted if variant.wanted else 0))


_TABLES = ((16, 8), (16, 32), (8, 64), (64, 8), (64, 128), (16, 256), (4096, 8), (4096, 32), (4096, 512), (8, 4096))
"""Of each layout, in both types."""


def _tables(every: bool) -> Iterator[Kernel]:
    """Kernels of joint tables: those with the most registers alive, and, of one type, those whose loops are quiet."""
    if every:
        yield from _all_tables()
        return
    for T in (np.float32, np.float64):
        information = joint.mutual_information.measure_of(T, True, False)
        tiles = table_layout_of(4096, 512, T)
        yield joint.marginals_kernel(T, tiles, True, BOTH)
        yield joint.whole_kernel(information, table_layout_of(64, 128, T), True, True)
        yield joint.outputs_kernel(information, tiles, True, True)
    entropy = joint.conditional_entropy.measure_of(np.float32, True, False)
    tiles = table_layout_of(4096, 512, np.float32)
    yield joint.marginals_kernel(np.float32, tiles, True, COLUMNS)
    yield joint.combine_kernel(np.float32, SPREAD)
    yield joint.terms_kernel(entropy, tiles, True)


def _all_tables() -> Iterator[Kernel]:
    flags = (False, True)
    for T in (np.float32, np.float64):
        for spread in (1, SPREAD):
            yield joint.combine_kernel(T, spread)
        for layout in {table_layout_of(*shape, T): None for shape in _TABLES}:
            for aligned in flags:
                for marginals in (COLUMNS, ROWS, BOTH) if layout.split else ():
                    yield joint.marginals_kernel(T, layout, aligned, marginals)
                for measure in _table_measures(T):
                    if layout.split:
                        yield joint.terms_kernel(measure, layout, aligned)
                    for wanted in flags:
                        make = joint.outputs_kernel if layout.split else joint.whole_kernel
                        yield make(measure, layout, aligned, wanted)


def _table_measures(T: Any) -> Iterator[TableMeasure]:
    for normalized in (True, False):
        yield joint.mutual_information.measure_of(T, normalized, False)
        for by_rows in (False, True):
            yield joint.conditional_entropy.measure_of(T, normalized, by_rows)


def _pairs(every: bool) -> Iterator[Kernel]:
    """Kernels of all pairs of rows, and of the rows that they take."""
    for T in (np.float32, np.float64) if every else (np.float32,):
        yield pairs.products_kernel(T)
        passes = [pairs.mixture_entropies_of(T)]
        for name in ("kl_divergence", "js_divergence", "js_distance") if every else ("kl_divergence", "js_divergence"):
            passes += [pairs.exactly_of(T, name, normalized) for normalized in ((True, False) if every else (True,))]
        for each in passes:
            for mode in ("fused", "partial", "gather") if every else ("fused",):
                yield pairs.pairs_kernel(each, mode)
        for measure, wanted in ((normalized_rows(T), 1), (scaled_rows(T, True), 3), (scaled_rows(T, False), 1)):
            if every:
                yield from _with_outputs(measure, wanted)
            elif wanted == 3:
                yield kernel_of(measure, Variant(layout_of(CHUNK, measure.stored), True, True, wanted, False, -1))
    if not every:
        yield pairs.pairs_kernel(pairs.exactly_of(np.float64, "js_divergence", True), "fused")
