"""Every kernel that a call can launch, for the gate that inspects machine code; `launching` makes them when needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import _entry_points
from . import random as random  # lists its kernels
from ._kernel import KERNELS, Kernel
from .joint import catalogue as joint
from .launching import LENGTHS, kernel_of, variants
from .montecarlo import catalogue as montecarlo
from .nn import catalogue as nn
from .pairs import catalogue as pairs
from .rows import Measure, Variant
from .scaling import KINDS, scaling

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


def _representative(measure: Measure) -> Iterator[Variant]:
    """Variants with the most registers alive: of each measure for long rows, of one all layouts and executions."""
    if "plain" in measure.name or "js_distance" in measure.name:  # a root more than the divergence
        return
    every = (1 << measure.inputs) - 1
    warps, block, chunks = (measure.layout(n) for n in LENGTHS)
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


_IN_FULL = ("js_divergence", "logits_js_divergence")
"""Families whose layouts, executions and types stand for those of all others."""


def kernels(every: bool) -> Iterator[Kernel]:
    """Return all kernels, or some that stand for the others: one of each family, which take two minutes."""
    found: set[str] = set()
    for kernel in sorted(_of_all_domains(every), key=lambda kernel: "_float64" in kernel.name):
        family = kernel.name.partition("_float")[0]
        if every or family in _IN_FULL or family not in found:
            found.add(family)
            yield kernel


def _of_all_domains(every: bool) -> Iterator[Kernel]:
    yield from (kernel for name, kernel in tuple(KERNELS.items()) if name.startswith("random_"))
    for measure in measures():
        for variant in variants(measure) if every else _representative(measure):
            yield kernel_of(measure, variant)
    for kind in KINDS if every else KINDS[:1]:
        yield from (scaling(kind, aligned) for aligned in ((True, False) if every else (True,)))
    yield from montecarlo.kernels(every)
    yield from nn.kernels(every)
    yield from _self_information(every)
    yield from joint.kernels(every)
    yield from pairs.kernels(every)


def _self_information(every: bool) -> Iterator[Kernel]:
    """Its outputs are the values, and the gradient; the second input is the cotangent."""
    for dtype in _FLOATS:
        for normalize in (True, False):
            alone, given = _entry_points.self_information.measures(dtype, normalize)
            for measure, wanted in ((alone, 1), (alone, 3), (given, 3)):
                for variant in variants(measure) if every else ():
                    if not variant.cotangent and variant.wanted in (0, 1):
                        yield kernel_of(
                            measure, variant._replace(wanted=wanted if variant.wanted else 0)
                        )
            block, chunks = (measure.layout(n) for n in LENGTHS[1:])
            yield kernel_of(given, Variant(block, True, normalize, 3, False, -1))
            yield kernel_of(alone, Variant(chunks, True, False, 3, False, len(alone.phases)))
