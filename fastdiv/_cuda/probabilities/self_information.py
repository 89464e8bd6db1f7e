"""I(x) = -log p, entry by entry, with p = w / S: both outputs of the rows' driver, the second input the cotangent c.

gradient: sum(c) / S - c / w, 0 where w is 0;   plain: -c / w
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, ratios
from ..prims import any_lane, device, divide, select, shuffle_xor
from ..rows import Measure
from ..sums import Phase, adding, total_of
from ..teams import same
from ..tuples import Tuple, Value, rotate
from .weights import normalizer, summing

_SUMS = 5
"""Numbers in the state of `summing`, before the least entry and the cotangent's sum."""


@cache
def unit_in(T: Any) -> Any:
    """Return a function of the options: the unit in the type."""

    @device
    def unit_of(options: Tuple) -> Value:
        # what another lane says is not computed again from float64 for every element
        return shuffle_xor(T(options[0]), 1)

    return unit_of


def normalizing_valid(T: Any, inputs: int, vector: int) -> Phase:
    """Return the phase that finds the row's sum, and the cotangent's sum; NaN if an entry is negative.

    What it finds are (prescale, sum in two parts, shift, unit), and the sum in float64.
    """
    zero, nan, begin, end = T(0), np.float64(np.nan), _SUMS, _SUMS + 1
    # with the cotangent the weights' sums are the same, to the bit, as without
    of_weights, of_cotangent, normalize = summing(T, 1, vector, same), adding(1), normalizer(T)
    step_weights, merge_weights = of_weights.step, of_weights.merge
    add, merge_sums = of_cotangent.add, of_cotangent.merge
    is_given, unit_of = inputs == 2, unit_in(T)

    @device
    def step(row: Tuple, state: Tuple, a: Tuple, b: Tuple) -> Tuple:
        sums = step_weights(row, state[:begin], a, a)
        least, total = state[begin], state[end:]
        for _ in range(vector):
            least = select(a[0] < least, a[0], least)
            if is_given:
                total = add(total, (b[0],))
            a, b = rotate(a), rotate(b)
        return sums + (least,) + total  # noqa: RUF005

    @device
    def merge(a: Tuple, b: Tuple) -> Tuple:
        least = select(b[begin] < a[begin], b[begin], a[begin])
        return merge_weights(a[:begin], b[:begin]) + (least,) + merge_sums(a[end:], b[end:])  # noqa: RUF005

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        high, low, scale = normalize(state[0], state[1], state[2], state[3], state[4])
        high = select(state[begin] < zero, nan, high)
        head = T(high)
        total = total_of(state[-2], state[-1]) if is_given else options[4]
        row = (
            T(scale),
            head,
            T((high - np.float64(head)) + low),
            T(divide(total, high)),
            unit_of(options),
        )
        return row, (high,)

    return Phase((zero,) * (_SUMS + 3), step, merge, finish)


@cache
def measure_of(T: Any, normalized: bool, inputs: int) -> Measure:
    """Return the measure for the rows' driver: of one input, whose cotangent is 1, or of two."""
    c, r, log_ratio_any = constants_of(T), ratios(T), functions(T).log_ratio_any
    zero, one, nan, infinity, smallest, large = (
        c.ZERO,
        c.ONE,
        c.NAN,
        c.INFINITY,
        c.SMALLEST_REGULAR,
        c.LARGE,
    )
    divide_out_sum, log_of, is_given = r.divide_out_sum, r.log_of, inputs == 2
    nothing, unit_of = np.float64(0), unit_in(T)

    @device
    def initial(options: Tuple) -> Any:
        return (one, one, zero, zero, unit_of(options)), (nothing,)

    @device
    def outputs(row: Tuple, x: Value, y: Value) -> Tuple:
        scale, high, low, shift, unit = row
        w = x * scale
        log_p = log_of(divide_out_sum(w, high, low))
        special = ~(w >= smallest) & (w != zero)
        if not normalized:
            special = special | (w > large)
        if any_lane(special):
            log_p = select(special, log_ratio_any(w, high), log_p)
        log_p = select(w == zero, -infinity, log_p)
        change = y if is_given else one
        slope = select(w > zero, (shift - divide(change, w)) * unit, nan)
        slope = select(w == zero, zero, slope) * scale
        valid = high == high
        return select(valid, (zero - log_p) * unit, nan), select(valid, slope, nan)

    phases = (normalizing_valid(T, inputs, 16 // np.dtype(T).itemsize),) if normalized else ()
    kind = np.dtype(T).name
    parts = ("self_information", kind, "normalized" if normalized else "plain", "given" * is_given)
    label = "_".join(filter(None, parts))
    return Measure(label, inputs, kind, 0.0, initial, phases, outputs, has_value=False)
