"""The kernels of all pairs of rows for the gate that inspects machine code; calls make them when needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .._kernel import Kernel
from ..launching import kernel_of, variants
from ..layout import CHUNK, layout_of
from ..rows import Variant
from . import launching as pairs
from .rows import normalized_rows


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
        for with_logarithms in (False, True):
            measure = normalized_rows(T, with_logarithms)
            for variant in variants(measure) if every else ():
                if not variant.cotangent and variant.wanted in (0, 1):
                    outputs = 3 if with_logarithms else 1
                    yield kernel_of(
                        measure, variant._replace(wanted=outputs if variant.wanted else 0)
                    )
            block = layout_of(CHUNK, measure.stored)
            yield kernel_of(measure, Variant(block, True, True, 1 + 2 * with_logarithms, False, -1))
