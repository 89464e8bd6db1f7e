"""H(X | Y) = -sum p(x, y) log(p(x, y) / p(y)): term = -w log(w / c), c the marginal's weight, in two parts.

dH/dw = (log(c / w) - H) / S; plain: log(c / w)
"""

from __future__ import annotations

from typing import Any

from ..joint.terms import COLUMNS, ROWS, TableFormula
from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import device, select
from ..tuples import Tuple, Value


def make(T: Any, by_rows: bool) -> TableFormula:
    """Return the formula; the marginal is that of the rows, or of the columns."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, one, nan, smallest = c.ZERO, c.ONE, c.NAN, c.SMALLEST_REGULAR
    divide_out_sum, log_of = r.divide_out_sum, r.log_of

    @device
    def apply(w: Value, marginal: Value, low: Value) -> Any:
        absent = w == zero
        log_conditional = log_of(divide_out_sum(w, select(absent, one, marginal), low))
        slope = select(absent, nan, -log_conditional)
        return (-w * log_conditional, slope), ~(w >= smallest) & ~absent

    @device
    def apply_special(w: Value, marginal: Value, low: Value) -> Tuple:
        log_conditional = log_ratio_any(w, marginal)
        return -w * log_conditional, -log_conditional

    return TableFormula(
        "conditional_entropy", ROWS if by_rows else COLUMNS, apply, apply_special, 0.0, False
    )
