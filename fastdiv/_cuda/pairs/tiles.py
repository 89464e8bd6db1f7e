"""Kernels of pairs of rows: a block has a tile of pairs, each lane one of them, and goes along their entries.

A warp's pairs share few rows, whose vectors come from the first-level cache. Entries are cut into chunks whose sums
are added up in order, by the lane that has the pair, or, where pairs are few, in slots of memory after others did.
A value below 0 on the way marks a pair that has to be computed from terms that do not cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..layout import Layout
from ..prims import any_lane, block, device, divide, fma, lane, load, select, square_root, store
from ..probabilities import js_divergence, kl_divergence
from ..probabilities.weights import guarded
from ..sums import adding, plus, total_of
from ..teams import loading, storing
from ..tuples import Tuple, Value, each2, rotate
from ..vectors import vectors
from .rows import entropy_term

LANES = 256
TILE = 16
"""Rows of either matrix that a tile has."""
LEAST_CHUNK = 1024
MOST_CHUNKS = 64
CLOSE_ENTROPIES = 1.0 / 128
"""A Jensen-Shannon divergence smaller than this share of the mixture's entropy shows the roundings of entropies."""
CLOSE_PRODUCTS = {np.float32: 2.0**-5, np.float64: 2.0**-10}
"""The same of a Kullback-Leibler divergence, entropy and cross entropy."""


def chunk_of(n: int) -> int:
    """Return the length of chunks of rows of n entries."""
    return max(1, -(-n // (LEAST_CHUNK * MOST_CHUNKS))) * LEAST_CHUNK


class PairMeasure(NamedTuple):
    """A pass over the pairs."""

    name: str
    T: Any
    sums: int
    """Of a pair."""
    constants: Callable[..., Tuple]
    """(the weight, a number of each row: its sum or entropy) -> what terms have to know"""
    terms: Callable[..., Tuple]
    """(constants, p, q) -> terms of an entry"""
    conclude: Callable[..., Value]
    """(the value so far, weight, unit, the rows' numbers, sums in float64) -> the value"""
    every: bool
    """Whether all pairs are computed, or those that are marked."""
    numbered: bool
    """Whether rows have numbers; 1 otherwise."""


def mixture_entropies(T: Any) -> PairMeasure:
    """Return JS(p, q) = H(m) - w H(p) - (1 - w) H(q), m = w p + (1 - w) q: one logarithm an entry."""
    term, one, share, mark = (
        entropy_term(T),
        np.float64(1),
        np.float64(CLOSE_ENTROPIES),
        np.float64(-1),
    )

    @device
    def constants(weight: Value, own: Value, other: Value) -> Tuple:
        first = T(weight)
        return first, T(one) - first

    @device
    def terms(row: Tuple, p: Value, q: Value) -> Tuple:
        return (term(fma(row[0], p, row[1] * q)),)

    @device
    def conclude(
        so_far: Value, weight: Value, unit: Value, own: Value, other: Value, sums: Tuple
    ) -> Value:
        value = sums[0] - weight * own - (one - weight) * other
        return T(select(value <= share * sums[0], mark, value))

    return PairMeasure(
        f"pairs_of_entropies_{np.dtype(T).name}", T, 1, constants, terms, conclude, True, True
    )


def exactly(T: Any, name: str, normalized: bool) -> PairMeasure:
    """Return the pass that computes marked pairs, or all of them, from terms of the measure of rows; and the unit."""
    module = kl_divergence if name == "kl_divergence" else js_divergence
    traits, formula = module.TRAITS, module.make(T, normalized)
    both, count, of_sums = guarded(formula, traits.terms), traits.terms, formula.constants
    one, zero, unscaled, nothing = np.float64(1), np.float64(0), T(1), T(0)
    is_mixture, is_root = traits.mixture, name == "js_distance"

    @device
    def constants(weight: Value, own: Value, other: Value) -> Tuple:
        return (unscaled, unscaled) + of_sums(weight, own, zero, other, zero)  # noqa: RUF005

    @device
    def terms(row: Tuple, p: Value, q: Value) -> Tuple:
        return both(row, p, q)[:count]

    @device
    def conclude(
        so_far: Value, weight: Value, unit: Value, own: Value, other: Value, sums: Tuple
    ) -> Value:
        nats = divide(sums[0], own)
        if is_mixture:
            rest = one - weight
            first = select(weight != zero, weight * sums[0], zero)
            nats = first + select(rest != zero, rest * sums[-1], zero)
        if normalized:
            nats = select(so_far < nothing, nats, np.float64(so_far))
        value = nats * unit
        return T(square_root(value) if is_root else value)

    kind = "normalized" if normalized else "plain"
    label = f"pairs_{name}_{np.dtype(T).name}_{kind}"
    numbered = normalized and not is_mixture  # probabilities have the sum 1
    return PairMeasure(label, T, count, constants, terms, conclude, not normalized, numbered)


@device
def _place(across: Value, chunks: Value) -> Tuple:
    """Return the lane's rows and the block's chunk: a warp has 4 by 8 pairs."""
    tile = block() // chunks
    chunk = block() - tile * chunks
    down = tile // across
    right = tile - down * across
    warp, own = lane() >> np.int64(5), lane() & np.int64(31)
    i = down * np.int64(TILE) + (warp >> np.int64(1)) * np.int64(4) + (own >> np.int64(3))
    j = right * np.int64(TILE) + (warp & np.int64(1)) * np.int64(8) + (own & np.int64(7))
    return i, j, chunk


def _summing(measure: PairMeasure) -> Callable[..., Tuple]:
    """Return a function that adds up a pair's terms over a chunk."""
    T, count = measure.T, measure.sums
    vector = 16 // np.dtype(T).itemsize
    layout = Layout(team=32, lanes=LANES, chunked=False, vector=vector)
    read = vectors(layout, np.dtype(T).name, True, 0.0).read
    zeros, add, plus_each, terms = (
        (T(0),) * count,
        adding(count).add,
        each2(count, plus),
        measure.terms,
    )
    step, nothing, zero = np.int64(vector), zeros + zeros, np.int64(0)

    @device
    def sweep(
        row: Tuple, p: Any, q: Any, begin_p: Value, begin_q: Value, n: Value, first: Value, count: Value
    ) -> Tuple:  # fmt: skip
        state = nothing
        done = zero
        while done < count:
            at = first + done
            a, b = read(p, begin_p, at, n), read(q, begin_q, at, n)
            total = zeros
            for _ in range(vector):
                total = plus_each(total, terms(row, a[0], b[0]))
                a, b = rotate(a), rotate(b)
            state = add(state, total)
            done += step
        return state

    return sweep


def _totals(count: int) -> Callable[[Tuple], Tuple]:
    @device
    def one(state: Tuple) -> Tuple:
        return (total_of(state[0], state[1]),)

    @device
    def two(state: Tuple) -> Tuple:
        return total_of(state[0], state[2]), total_of(state[1], state[3])

    return one if count == 1 else two


def make(measure: PairMeasure, mode: str) -> Callable[..., None]:
    """Return the kernel: `fused`; or split, `partial` sums of chunks and what `gather`s them."""
    T, count, every = measure.T, measure.sums, measure.every
    constants, conclude, sweep, totals = (
        measure.constants,
        measure.conclude,
        _summing(measure),
        _totals(count),
    )
    merge, width = adding(count).merge, 2 * count
    nothing, zero, one, no_number = (T(0),) * width, np.int64(0), np.int64(1), np.float64(1)
    write, read, mark, lanes, words = (
        storing(width),
        loading(nothing),
        T(-1),
        np.int64(LANES),
        np.int64(LANES * width),
    )
    numbered = measure.numbered
    gathers, is_partial = mode == "gather", mode == "partial"

    @device
    def add_chunks(
        row: Tuple, p: Any, q: Any, begin_p: Value, begin_q: Value, own_n: Value,
        n: Value, chunk: Value, chunks: Value, length: Value, slots: Any,
    ) -> Tuple:  # fmt: skip
        """Return the sums of so many chunks from one on, which this lane or others added up."""
        state = nothing
        done = zero
        while done < chunks:
            if gathers:
                part = read(slots, ((chunk + done) * lanes) * np.int64(width) + lane(), lanes, True)
            else:
                left = n - done * length
                steps = length if is_partial else (length if length < left else left)
                part = sweep(row, p, q, begin_p, begin_q, own_n, (chunk + done) * length, steps)
            state = merge(state, part)
            done += one
        return state

    def kernel(
        p: Any, q: Any, value: Any, own: Any, other: Any, slots: Any, rows_p: Any, rows_q: Any, n: Any,
        stride_p: Any, stride_q: Any, across: Any, chunks: Any, length: Any, weight: Any, unit: Any,
    ) -> None:  # fmt: skip
        i, j, chunk = _place(across, chunks if is_partial else one)
        inside = (i < rows_p) & (j < rows_q)
        own_n = select(inside, n, zero)
        index = i * rows_q + j
        so_far = mark if every else load(value, index, inside, T(0))
        wanted = inside & (so_far < T(0))
        own_number = load(own, i, inside & numbered, no_number)
        other_number = load(other, j, inside & numbered, no_number)
        state = nothing
        if any_lane(wanted):
            first = chunk if is_partial else (block() * chunks if gathers else zero)
            count_of = one if is_partial else chunks
            row = constants(weight, own_number, other_number)
            state = add_chunks(
                row, p, q, i * stride_p, j * stride_q, own_n, n, first, count_of, length, slots
            )  # fmt: skip
            if is_partial:
                write(slots, block() * words + lane(), lanes, state, True)
        if not is_partial:
            result = conclude(so_far, weight, unit, own_number, other_number, totals(state))
            store(value, index, result, inside)

    return kernel


def make_products(T: Any) -> Callable[..., None]:
    """Return the kernel of KL(p | q) = sum p log p - sum p log q from the products, where that loses few digits.

    The second product is positive where q is 0 and p is not.
    """
    zero, one, infinity, mark = T(0), np.float64(1), T(np.inf), T(-1)
    close, nothing, lanes = np.float64(CLOSE_PRODUCTS[T]), np.float64(0), np.int64(LANES)

    def kernel(
        value: Any, products: Any, absent: Any, entropies: Any, sums: Any, rows_p: Any, rows_q: Any
    ) -> None:
        at = block() * lanes + lane()
        inside = at < rows_p * rows_q
        i = at // rows_q
        product = divide(np.float64(load(products, at, inside, zero)), load(sums, i, inside, one))
        negative = -np.float64(load(entropies, i, inside, zero))
        impossible = load(absent, at, inside, zero) > zero
        nats = negative - product
        size = select(negative < nothing, -negative, negative) - product
        result = T(select(nats < close * size, -one, nats))
        # with equal rows both are 0, or rounded away
        result = select(size == nothing, mark, result)
        valid = nats == nats
        store(value, at, select(impossible & valid, infinity, result), inside)

    return kernel
