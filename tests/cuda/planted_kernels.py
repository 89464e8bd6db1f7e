"""Kernels that the gate must pass or refuse, whose names say what is wrong with them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdiv._cuda._kernel import Kernel, Pointer
from fastdiv._cuda.prims import fma, lane, load, load_vector, shuffle_xor, store, store_vector

LANES = 256
ZERO, HALF = np.float32(0), np.float32(0.5)
BEGIN = np.int64(0)
LIVE = 96
"""More numbers than a lane has registers."""


def sum_of_halves(x: Any, out: Any, n: Any) -> None:
    base = np.int64(0)
    total = ZERO
    while base < n:
        values = load_vector(x, base + lane() * 4, BEGIN, n, ZERO)
        for k in range(4):
            total = fma(HALF, values[k], total)
        base += LANES * 4
    store(out, lane(), total, True)


def scale_in_float64(x: Any, out: Any, n: Any) -> None:
    base = np.int64(0)
    while base < n:
        at = base + lane() * 4
        a, b, c, d = load_vector(x, at, BEGIN, n, ZERO)
        # a literal is a float64
        scaled = np.float32(0.3 * a), b, c, d
        store_vector(out, at, BEGIN, n, scaled)
        base += LANES * 4


def row_scalar_in_float64(x: Any, out: Any, n: Any) -> None:
    """Show what is allowed: the row's own numbers may be float64."""
    row = np.int64(0)
    while row < 4:
        base = np.int64(0)
        total = ZERO
        while base < n:
            values = load_vector(x, row * n + base + lane() * 4, row * n, row * n + n, ZERO)
            for k in range(4):
                total += values[k]
            base += LANES * 4
        total += shuffle_xor(total, 1)
        store(out, row * LANES + lane(), np.float32(np.float64(total) * 0.3), True)
        row += 1


def sum_of_single_loads(x: Any, out: Any, n: Any) -> None:
    base = np.int64(0)
    total = ZERO
    while base < n:
        total += load(x, base + lane(), base + lane() < n, ZERO)
        base += LANES
    store(out, lane(), total, True)


def too_many_numbers(x: Any, out: Any, n: Any) -> None:
    base = np.int64(0)
    while base < n:
        at = base + lane() * 4
        a, b, c, d = load_vector(x, at, BEGIN, n, ZERO)
        e, f, g, h = load_vector(x, at + n, BEGIN, n + n, ZERO)
        i, j, k, m = load_vector(x, at + n + n, BEGIN, n + n + n, ZERO)
        # all of them are used after all of them are known
        store_vector(out, at, BEGIN, n, (fma(a, e, i), fma(b, f, j), fma(c, g, k), fma(d, h, m)))
        store_vector(out, at + n, BEGIN, n + n, (fma(b, e, k), fma(c, f, m), fma(d, g, i), a))
        base += LANES * 4


def plant(name: str, function: Callable[..., None], lanes: int = LANES, blocks: int = 1) -> None:
    arguments = (Pointer(np.float32), Pointer(np.float32), np.int64)
    Kernel(f"planted_{name}", lambda: function, arguments, lanes, blocks_per_processor=blocks)


plant("nothing", sum_of_halves)
plant("nothing_a_row", row_scalar_in_float64)
plant("float64", scale_in_float64)
plant("scalar_load", sum_of_single_loads)
plant("spill", too_many_numbers, 1024, 2)
