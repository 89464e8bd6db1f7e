"""Kernels of samples for the gate: of all kinds, or those with the most registers alive."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .._kernel import Kernel
from .gaussians import MOST_IN_REGISTERS
from .samples import kernel_of
from .trees import add_kernel, join_kernel
from .triangles import SMALL
from .variants import Variant


def kernels(every: bool) -> Iterator[Kernel]:
    """Make kernels of all kinds, or those with the most registers alive."""
    both, neither, flags = (True, True), (False, False), (False, True)
    for kind in ("float64", "float32"):
        yield kernel_of(_example("js_divergence", 1, kind, 2, both, both, True))
        if kind == "float64" or every:
            yield kernel_of(_example("kl_divergence", 0, kind, 2, both, both, True))
            yield kernel_of(_example("kl_divergence", 0, kind, 2, neither, neither, False))
            yield kernel_of(_example("js_divergence", 1, kind, SMALL, both, neither, True))
            yield kernel_of(_example("js_divergence", 1, kind, SMALL + 1, both, both, True))
            yield kernel_of(
                _example("js_divergence", 0, kind, 2 * MOST_IN_REGISTERS, both, both, True)
            )
        dimensions = (1, SMALL, MOST_IN_REGISTERS, MOST_IN_REGISTERS + 1) if every else ()
        for dimension, *given in itertools.product(dimensions, flags, flags, flags):
            triangular, mixed, wanted = given
            forms, mixtures = (triangular, triangular), (mixed, mixed)
            yield kernel_of(_example("js_divergence", 0, kind, dimension, forms, mixtures, wanted))
    yield join_kernel()
    yield add_kernel()


def _example(
    estimator: str,
    source: int,
    kind: str,
    dimension: int,
    triangular: tuple[bool, bool],
    mixed: tuple[bool, bool],
    wanted: bool,
) -> Variant:
    """Return a variant with as much as it may have beside."""
    forms = triangular + triangular * (dimension >= SMALL)
    weightless, shared = wanted and mixed[0] and dimension > SMALL, dimension <= SMALL
    direct = (wanted, wanted)
    return Variant(
        estimator, source, kind, dimension, forms, mixed, direct, wanted, weightless, shared
    )
