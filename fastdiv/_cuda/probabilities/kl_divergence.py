"""KL(p | q) = sum p log(p / q), with p = v / V and q = w / W. With q scaled to the sum of p,.

    normalised: term = p log(p / q) - p + q >= 0, which sums to the same, cannot cancel over the row
                and is 0 where p = q;   KL = sum of terms / V
    plain:      term = p log(p / q)

dKL/dv = (log(p / q) - KL) / V; dKL/dw = (1 - p / q) / W; plain: log(p / q) + 1 and -p / q
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import device, divide, select
from ..tuples import Tuple, Value
from .cross_entropy import gradient_by_reference
from .weights import Formula, Traits

TRAITS = Traits(inputs=2, terms=1, center_plain=(-1.0, 0.0))


class Comparison(NamedTuple):
    """Terms and slopes of p against entry * scale."""

    regular: Any
    of_any: Any


def comparing(T: Any, normalized: bool) -> Comparison:
    """Return functions of p, an entry of the second row and its scale."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, one, nan, smallest, large = c.ZERO, c.ONE, c.NAN, c.SMALLEST_REGULAR, c.LARGE
    divide_out, log_of, bregman = r.divide_out, r.log_of, r.bregman
    by_reference = gradient_by_reference(T, normalized)

    @device
    def regular(p: Value, entry: Value, scale: Value) -> Any:
        q = entry * scale
        absent = p == zero
        safe_p = select(absent, one, p)
        ratio = divide_out(q, safe_p)
        log_qp = log_of(ratio)
        term = (
            select(absent, q, bregman(ratio, q, safe_p))
            if normalized
            else select(absent, zero, -p * log_qp)
        )
        special = ~(safe_p >= smallest) | ~(q >= select(absent, zero, smallest))
        if not normalized:
            special = special | (safe_p > large) | (q > large)
        return (term, select(absent, nan, -log_qp), by_reference(p, entry, q)), special

    @device
    def of_any(p: Value, entry: Value, scale: Value) -> Tuple:
        # q = entry * scale may underflow while p / q does not overflow
        q = entry * scale
        absent = p == zero
        log_pq = log_ratio_any(p, entry) - log_ratio_any(scale, one)
        term = select(absent & (q >= zero), zero, p * log_pq)
        if normalized:
            term = term + (q - p)
            term = select(term < zero, zero, term)
        return term, select(absent, nan, log_pq), by_reference(p, entry, q)

    return Comparison(regular, of_any)


def make(T: Any, normalized: bool) -> Formula:
    """Return the formula."""
    regular, of_any = comparing(T, normalized)

    @device
    def constants(weight: Value, high_p: Value, low_p: Value, high_q: Value, low_q: Value) -> Tuple:
        return (T(divide(high_p, high_q)),)

    @device
    def apply(row: Tuple, p: Value, q: Value) -> Any:
        return regular(p, q, row[2])

    @device
    def apply_special(row: Tuple, p: Value, q: Value) -> Tuple:
        return of_any(p, q, row[2])

    return Formula(constants, apply, apply_special)
