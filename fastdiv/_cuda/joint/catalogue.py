"""The kernels of joint tables for the gate that inspects machine code; calls make them when needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._kernel import Kernel
from . import launching as joint
from .conclusion import TableMeasure
from .layout import SPREAD, layout_of
from .terms import BOTH, COLUMNS, ROWS

_TABLES = (
    (16, 8),
    (16, 32),
    (8, 64),
    (64, 8),
    (64, 128),
    (16, 256),
    (4096, 8),
    (4096, 32),
    (4096, 512),
    (8, 4096),
)
"""Of each layout, in both types."""


def kernels(every: bool) -> Iterator[Kernel]:
    """Kernels of joint tables: those with the most registers alive, and, of one type, those whose loops are quiet."""
    if every:
        yield from _all_tables()
        return
    for T in (np.float32, np.float64):
        information = joint.mutual_information.measure_of(T, True, False)
        tiles = layout_of(4096, 512, T)
        yield joint.marginals_kernel(T, tiles, True, BOTH)
        yield joint.whole_kernel(information, layout_of(64, 128, T), True, True)
        yield joint.outputs_kernel(information, tiles, True, True)
    entropy = joint.conditional_entropy.measure_of(np.float32, True, False)
    tiles = layout_of(4096, 512, np.float32)
    yield joint.marginals_kernel(np.float32, tiles, True, COLUMNS)
    yield joint.combine_kernel(np.float32, SPREAD)
    yield joint.terms_kernel(entropy, tiles, True)


def _all_tables() -> Iterator[Kernel]:
    flags = (False, True)
    for T in (np.float32, np.float64):
        for spread in (1, SPREAD):
            yield joint.combine_kernel(T, spread)
        for layout in {layout_of(*shape, T): None for shape in _TABLES}:
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
