"""What all pairs need of their rows, found once: probabilities and their entropies; or entries, sums and logarithms."""

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
from ..sums import Phase, summed, total_of
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


def _beginning(T: Any) -> tuple[Any, Phase]:
    """Return a measure's `initial`, and the phase that finds (prescale, sum in two parts), and the sum in float64."""
    one, zero, whole = T(1), T(0), np.float64(1)
    valid = normalizing_valid(T, 1, 16 // np.dtype(T).itemsize)
    find_sum = valid.finish

    @device
    def initial(options: Tuple) -> Any:
        return (one, one, zero), (whole,)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        found, total = find_sum(options, wide, state)
        return found[:3], total

    return initial, valid._replace(finish=finish)


@cache
def normalized_rows(T: Any) -> Measure:
    """Return the measure for the rows' driver: probabilities; the value is their entropy, in float64."""
    (initial, first), own_term, whole = _beginning(T), entropy_term(T), np.float64(1)
    vector, kind = 16 // np.dtype(T).itemsize, np.dtype(T).name
    find_sum = first.finish

    @device
    def row_of(scale: Value, total: Value) -> Tuple:
        return scale, T(divide(whole, total))

    @device
    def initial_row(options: Tuple) -> Any:
        found, total = initial(options)
        return row_of(found[0], total[0]), (total[0], np.float64(found[0]))

    @device
    def finish_sum(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        found, total = find_sum(options, wide, state)
        return row_of(found[0], total[0]), (total[0], np.float64(found[0]))

    @device
    def terms(row: Tuple, x: Value, y: Value) -> Tuple:
        return (own_term((x * row[0]) * row[1]),)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        return row_of(T(wide[1]), wide[0]), (total_of(state[0], state[1]), wide[1])

    @device
    def outputs(row: Tuple, x: Value, y: Value) -> Tuple:
        probability = (x * row[0]) * row[1]
        return probability, probability

    phases = (first._replace(finish=finish_sum), summed(T, 1, vector, terms, finish))
    return Measure(
        f"normalized_rows_{kind}", 1, kind, 0.0, initial_row, phases, outputs, True, True
    )


@cache
def scaled_rows(T: Any, with_logarithms: bool) -> Measure:
    """Return the measure for the rows' driver: entries times their prescale, and the logarithms of their shares.

    The value is the entries' sum. The logarithm of 0 is 0 here; a row that is no distribution is NaN.
    """
    c, r, log_ratio_any, kind = (
        constants_of(T),
        ratios(T),
        functions(T).log_ratio_any,
        np.dtype(T).name,
    )
    zero, smallest, divide_out_sum, log_of = c.ZERO, c.SMALLEST_REGULAR, r.divide_out_sum, r.log_of
    initial, phase = _beginning(T)

    @device
    def outputs(row: Tuple, x: Value, y: Value) -> Tuple:
        scale, high, low = row
        w = x * scale
        log_share = zero
        if with_logarithms:
            absent = w == zero
            log_share = log_of(divide_out_sum(w, high, low))
            special = ~(w >= smallest) & ~absent
            if any_lane(special):
                log_share = select(special, log_ratio_any(w, high), log_share)
            log_share = select(absent, zero, log_share)
        return w, log_share + (high - high)  # NaN in a row that is no distribution

    name = f"scaled_rows_{kind}{'_and_logarithms' * with_logarithms}"
    return Measure(name, 1, kind, 0.0, initial, (phase,), outputs, True, True)
