"""H(p) = -sum p log p, with p = w / S: term = -w log(w / S), H = sum of terms / S.

dH/dw = (-log p - H) / S; plain (S = 1): -log p - 1
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import device, select
from ..tuples import Tuple, Value
from .weights import Formula, Traits

TRAITS = Traits(inputs=1, terms=1, center_plain=(1.0, 0.0))


def make(T: Any, normalized: bool) -> Formula:
    """Return the formula."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, nan, smallest, large = c.ZERO, c.NAN, c.SMALLEST_REGULAR, c.LARGE
    divide_out_sum, log_of = r.divide_out_sum, r.log_of

    @device
    def constants(weight: Value, high: Value, low: Value, high_y: Value, low_y: Value) -> Tuple:
        head = T(high)
        return head, T((high - np.float64(head)) + low)

    @device
    def apply(row: Tuple, w: Value, unused: Value) -> Any:
        high, low = row[2], row[3]
        log_p = log_of(divide_out_sum(w, high, low))  # exact to the last bit where w is nearly S
        special = ~(w >= smallest) & (w != zero)
        if not normalized:
            special = special | (w > large)
        term = -w * log_p  # 0 at w = 0, where log_p is some finite number
        return (term, select(w == zero, nan, -log_p), zero), special

    @device
    def apply_special(row: Tuple, w: Value, unused: Value) -> Tuple:
        log_p = log_ratio_any(w, row[2])
        return -w * log_p, -log_p, zero

    return Formula(constants, apply, apply_special)
