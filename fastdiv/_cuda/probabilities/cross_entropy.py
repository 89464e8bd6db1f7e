"""C(p, q) = -sum p log q, with p = v / V, q = w / W: term = -v log(w / W), C = sum of terms / V.

dC/dv = (-log q - C) / V; dC/dw = (1 - p / q) / W; plain: -log q and -p / q
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import device, divide, select
from ..tuples import Tuple, Value
from .weights import Formula, Traits

TRAITS = Traits(inputs=2, terms=1)


def gradient_by_reference(T: Any, normalized: bool) -> Callable[..., Value]:
    """Return d/dq of -sum p log q as a function of p, of an entry, and of q on the scale of p."""
    c = constants_of(T)
    zero, nan = c.ZERO, c.NAN

    @device
    def slope(p: Value, entry: Value, q: Value) -> Value:
        change = (q - p) if normalized else -p
        return select(entry == zero, nan, divide(change, q))

    return slope


def make(T: Any, normalized: bool) -> Formula:
    """Return the formula."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, nan, smallest, large = c.ZERO, c.NAN, c.SMALLEST_REGULAR, c.LARGE
    divide_out_sum, log_of, by_reference = (
        r.divide_out_sum,
        r.log_of,
        gradient_by_reference(T, normalized),
    )

    @device
    def constants(weight: Value, high_p: Value, low_p: Value, high: Value, low: Value) -> Tuple:
        head = T(high)
        return head, T((high - np.float64(head)) + low), T(divide(high_p, high))

    @device
    def apply(row: Tuple, p: Value, w: Value) -> Any:
        high, low, scale = row[2], row[3], row[4]
        absent = p == zero
        log_q = log_of(divide_out_sum(w, high, low))
        special = ~(w >= select(absent, zero, smallest)) | ~(p >= zero)
        if not normalized:
            special = special | (w > large)
        return (-p * log_q, select(absent, nan, -log_q), by_reference(p, w, w * scale)), special

    @device
    def apply_special(row: Tuple, p: Value, w: Value) -> Tuple:
        log_q = log_ratio_any(w, row[2])
        absent = p == zero
        term = select(absent & (w >= zero), zero, -p * log_q)
        term = select(p >= zero, term, nan)
        return term, select(absent, nan, -log_q), by_reference(p, w, w * row[4])

    return Formula(constants, apply, apply_special)
