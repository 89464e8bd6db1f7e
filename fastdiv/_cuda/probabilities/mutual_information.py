"""I(X; Y) = KL(p(x, y) | p(x) p(y)): terms p log(p / q) - p + q >= 0, with q = c r / S of columns' and rows' sums.

dI/dw = (log(p / (p_x p_y)) - I) / S; plain: log(p / (p_x p_y)) - 1
"""

from __future__ import annotations

from typing import Any

from ..joint.terms import BOTH, TableFormula
from ..prims import device
from ..tuples import Tuple, Value
from .kl_divergence import comparing


def make(T: Any) -> TableFormula:
    """Return the formula."""
    compare, compare_any = comparing(T, True)

    @device
    def apply(w: Value, marginal: Value, share: Value) -> Any:
        results, special = compare(w, marginal, share)
        return (results[0], results[1]), special

    @device
    def apply_special(w: Value, marginal: Value, share: Value) -> Tuple:
        results = compare_any(w, marginal, share)
        return results[0], results[1]

    return TableFormula("mutual_information", BOTH, apply, apply_special, 1.0, True)
