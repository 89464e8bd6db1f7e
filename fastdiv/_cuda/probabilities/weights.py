"""Measures of weights on the rows' driver: the sums that normalise, the terms, the value, the centred gradient.

A measure is a `Traits` and a formula: `constants` from the sums, `apply`, right for regular numbers and 0, and
`apply_special` for the lanes that `apply` says it is not right for. Both return terms and slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..math import constants as constants_of
from ..prims import any_lane, as_bits, as_float, device, divide, select, square_root
from ..rows import Measure
from ..sums import Phase, adding, lost, plus, summed, total_of
from ..tuples import Tuple, Value, choose, each2, each_with, rotate


class Traits(NamedTuple):
    """How terms become a value, and slopes a gradient; the same as in csrc/kernels/table.hpp."""

    inputs: int
    terms: int
    mixture: bool = False
    """value = weight * sums[0] + (1 - weight) * sums[1], not sums[0]"""
    scales_each: bool = False
    """every input is divided by its sum; otherwise the second by sum / sum of the first"""
    square_root: bool = False
    center_term: tuple[int, int] = (0, -1)
    """normalised gradient: slope - sums[term] (none: -1)"""
    center_plain: tuple[float, float] = (0.0, 0.0)


class Formula(NamedTuple):
    """A measure's own functions; `row` is (prescale of x, of y, *constants)."""

    constants: Callable[..., Tuple]
    """(weight, high and low part of the first sum, of the second) in float64 -> numbers of type T"""
    apply: Callable[..., Any]
    """(row, p, q) -> (terms and two slopes, special lanes)"""
    apply_special: Callable[..., Tuple]
    """(row, p, q) -> terms and two slopes"""


MODERATE = {np.float32: (2.0**-30, 2.0**40), np.float64: (2.0**-300, 2.0**300)}
FARTHEST = {np.float32: 2.0**120, np.float64: 2.0**1000}
"""A prescale at most; its inverse at least."""


def guarded(formula: Formula, count: int) -> Callable[..., Tuple]:
    """Return terms and slopes of any numbers."""
    apply, apply_special, pick = formula.apply, formula.apply_special, choose(count + 2, select)

    @device
    def both(row: Tuple, x: Value, y: Value) -> Tuple:
        p, q = x * row[0], y * row[1]
        results, special = apply(row, p, q)
        if any_lane(special):
            results = pick(special, apply_special(row, p, q), results)
        return results

    return both


@device
def times(a: Value, b: Value) -> Value:
    """Return the rounded product."""
    return a * b


@device
def larger(a: Value, b: Value) -> Value:
    """Return the larger number; NaN in b counts as nothing."""
    return select(b > a, b, a)


def normalizer(T: Any) -> Callable[..., Tuple]:
    """Return a function of the two sums and the largest entry: the sum in two parts, and the prescale, in float64.

    A prescale is a power of two that brings the sum of subnormal or very large entries into the middle of the range.
    The second sum is of entries divided by 2^64, for sums that overflow. Where it is no sum of weights it is NaN.
    """
    least, most = (np.float64(bound) for bound in MODERATE[T])
    farthest = np.float64(FARTHEST[T])
    nearest = np.float64(1 / FARTHEST[T])
    zero, one, up, nan = np.float64(0), np.float64(1), np.float64(2.0**64), np.float64(np.nan)
    down, infinity = np.float64(2.0**-64), np.float64(np.inf)
    exponents, twice_bias = np.uint64(0x7FF << 52), np.uint64((2 * 1023) << 52)

    @device
    def inverse_power_of_two(x: Value) -> Value:
        inside = select((x >= nearest) & (x <= farthest), x, one)
        power = as_float(np.uint64(twice_bias - np.uint64(as_bits(inside) & exponents)))
        return select(x < nearest, farthest, select(x > farthest, nearest, power))

    @device
    def normalize(
        high: Value, low: Value, far_high: Value, far_low: Value, largest: Value
    ) -> Tuple:
        head, tail = np.float64(high), np.float64(low)
        overflows = ~(head - head == zero)
        head, tail = (
            select(overflows, np.float64(far_high), head),
            select(overflows, np.float64(far_low), tail),
        )
        total = head + tail
        rest = lost(head, tail, total)
        moderate = (total >= least) & (total <= most) & ~overflows
        back = select(overflows, down, one)
        scale = inverse_power_of_two(total) * back
        scale = select(scale < nearest, nearest, scale)
        scale = select(moderate, one, scale)
        top = np.float64(largest)
        valid = moderate | ((total >= zero) & (top > zero) & (top < infinity))
        lift = select(overflows, up, one)
        return select(valid, (total * scale) * lift, nan), (rest * scale) * lift, scale

    return normalize


def summing(T: Any, inputs: int, vector: int, finish: Any) -> Phase:
    """Return the phase that finds the sums of inputs, in two parts, also divided by 2^64, and the largest entries."""
    c = constants_of(T)
    down, zeros, width = c.DOWN, (c.ZERO,) * inputs, 2 * inputs
    twice = 2 * width  # a slice's bounds are constants
    own = adding(inputs)
    add, merge_sums = own.add, own.merge
    plus_each, scale_each = each2(inputs, plus), each_with(inputs, times)
    larger_each = each2(inputs, larger)

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        exact, far, largest = state[:width], state[width:twice], state[twice:]
        scaled = zeros
        for _ in range(vector):
            entries = (a[0], b[0])[:inputs]
            exact = add(exact, entries)
            scaled = plus_each(scaled, scale_each(entries, down))
            largest = larger_each(largest, entries)
            a, b = rotate(a), rotate(b)
        return exact + add(far, scaled) + largest

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        exact = merge_sums(a[:width], b[:width])
        far = merge_sums(a[width:twice], b[width:twice])
        return exact + far + larger_each(a[twice:], b[twice:])

    return Phase(zeros * 5, step, merge, finish)


def row_of_sums(T: Any, formula: Formula) -> Callable[..., Tuple]:
    """Return a function of options and sums: what terms have to know of their row."""
    make_constants = formula.constants

    @device
    def row_of(options: Tuple, wide: Tuple) -> Tuple:
        _value, high_x, low_x, scale_x, high_y, low_y, scale_y = wide
        own = make_constants(options[1], high_x, low_x, high_y, low_y)
        return (T(scale_x), T(scale_y)) + own  # noqa: RUF005

    return row_of


def normalizing(T: Any, inputs: int, vector: int, formula: Formula) -> Phase:
    """Return the first phase of a normalised measure."""
    normalize, row_of = normalizer(T), row_of_sums(T, formula)
    zero, one = np.float64(0), np.float64(1)

    @device
    def finish_one(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        high, low, far_high, far_low, largest = state
        sums = (zero,) + normalize(high, low, far_high, far_low, largest) + (one, zero, one)  # noqa: RUF005
        return row_of(options, sums), sums

    @device
    def finish_two(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        high_x, high_y, low_x, low_y, far_x, far_y, far_low_x, far_low_y, largest_x, largest_y = (
            state
        )
        first = normalize(high_x, low_x, far_x, far_low_x, largest_x)
        sums = (zero,) + first + normalize(high_y, low_y, far_y, far_low_y, largest_y)  # noqa: RUF005
        return row_of(options, sums), sums

    return summing(T, inputs, vector, finish_one if inputs == 1 else finish_two)


def evaluating(T: Any, traits: Traits, normalized: bool, formula: Formula) -> Callable[..., Any]:
    """Return what follows from the sums of terms: the value, and centres and factors of the gradients."""
    row_of = row_of_sums(T, formula)
    count, is_mixture, is_root, scales_each = (
        traits.terms, traits.mixture, traits.square_root, traits.scales_each
    )  # fmt: skip
    zero, one, two = np.float64(0), np.float64(1), np.float64(2)
    plain = tuple(np.float64(center) for center in traits.center_plain)
    term_x, term_y = traits.center_term
    plain_x, plain_y = plain

    @device
    def mean_of(sums: Tuple, term: Value) -> Value:
        return sums[0] if term == 0 else sums[-1]

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        unit, weight, _temperature, slope, _n = options
        high_x, high_y = wide[1], wide[4]
        whole_sum = one if scales_each else high_x
        first = divide(total_of(state[0], state[count]), whole_sum)
        second = divide(total_of(state[count - 1], state[-1]), whole_sum)
        share_x = weight if is_mixture else one
        share_y = (one - weight) if is_mixture else one
        nats = first
        if is_mixture:
            nats = select(share_x != zero, share_x * first, zero) + select(
                share_y != zero, share_y * second, zero
            )
        value = nats * unit
        slope = slope * unit
        if is_root:
            value = square_root(value)
            slope = select(value > zero, divide(slope, two * value), zero)
        center_x, center_y = plain_x, plain_y
        if normalized:
            center_x = mean_of((first, second), term_x) if term_x >= 0 else zero
            center_y = mean_of((first, second), term_y) if term_y >= 0 else zero
        factor_x, factor_y = divide(slope * share_x, high_x), divide(slope * share_y, high_y)
        result = (value,) + wide[1:]  # noqa: RUF005
        row = row_of(options, wide) + (T(center_x), T(factor_x), T(center_y), T(factor_y), T(value))  # noqa: RUF005
        return row, result

    return finish


def differentiating(T: Any, both: Callable[..., Tuple]) -> Callable[..., Tuple]:
    """Return a function of a row and its elements: the gradients' elements."""
    c = constants_of(T)
    zero, nan, infinity = c.ZERO, c.NAN, c.INFINITY

    @device
    def finish_slope(
        slope: Value, center: Value, factor: Value, scale: Value, value: Value
    ) -> Value:
        difference = select(slope == infinity, slope, slope - center)
        result = select(
            slope == slope, (difference * factor) * scale, zero
        )  # NaN stands for an entry of 0
        return select(value == value, result, nan)

    @device
    def gradient(row: Tuple, x: Value, y: Value) -> Tuple:
        results = both(row, x, y)
        value = row[-1]
        by_x = finish_slope(results[-2], row[-5], row[-4], row[0], value)
        return by_x, finish_slope(results[-1], row[-3], row[-2], row[1], value)

    return gradient


@cache
def measure_of(
    name: str, T: Any, normalized: bool, traits: Traits, make: Callable[..., Formula]
) -> Measure:
    """Return a measure of weights for the rows' driver; `make(T, normalized)` makes its formula."""
    formula = make(T, normalized)
    both, vector, count = guarded(formula, traits.terms), 16 // np.dtype(T).itemsize, traits.terms
    row_of = row_of_sums(T, formula)
    zero, one = np.float64(0), np.float64(1)

    @device
    def initial(options: Tuple) -> Any:
        sums = (zero, one, zero, one, one, zero, one)
        return row_of(options, sums), sums

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        return both(row, x, y)[:count]

    finish = evaluating(T, traits, normalized, formula)
    phases: tuple[Phase, ...] = (summed(T, count, vector, terms, finish),)
    if normalized:
        phases = (normalizing(T, traits.inputs, vector, formula), *phases)
    kind = np.dtype(T).name
    label = f"{name}_{kind}_{'normalized' if normalized else 'plain'}"
    return Measure(label, traits.inputs, kind, 0.0, initial, phases, differentiating(T, both))
