"""Exponentials of logits, and two probabilities compared without cancellation, as csrc/kernels/logits.hpp has them.

No logit is reduced by a maximum: x / T is n whole steps of ln 2 and a small rest straight away, which loses nothing,
and the powers of two are counted from a row's own exponent. Where that would be too many steps to count, the largest
logit is taken off first, which is exact for all that have a probability beside it. Temperatures above 2 are brought
below by a power of two, by which the logits are multiplied too, so that their differences do not overflow.

A row's constants, of type T, begin with `ROW` ones: they are what `constants_of_row` makes of numbers in float64.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions, tails
from ..prims import (
    absolute,
    as_bits,
    as_float,
    at_least,
    at_most,
    device,
    divide,
    exp2_approximate,
    fma,
    largest,
    select,
)
from ..tuples import Tuple, Value

STEPS_PER_UNIT, MINUS_STEP_HIGH, MINUS_STEP_LOW, INVERSE_TEMPERATURE, MOMENT_FACTOR, SCALE = range(
    6
)
OFFSET_X, OFFSET_Y, FLOOR, LARGEST_X, LARGEST_Y, MAGIC_X, MAGIC_Y, RESIDUAL = range(6, 14)
SHIFT_HIGH, SHIFT_LOW, SHIFT_STEP, STEPS_LOW, REST_X, REST_Y = range(14, 20)
ROW = 20
"""How many constants every measure of logits has. Logits in them have been moved and scaled, as `move_x` does."""

MOMENT_UNIT = 16.0
"""Moments about logits as low as the type has them would overflow: they are summed in this unit."""
_LN2, _LN2_LOW, _LOG2E = (
    float.fromhex(text)
    for text in ("0x1.62e42fefa39efp-1", "0x1.abc9e3b39803fp-56", "0x1.71547652b82fep+0")
)
_FAINT = {np.float32: 120.0, np.float64: 760.0}
"""exp(-faint) is 0 in the type."""
_LIFT = {np.float32: 64.0, np.float64: 160.0}
"""Powers of two are counted from here, and taken back by a product: subnormal numbers are rounded once."""
_LEAST_STEPS = {np.float32: 180.0, np.float64: 1140.0}
"""Probabilities of so many steps less than the largest one are 0."""
_MOST_STEPS = {np.float32: 2.0**18, np.float64: 2.0**45}
"""So many are counted without error."""
_EXTREME = {np.float32: 2.0**100, np.float64: 2.0**900}
"""Higher temperatures make all logits equal, and lower than its inverse all but the largest 0."""

_COLDEST = {np.float32: 2.0**-100, np.float64: 2.0**-1022}


@cache
def constants_of_row(T: Any) -> SimpleNamespace:
    """Return functions of numbers in float64: `temperature` and `scale`, `moving`, and `row`, the constants."""
    hottest, coldest = np.float64(_EXTREME[T]), np.float64(_COLDEST[T])
    ln2, ln2_low, log2e = np.float64(_LN2), np.float64(_LN2_LOW), np.float64(_LOG2E)
    zero, one, unit = np.float64(0), np.float64(1), np.float64(MOMENT_UNIT)
    large, cold, lift = np.float64(1e6), np.float64(2.0**-900), np.float64(2.0**122)
    faint, most_steps = np.float64(_FAINT[T]), np.float64(_MOST_STEPS[T])
    wide_rounding = constants_of(np.float64).ROUND
    lifted = np.float64(float(constants_of(T).ROUND) + _LIFT[T])
    exponent_bits, exp = np.uint64(0x7FF << 52), functions(np.float64).exp

    lowest = -constants_of(T).LARGEST

    @device
    def once(x: Value) -> Value:
        """Return x, converted in front of loops: compilers take nothing but the conversion into them."""
        return largest(x, lowest)

    @device
    def given_temperature(options: Tuple) -> Value:
        return at_most(at_least(options[2], coldest), hottest)

    @device
    def scale_of(options: Tuple) -> Value:
        """Return the power of two that brings a temperature above 1 into [1, 2), and one below 2^-900 above."""
        temperature = given_temperature(options)
        power = as_float(np.uint64(as_bits(temperature) & exponent_bits))
        lifted_up = select(temperature < cold, lift, one)
        return select(temperature < one, lifted_up, divide(one, power))

    @device
    def temperature_of(options: Tuple) -> Value:
        return given_temperature(options) * scale_of(options)

    @device
    def colder(options: Tuple, nats: Value) -> Value:
        """Return a value at the temperature that was given, if that is too low to compute with."""
        is_colder = (options[2] < coldest) & (nats > large)
        return select(is_colder, nats * divide(coldest, options[2]), nats)

    @device
    def moving(options: Tuple, largest: Value) -> Tuple:
        """Return a row's largest logit when it has been scaled and moved, and what is added to move it."""
        scaled = largest * scale_of(options)
        steps = scaled * divide(log2e, temperature_of(options))
        countable = at_least(steps, -steps) < most_steps
        return select(countable, scaled, zero), select(countable, zero, -scaled)

    @device
    def constants(options: Tuple, moved: Tuple, step: Value) -> Tuple:
        """Return the constants before the residual, the residual in nats, and those behind it."""
        temperature = temperature_of(options)
        inverse = divide(one, temperature)
        largest_x, largest_y, offset_x, offset_y, shift_high, shift_low = moved
        length = temperature * ln2
        rest = fma(temperature, ln2, -length) + temperature * ln2_low
        high, first = T(length), T(shift_high)
        low = T((length - np.float64(high)) + rest)
        steps_per_unit = log2e * inverse
        steps_x = (largest_x * steps_per_unit + wide_rounding) - wide_rounding
        steps_shift = (shift_high * steps_per_unit + wide_rounding) - wide_rounding
        residual = fma(-steps_shift, length, shift_high) - steps_shift * rest
        before = (
            T(steps_per_unit), -high, -low, T(inverse), T(divide(inverse, unit)), T(scale_of(options)),
            T(offset_x), T(offset_y), T(largest_x - faint * temperature), once(T(largest_x)), once(T(largest_y)),
            T(lifted - steps_x), T(lifted - (steps_x - steps_shift)),
        )  # fmt: skip
        # In steps behind the row's exponent: the largest logit of x, and that of y when it has been shifted.
        rest_x = largest_x * steps_per_unit - steps_x
        between = ((largest_y - largest_x) + shift_high) + (shift_low + step)
        behind = (
            first, T((shift_high - np.float64(first)) + shift_low), T(step),
            T(steps_per_unit - np.float64(before[0])), T(rest_x), T(rest_x + between * steps_per_unit),
        )  # fmt: skip
        return before, ((residual + shift_low) + step) * inverse, behind

    @device
    def row_of(options: Tuple, moved: Tuple, step: Value) -> Tuple:
        """Return a row's constants: of the largest logits and their offsets, the shift in two parts and a step."""
        before, residual, behind = constants(options, moved, step)
        return before + (T(exp(residual)),) + behind  # noqa: RUF005

    return SimpleNamespace(
        given_temperature=given_temperature, temperature=temperature_of, scale=scale_of, moving=moving, row=row_of,
        colder=colder,
    )  # fmt: skip


@cache
def exponentials(T: Any) -> SimpleNamespace:
    """Return `power`: exp(x / T) of a moved logit, counted from an exponent, times a factor.

    In float32 no logit may be further below the exponent than `FLOOR` is.
    """
    c, tail_of = constants_of(T), tails(T).exp_tail
    zero, one, word, shift = c.ZERO, c.ONE, c.word, c.word(c.mantissa_bits)
    has_floor = T is np.float32
    least, lower = T(float(c.ROUND) + _LIFT[T] - _LEAST_STEPS[T]), T(2.0 ** -_LIFT[T])

    @device
    def times_power(x: Value, steps: Value) -> Value:
        """Return x 2^n of n + ROUND + LIFT, rounded once where that is subnormal."""
        return as_float(word(as_bits(x) + word(as_bits(steps) << shift))) * lower

    @device
    def steps_of(row: Tuple, x: Value, magic: Value) -> Tuple:
        """Return n as `times_power` takes it, and x less n steps."""
        counted = fma(x, row[STEPS_PER_UNIT], magic)
        n = counted - magic
        return counted, fma(n, row[MINUS_STEP_LOW], fma(n, row[MINUS_STEP_HIGH], x))

    @device
    def power(row: Tuple, x: Value, magic: Value, factor: Value) -> Value:
        counted, rest = steps_of(row, x, magic)
        r = rest * row[INVERSE_TEMPERATURE]
        result = times_power(fma(fma(tail_of(r), r, one), r, one) * factor, counted)
        if has_floor:
            return result
        return select(counted >= least, result, zero)

    @device
    def quick(row: Tuple, x: Value, magic: Value) -> Value:
        """Return the same, a unit less exact: the hardware's exponential takes the rest."""
        counted, rest = steps_of(row, x, magic)
        return times_power(exp2_approximate(rest * row[STEPS_PER_UNIT]), counted)

    return SimpleNamespace(power=power, quick=quick, one=one)


@cache
def softmax(T: Any) -> SimpleNamespace:
    """Return functions of a row's constants and its logits."""
    c, e = constants_of(T), exponentials(T)
    one, zero, lowest = c.ONE, c.ZERO, -c.LARGEST
    power, no_residual = e.power, e.one
    shrink = shrinking(T)

    @device
    def move_x(row: Tuple, x: Value) -> Value:
        return largest(fma(x, row[SCALE], row[OFFSET_X]), row[FLOOR])

    @device
    def move_y(row: Tuple, y: Value) -> Value:
        return largest(fma(y, row[SCALE], row[OFFSET_Y]), lowest)

    @device
    def probability_x(row: Tuple, x: Value) -> Value:
        """Return p of a moved logit, the largest one being about 1."""
        return power(row, x, row[MAGIC_X], no_residual)

    @device
    def subtract(x: Value, y: Value) -> Tuple:
        """Return x - y in two parts (D. E. Knuth, The Art of Computer Programming, vol. 2, 4.2.2, theorem B)."""
        whole = x - y
        part = whole - x
        return whole, (x - (whole - part)) - (y + part)

    @device
    def apart(row: Tuple, whole: Value, lost: Value) -> Value:
        """Return x - y less the shift; gradients have a step behind it, which is not lost so."""
        return (whole - row[SHIFT_HIGH]) + (lost - row[SHIFT_LOW])

    @device
    def apart_behind_step(row: Tuple, whole: Value, lost: Value) -> Value:
        return (whole - row[SHIFT_HIGH]) + ((lost - row[SHIFT_LOW]) - row[SHIFT_STEP])

    @device
    def log_ratio(row: Tuple, d: Value) -> Tuple:
        """Return t = log(p / q), exp(-|t|), that less 1, that plus |t| where it is close, and whether it is."""
        t = -largest(d * -row[INVERSE_TEMPERATURE], lowest)
        ratio, change, curved, close = shrink(row, d, t)
        return t, ratio, change, curved, close

    @device
    def compare(row: Tuple, x: Value, y: Value, d: Value) -> Tuple:
        """Compare p with q on one scale, so that neither they nor their difference loses digits.

        Returns t = log(p / q), whether q is larger, the larger one, exp(-|t|), that less 1, that plus |t| where it is
        close, and whether it is.
        """
        of_q = d < zero
        magic, residual = (
            select(of_q, row[MAGIC_Y], row[MAGIC_X]),
            select(of_q, row[RESIDUAL], no_residual),
        )
        larger = power(row, select(of_q, y, x), magic, residual)
        t, ratio, change, curved, close = log_ratio(row, d)
        return t, of_q, larger, ratio, change, curved, close

    @device
    def p_of(pair: Tuple) -> Value:
        return pair[2] * select(pair[1], pair[3], one)

    @device
    def q_of(pair: Tuple) -> Value:
        return pair[2] * select(pair[1], one, pair[3])

    @device
    def difference_of(pair: Tuple) -> Value:
        """Return q - p."""
        return pair[2] * select(pair[1], -pair[4], pair[4])

    return SimpleNamespace(**{name: f for name, f in locals().items() if callable(f)})


def shrinking(T: Any) -> Any:
    """Return a function of d and t = d / T: exp(-|t|), that less 1, that plus |t| where close, and whether it is."""
    c, e = constants_of(T), exponentials(T)
    one, power, to_one, lifted = c.ONE, e.power, T(1), T(float(c.ROUND) + _LIFT[T])
    tail_to_one = tails(np.float32).exp_tail_to_one

    @device
    def quick(row: Tuple, d: Value, t: Value) -> Tuple:
        # A relative error of |t| ulp, which counts no more than exp(-|t|) does beside 1.
        ratio = exp2_approximate(-(absolute(d) * row[STEPS_PER_UNIT]))
        size = absolute(t)
        close = size < to_one
        curved = (size * size) * tail_to_one(-size)
        return ratio, select(close, curved - size, ratio - one), curved, close

    if T is np.float32:
        return quick
    tail_of, near = tails(T).exp_tail, T(0.34)

    @device
    def accurate(row: Tuple, d: Value, t: Value) -> Tuple:
        size = absolute(t)
        close = size < near
        ratio = power(row, -absolute(d), lifted, one)
        curved = (size * size) * tail_of(-size)
        return ratio, select(close, curved - size, ratio - one), curved, close

    return accurate
