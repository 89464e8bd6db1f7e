"""From two matrices to launches, under the call signature of `fastdiv._native`."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import _arrays
from .._entry_points import entropy
from .._kernel import Kernel, Pointer
from ..launching import Call, Options, unit_of
from ..launching import run as run_rows
from ..layout import ENOUGH_BLOCKS
from ..rows import Measure
from .rows import normalized_rows, scaled_rows
from .tiles import (
    LANES,
    TILE,
    PairMeasure,
    chunk_of,
    exactly,
    make,
    make_products,
    mixture_entropies,
)

Array = Any
_COUNT, _NUMBER = np.int64, np.float64
exactly_of, mixture_entropies_of = cache(exactly), cache(mixture_entropies)


@cache
def pairs_kernel(measure: PairMeasure, mode: str) -> Kernel:
    """Return the kernel of a pass over the pairs."""
    P, W = Pointer(measure.T), Pointer(np.float64)
    return Kernel(
        f"{measure.name}_{mode}",
        lambda: make(measure, mode),
        (P, P, P, W, W, P, *(_COUNT,) * 8, _NUMBER, _NUMBER),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=mode != "gather",
    )


@cache
def products_kernel(T: Any) -> Kernel:
    """Return the kernel that takes divergences from products."""
    P, W = Pointer(T), Pointer(np.float64)
    return Kernel(
        f"pairs_of_products_{np.dtype(T).name}",
        lambda: make_products(T),
        (P, P, P, P, W, _COUNT, _COUNT),
        lanes=LANES,
        vector_loads=False,
    )


class Matrix(NamedTuple):
    """Rows in memory of whole vectors, 0 behind their ends."""

    memory: Array
    rows: int
    n: int

    @property
    def stride(self) -> int:
        """Elements between rows."""
        return int(self.memory.shape[1])

    def flat(self) -> Array:
        """Return the memory as kernels take it."""
        return self.memory.reshape(-1)


def _new_matrix(like: Array) -> Matrix:
    rows, n = like.shape
    vector = 16 // like.itemsize
    stride = -(-n // vector) * vector
    make_memory = _arrays.namespace().empty if stride == n else _arrays.namespace().zeros
    return Matrix(make_memory((rows, stride), like.dtype), rows, n)


def _plain(array: Array) -> Matrix:
    """Return rows as they are."""
    matrix = _new_matrix(array)
    matrix.memory[:, : matrix.n] = array
    return matrix


def _normalized(array: Array) -> tuple[Matrix, Array]:
    """Return a matrix's probabilities, and their entropies."""
    probabilities, entropies = _new_matrix(array), _arrays.empty(array.shape[0], np.float64)
    _over_rows(normalized_rows(array.dtype.type), array, entropies, probabilities)
    return probabilities, entropies


def _scaled(array: Array) -> tuple[Matrix, Array]:
    """Return a matrix's entries, brought into range, and their sums."""
    entries, sums = _new_matrix(array), _arrays.empty(array.shape[0], np.float64)
    _over_rows(scaled_rows(array.dtype.type, False), array, sums, entries)
    return entries, sums


def _with_logarithms(array: Array) -> tuple[Matrix, Array, Matrix]:
    """Return the same, and the logarithms of shares."""
    entries, logarithms = _new_matrix(array), _new_matrix(array)
    sums = _arrays.empty(array.shape[0], np.float64)
    _over_rows(scaled_rows(array.dtype.type, True), array, sums, entries, logarithms)
    return entries, sums, logarithms


def _over_rows(
    measure: Measure, array: Array, value: Array, first: Matrix, second: Matrix | None = None
) -> None:
    output, other = (
        None if each is None else _arrays.Output(each.memory[:, : each.n])
        for each in (first, second)
    )
    run_rows(measure, Call((_arrays.rows_of(array),), None, value, (output, other), Options()))


def _run(
    measure: PairMeasure, p: Matrix, q: Matrix, value: Array, unit: float, weight: float,
    numbers: tuple[Array | None, Array | None] = (None, None),
) -> None:  # fmt: skip
    """Launch a pass over the pairs; few pairs of long rows are shared out by chunks."""
    length = chunk_of(p.n)
    chunks = -(-p.n // length)
    down, across = -(-p.rows // TILE), -(-q.rows // TILE)
    tiles = down * across

    def launch(mode: str, grid: int, slots: Array | None) -> None:
        pairs_kernel(measure, mode)(
            grid, p.flat(), q.flat(), value, *numbers, slots, p.rows, q.rows, p.n, p.stride, q.stride,
            across, chunks, length, weight, unit,
        )  # fmt: skip

    if chunks == 1 or tiles >= ENOUGH_BLOCKS:
        launch("fused", tiles, None)
        return
    slots = _arrays.empty(tiles * chunks * LANES * 2 * measure.sums, measure.T)
    launch("partial", tiles * chunks, slots)
    launch("gather", tiles, slots)


def _from_products(p: Array, q: Array, value: Array) -> tuple[Matrix, Matrix, tuple[Array, Array]]:
    """Write Kullback-Leibler divergences from matrix products, or marks; return the entries, and their sums."""
    T, xp = p.dtype.type, _arrays.namespace()
    second, sums_q, logarithms = _with_logarithms(q)
    first, sums = (second, sums_q) if p is q else _scaled(p)
    entropies = _arrays.empty(first.rows, T)
    entropy(p, entropies, 0.0, True)
    products = _arrays.product(first.memory, logarithms.memory)
    present, absent = xp.greater(first.memory, 0).astype(T), xp.equal(second.memory, 0).astype(T)
    impossible = _arrays.product(present, absent)
    matrices = (value, products.reshape(-1), impossible.reshape(-1))
    products_kernel(T)(-(-value.size // LANES), *matrices, entropies, sums, first.rows, second.rows)
    return first, second, (sums, sums_q)


class Pairwise:
    """A measure of all pairs of rows."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self,
        p: Array,
        q: Array | None,
        value: Array,
        base: float,
        normalize: bool,
        weight: float = 0.5,
    ) -> None:
        """Compute the values; without q, of p with itself."""
        if value.size == 0:
            return
        if p.shape[1] == 0:
            value[...] = 0
            return
        T, second, flat, unit = (
            p.dtype.type,
            p if q is None else q,
            value.reshape(-1),
            unit_of(base),
        )
        exact = exactly_of(T, self.name, bool(normalize))
        if not normalize:
            first = _plain(p)
            _run(exact, first, first if second is p else _plain(second), flat, unit, weight)
            return
        if self.name == "kl_divergence":
            rows_p, rows_q, numbers = _from_products(p, second, flat)
            _run(exact, rows_p, rows_q, flat, unit, weight, numbers)
        else:
            rows_p, entropies_p = _normalized(p)
            rows_q, entropies_q = (rows_p, entropies_p) if second is p else _normalized(second)
            _run(
                mixture_entropies_of(T),
                rows_p,
                rows_q,
                flat,
                1.0,
                weight,
                (entropies_p, entropies_q),
            )
            _run(exact, rows_p, rows_q, flat, unit, weight)


pairwise_kl_divergence = Pairwise("kl_divergence")
pairwise_js_divergence = Pairwise("js_divergence")
pairwise_js_distance = Pairwise("js_distance")
