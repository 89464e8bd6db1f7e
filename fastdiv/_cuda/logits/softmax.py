"""Exponentials of logits, and two probabilities compared without cancellation.

Logits are taken relative to their row's largest one, in two parts: what one subtraction rounds away is kept. So they
may be as large as the type has them. exp(d / T) = 2^n exp(r), n whole, as csrc/kernels/logits.hpp has it.

A row's constants, of type T, begin with `ROW`: they are what `constants_of_row` makes of the numbers in float64.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, tails
from ..prims import any_lane, at_least, at_most, device, divide, fma, select
from ..tuples import Tuple, Value

STEPS_PER_UNIT, MINUS_STEP_HIGH, MINUS_STEP_LOW, INVERSE_TEMPERATURE, MOMENT_FACTOR, FAINT = range(
    6
)
LARGEST_X, LARGEST_Y, SHIFT_HIGH, SHIFT_LOW, SHIFT_STEP, SHIFT_FACTOR = range(6, 12)
ROW = 12
"""How many constants every measure of logits has."""

MOMENT_UNIT = 16.0
"""Moments about logits as low as the type has them would overflow: they are summed in this unit."""
_LN2, _LN2_LOW, _LOG2E = (
    float.fromhex(text)
    for text in ("0x1.62e42fefa39efp-1", "0x1.abc9e3b39803fp-56", "0x1.71547652b82fep+0")
)
_FAINT = {np.float32: 110.0, np.float64: 760.0}
"""exp(-faint) is 0 in the type."""
_APART = {np.float32: (2.0**-100, 30.0), np.float64: (2.0**-900, 60.0)}
"""Where p is smaller and q / p larger than exp of it, the quotient says nothing of q, and p nothing to the mixture."""
_EXTREME = {np.float32: 2.0**100, np.float64: 2.0**900}
"""Higher temperatures make all logits equal, and lower than its inverse all but the largest 0."""


def constants_of_row(T: Any) -> SimpleNamespace:
    """Return `temperature`, brought into range, and `row` of it, of the largest logits and the shift, in float64."""
    hottest, coldest = np.float64(_EXTREME[T]), np.float64(1 / _EXTREME[T])
    ln2, ln2_low, log2e = np.float64(_LN2), np.float64(_LN2_LOW), np.float64(_LOG2E)
    one, unit, faint = np.float64(1), np.float64(MOMENT_UNIT), np.float64(_FAINT[T])
    exp = functions(np.float64).exp

    @device
    def temperature_of(options: Tuple) -> Value:
        return at_most(at_least(options[2], coldest), hottest)

    @device
    def row_of(
        options: Tuple, largest_x: Value, largest_y: Value, shift: Value, step: Value
    ) -> Tuple:
        temperature = temperature_of(options)
        length = temperature * ln2
        rest = fma(temperature, ln2, -length) + temperature * ln2_low
        high, shift_high = T(length), T(shift)
        low = T((length - np.float64(high)) + rest)
        return (
            T(divide(log2e, temperature)), -high, -low, T(divide(one, temperature)),
            T(divide(one, temperature * unit)), T(faint * temperature), T(largest_x), T(largest_y),
            shift_high, T(shift - np.float64(shift_high)), T(step), T(exp(divide(shift + step, temperature))),
        )  # fmt: skip

    return SimpleNamespace(temperature=temperature_of, row=row_of)


@cache
def softmax(T: Any) -> SimpleNamespace:
    """Return functions of a row's constants and its logits."""
    c, exp_tail = constants_of(T), tails(T).exp_tail
    times_power_of_two = functions(T).times_power_of_two
    zero, one, rounding, largest = c.ZERO, c.ONE, c.ROUND, c.LARGEST
    smallest, apart = (T(bound) for bound in _APART[T])

    @device
    def subtract(a: Value, b: Value) -> Tuple:
        """Return a - b in two parts."""
        whole = a - b
        part = whole - a
        return whole, (a - (whole - part)) - (b + part)

    @device
    def below(x: Value, peak: Value, least: Value) -> Tuple:
        """Return x - peak in two parts, at least -least."""
        high, low = subtract(x, peak)
        clipped = high < -least
        return select(clipped, -least, high), select(clipped, zero, low)

    @device
    def into_steps(row: Tuple, high: Value, low: Value) -> Tuple:
        """Return (high + low) / temperature as whole steps and a small rest, in nats."""
        n = fma(high, row[STEPS_PER_UNIT], rounding) - rounding
        rest = fma(n, row[MINUS_STEP_HIGH], high)
        return n, (rest + fma(n, row[MINUS_STEP_LOW], low)) * row[INVERSE_TEMPERATURE]

    @device
    def exponential(row: Tuple, high: Value, low: Value) -> Value:
        """Return exp((high + low) / temperature) of a logit below the largest."""
        n, r = into_steps(row, high, low)
        return times_power_of_two(fma(exp_tail(r), r * r, r) + one, n)

    @device
    def probability_x(row: Tuple, x: Value) -> Value:
        """Return p of a logit of the first row, the largest being 1."""
        high, low = below(x, row[LARGEST_X], row[FAINT])
        return exponential(row, high, low)

    @device
    def probability_y(row: Tuple, y: Value) -> Value:
        """Return q of a logit of the second row, the largest being 1."""
        high, low = below(y, row[LARGEST_Y], row[FAINT])
        return exponential(row, high, low)

    @device
    def differ(row: Tuple, x: Value, y: Value) -> Tuple:
        """Return p, and (x - max x) - (y - max y) in two parts."""
        x_high, x_low = below(x, row[LARGEST_X], row[FAINT])
        y_high, y_low = below(y, row[LARGEST_Y], largest)
        high, low = subtract(x_high, y_high)
        return exponential(row, x_high, x_low), high, low + (x_low - y_low)

    @device
    def less_shift(row: Tuple, high: Value, low: Value) -> Tuple:
        """Return the difference less the shift: temperature log(p / q), in two parts."""
        first, rest = subtract(high, row[SHIFT_HIGH])
        rest = ((low - row[SHIFT_LOW]) + rest) - row[SHIFT_STEP]
        total = first + rest
        return total, rest - (total - first)

    @device
    def compare(row: Tuple, y: Value, p: Value, d: Value, d_low: Value) -> Tuple:
        """Compare p with q, which are d + d_low = temperature log(p / q) apart, on one scale.

        Returns t = log(p / q), q / p = exp(-t), expm1(-t), expm1(-t) + t where k = 0, k, q and q - p. p comes from
        its logit, q from the log-ratio, so that the difference does not cancel.
        """
        t = at_most(d * row[INVERSE_TEMPERATURE], largest)
        # exp(-t) = 2^k (1 + expm1(r)), |r| <= ln(2) / 2
        vanishes = d > row[FAINT]
        k, r = into_steps(row, -select(vanishes, row[FAINT], d), -select(vanishes, zero, d_low))
        curved = (r * r) * exp_tail(r)
        expm1_r = r + curved
        quotient = times_power_of_two(expm1_r + one, k)
        change = select(k == zero, expm1_r, quotient - one)
        q, difference = p * quotient, p * change
        # Where p has lost its digits to underflow, q has not.
        faint = (p < smallest) & (t < zero)
        if any_lane(faint):
            q = select(faint, probability_y(row, y) * row[SHIFT_FACTOR], q)
            difference = select(faint, q - p, difference)
        return t, quotient, change, curved, k, q, difference

    @device
    def are_apart(p: Value, t: Value) -> Value:
        return (p < smallest) & (t < -apart)

    return SimpleNamespace(**{name: f for name, f in locals().items() if callable(f)})
