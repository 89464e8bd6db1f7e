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
    """Kernels of joint tables: those that stand for the others have all marginals, or need one alone."""
    flags = (False, True)
    for T in (np.float32, np.float64):
        for spread in (1, SPREAD):
            yield joint.combine_kernel(T, spread)
        for shape in _TABLES if every else ((8, 64), (64, 128), (4096, 512)):
            layout = layout_of(*shape, T)
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
