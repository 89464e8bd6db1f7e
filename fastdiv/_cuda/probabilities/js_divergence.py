"""JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q; both are normalised first.

    terms = p log(p / m) - p + m >= 0 and q log(q / m) - q + m >= 0: what they add to p log(p / m) and
    q log(q / m) cancels within each entry, so the same terms serve the plain formula.

dJS/dv = w (log(p / m) - KL(p | m)) / V; dJS/dw = (1 - w) (log(q / m) - KL(q | m)) / W
plain: w log(p / m) and (1 - w) log(q / m)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import device, divide, fma, select
from ..tuples import Tuple, Value
from .weights import Formula, Traits

TRAITS = Traits(inputs=2, terms=2, mixture=True, scales_each=True, center_term=(0, 1))


def make(T: Any, normalized: bool) -> Formula:
    """Return the formula."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, one, nan, smallest, large, up, down = (
        c.ZERO, c.ONE, c.NAN, c.SMALLEST_REGULAR, c.LARGE, c.UP, c.DOWN
    )  # fmt: skip
    divide_out_known, log_of, bregman = r.divide_out_known, r.log_of, r.bregman
    unit = np.float64(1)

    @device
    def constants(weight: Value, high_p: Value, low_p: Value, high_q: Value, low_q: Value) -> Tuple:
        first = T(weight)
        rest = one - first
        # with p and q above it the mixture is a normal number too
        tiny = divide(smallest, select(first < rest, first, rest))
        return T(divide(unit, high_p)), T(divide(unit, high_q)), first, rest, tiny

    @device
    def against_mixture(x: Value, m: Value, step: Value) -> Tuple:
        """Return one distribution's term and log(x / m); the mixture is m = x + step."""
        absent = x == zero
        safe_x = select(absent, one, x)
        ratio = divide_out_known(m, safe_x, step)
        return select(absent, m, bregman(ratio, m, safe_x)), -log_of(ratio)

    @device
    def against_mixture_any(entry: Value, scale: Value, m: Value, step: Value) -> Tuple:
        """Return the same for any x = entry * scale."""
        x = entry * scale
        term, log_xm = against_mixture(x, m, step)
        faint = (x < smallest) & (entry != zero)
        log_any = log_ratio_any(entry, m) + log_ratio_any(scale, one)
        any_term = fma(x, log_any, step)
        any_term = select(any_term < zero, zero, any_term)
        return select(faint, any_term, term), select(faint, log_any, log_xm)

    @device
    def apply(row: Tuple, x: Value, y: Value) -> Any:
        scale_p, scale_q, weight, rest, tiny = row[2], row[3], row[4], row[5], row[6]
        p, q = x * scale_p, y * scale_q
        m = fma(weight, p, rest * q)
        term_p, log_pm = against_mixture(p, m, rest * (q - p))
        term_q, log_qm = against_mixture(q, m, weight * (p - q))
        special = (~(p >= tiny) & (x != zero)) | (~(q >= tiny) & (y != zero))
        if not normalized:
            special = special | (p > large) | (q > large)
        slope_p, slope_q = select(x == zero, nan, log_pm), select(y == zero, nan, log_qm)
        return (term_p, term_q, slope_p, slope_q), special

    @device
    def apply_special(row: Tuple, x: Value, y: Value) -> Tuple:
        # Two subnormal entries would lose their mixture to rounding, two very large ones could overflow.
        scale_p, scale_q, weight, rest, tiny = row[2], row[3], row[4], row[5], row[6]
        p, q = x * scale_p, y * scale_q
        faint, huge = (p < tiny) & (q < tiny), (p > large) | (q > large)
        lift, drop = (
            select(faint, up, select(huge, down, one)),
            select(faint, down, select(huge, up, one)),
        )
        v, w = x * lift, y * lift
        p, q = v * scale_p, w * scale_q
        m = fma(weight, p, rest * q)
        term_p, log_pm = against_mixture_any(v, scale_p, m, rest * (q - p))
        term_q, log_qm = against_mixture_any(w, scale_q, m, weight * (p - q))
        valid = (p >= zero) & (q >= zero)
        slope_p, slope_q = select(x == zero, nan, log_pm), select(y == zero, nan, log_qm)
        return select(valid, term_p * drop, nan), term_q * drop, slope_p, slope_q

    return Formula(constants, apply, apply_special)
