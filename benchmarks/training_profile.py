"""Where a training step's time goes: matrix products, each kernel, and the rest."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastdiv.nn import functional
from peers_nn import BATCH

Array = Any
PRODUCTS, REST = "matrix products", "rest: Python, gathering rows"
_KERNELS = {
    "bias_activation": "bias and activation",
    "bias_activation_backward": "bias and activation",
    "bernoulli_nll": "likelihood",
    "gaussian_kl_draw": "code: noise and divergence",
    "gaussian_kl_draw_backward": "code: noise and divergence",
    "adam_step": "Adam",
}


def profile(model: Any, X: Array, passes: int) -> dict[str, float]:
    """Return milliseconds of a step by what they go to: of passes over X, the median."""
    rows = X[: len(X) // BATCH * BATCH]
    steps = len(rows) // BATCH
    found: dict[str, list[float]] = {}
    model.partial_fit(rows)
    for _ in range(passes):
        spent = dict.fromkeys([PRODUCTS, *_KERNELS.values()], 0.0)
        start = time.perf_counter()
        with _watched(spent):
            model.partial_fit(rows)
        spent[REST] = time.perf_counter() - start - sum(spent.values())
        for name, seconds in spent.items():
            found.setdefault(name, []).append(1e3 * seconds / steps)
    return {name: statistics.median(each) for name, each in found.items()}


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    """Add up the time of kernels and matrix products while they are called."""

    def watch(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **options)
            spent[name] += time.perf_counter() - start
            return result

        return watched

    originals = {kernel: getattr(functional, kernel) for kernel in _KERNELS}
    for kernel, name in _KERNELS.items():
        setattr(functional, kernel, watch(originals[kernel], name))
    product = np.matmul
    np.matmul = watch(product, PRODUCTS)
    try:
        yield
    finally:
        np.matmul = product
        for kernel, function in originals.items():
            setattr(functional, kernel, function)


def lines(found: dict[str, float], threads: int) -> list[str]:
    """Return the table, and what the products alone would allow."""
    whole = sum(found.values())
    parts = [f"| {name} | {ms:.2f} | {ms / whole:.0%} |" for name, ms in found.items()]
    bound = BATCH / found[PRODUCTS] * 1e3
    return [
        "",
        f"Where a step of {BATCH} images goes, {threads} threads:",
        "",
        "| part | ms | |",
        "|---|--:|--:|",
        *parts,
        "",
        f"The matrix products alone (NumPy's OpenBLAS) would allow {bound:,.0f} images/s.",
    ]
