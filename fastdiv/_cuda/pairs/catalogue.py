"""The kernels of all pairs of rows for the gate that inspects machine code; calls make them when needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .._kernel import Kernel
from ..launching import kernel_of, variants
from ..layout import CHUNK
from ..rows import Variant
from . import launching as pairs
from .rows import normalized_rows, scaled_rows


def kernels(every: bool) -> Iterator[Kernel]:
    """Kernels of all pairs of rows, and of the rows that they take."""
    for T in (np.float32, np.float64):
        yield pairs.products_kernel(T)
        passes = [pairs.mixture_entropies_of(T)]
        for name in (
            ("kl_divergence", "js_divergence", "js_distance")
            if every
            else ("kl_divergence", "js_divergence")
        ):
            passes += [
                pairs.exactly_of(T, name, normalized)
                for normalized in ((True, False) if every else (True,))
            ]
        for each in passes:
            for mode in ("fused", "partial", "gather") if every else ("fused",):
                yield pairs.pairs_kernel(each, mode)
        for measure, wanted in (
            (normalized_rows(T), 1),
            (scaled_rows(T, False), 1),
            (scaled_rows(T, True), 3),
        ):
            for variant in variants(measure) if every else ():
                if not variant.cotangent and variant.wanted in (0, 1):
                    outputs = wanted if variant.wanted else 0
                    yield kernel_of(measure, variant._replace(wanted=outputs))
            block = measure.layout(CHUNK)
            yield kernel_of(measure, Variant(block, True, measure.inputs, wanted, False, -1))
