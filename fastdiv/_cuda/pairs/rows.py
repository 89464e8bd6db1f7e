"""Rows normalised once, for all pairs: probabilities, their logarithms, their entropy in float64.

Logarithms of probabilities that are 0 are 0 here; rows that are no distributions are NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios, tails
from ..prims import any_lane, device, divide, fma, reciprocal_approximate, select
from ..probabilities.self_information import normalizing_valid
from ..rows import Measure
from ..sums import summed, total_of
from ..tuples import Tuple, Value


@device
def _quick_quotient(a: Value, b: Value) -> Value:
    """Return a / b to less than a unit in the last place, for b near 1."""
    inverse = reciprocal_approximate(b)
    quotient = a * inverse
    return fma(fma(-quotient, b, a), inverse, quotient)


@cache
def entropy_term(T: Any) -> Callable[[Value], Value]:
    """Return -m log m of a probability; a subnormal one adds nothing that counts beside entries that sum to 1."""
    c, r, tail_of = constants_of(T), ratios(T), tails(T).two_atanh_tail
    zero, one, smallest, scale, log_of = c.ZERO, c.ONE, c.SMALLEST_REGULAR, r.scale, r.log_of
    quotient = _quick_quotient if T is np.float32 else divide

    @device
    def term(m: Value) -> Value:
        m = select(m < smallest, zero, m)
        k, scaled = scale(m, one)
        difference = scaled - one
        s = quotient(difference, scaled + one)
        z = s * s
        return -m * log_of((k, scaled, difference, s, z, tail_of(z)))

    return term


@cache
def normalized_rows(T: Any, with_logarithms: bool) -> Measure:
    """Return the measure for the rows' driver: outputs are probabilities, and their logarithms; the value, the entropy."""
    c, r, log_ratio_any, own_term = (
        constants_of(T),
        ratios(T),
        functions(T).log_ratio_any,
        entropy_term(T),
    )
    zero, one, smallest = c.ZERO, c.ONE, c.SMALLEST_REGULAR
    divide_out_sum, log_of, vector = r.divide_out_sum, r.log_of, 16 // np.dtype(T).itemsize
    nothing, whole = np.float64(0), np.float64(1)
    valid = normalizing_valid(T, 1, vector)
    find_sum = valid.finish

    @device
    def initial(options: Tuple) -> Any:
        return (one, one, zero, one), (nothing, whole, whole, nothing)

    @device
    def row_of(wide: Tuple) -> Tuple:
        value, scale, high, low = wide
        return T(scale), T(high), T(low), T(divide(whole, high + low))

    @device
    def finish_sum(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        found, unused = find_sum(options, wide, state)
        own = (nothing, np.float64(found[0]), np.float64(found[1]), np.float64(found[2]))
        return row_of(own), own

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        return (own_term((x * row[0]) * row[3]),)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        return row_of(wide), (total_of(state[0], state[1]),) + wide[1:]  # noqa: RUF005

    @device
    def outputs(row: Tuple, x: Value, y: Value) -> Tuple:
        scale, high, low, inverse = row
        w = x * scale
        probability = w * inverse
        log_p = zero
        if with_logarithms:
            absent = w == zero
            log_p = log_of(divide_out_sum(w, high, low))
            special = ~(w >= smallest) & ~absent
            if any_lane(special):
                log_p = select(special, log_ratio_any(w, high), log_p)
            log_p = select(absent, zero, log_p)
        return probability, log_p + (high - high)  # NaN in a row that is no distribution

    name = f"normalized_rows_{np.dtype(T).name}{'_and_logarithms' * with_logarithms}"
    phases: tuple[Any, ...] = (
        valid._replace(finish=finish_sum),
        summed(T, 1, vector, terms, finish),
    )
    if with_logarithms:
        phases = phases[:1]
    kind = np.dtype(T).name
    return Measure(
        name, 1, kind, 0.0, initial, phases, outputs, not with_logarithms, not with_logarithms
    )
