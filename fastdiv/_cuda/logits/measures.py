"""What measures of logits share: from a survey to the shift, normalisers, and gradients of rows without a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import at_least, at_most, device, divide, fma, largest, select
from ..rows import Measure
from ..sums import Phase, lost, summed
from ..tuples import Tuple, Value
from .softmax import ROW, constants_of_row
from .survey import initial_of, surveying_one, surveying_two

COMPUTED = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float32,
    "bfloat16": np.float32,
}
VECTOR = {"float32": 8, "float64": 2, "float16": 8, "bfloat16": 8}
"""Elements that a lane takes at a time: as many in all types of 16 and 32 bits, so that they give the same bits."""

# What follows from a survey, in float64, behind the place of the value. Logits have been moved and scaled; the last
# ones are as they were. The shift is x - y where p = q, in two parts.
(
    LARGEST_X, LARGEST_Y, OFFSET_X, OFFSET_Y, SHIFT_HIGH, SHIFT_LOW, Y_AT_PEAK, X_AT_PEAK, UNDEFINED, UNCOVERED,
    UNMOVED_X, UNMOVED_Y,
) = range(1, 13)  # fmt: skip

_ROUNDING_STEP = {np.float32: 2.0**-19, np.float64: 2.0**-48}
"""In nats, and more than it is: a shift that may just as well be that of the peaks is exactly that."""

_one, _infinity, _nan = np.float64(1), np.float64(np.inf), np.float64(np.nan)
_log, _log1p = functions(np.float64).log, functions(np.float64).log1p
_zero, _least = np.float64(0), np.float64(-np.inf)


@device
def log_normalizer(count: Value, rest: Value) -> Value:
    """Return the logarithm of a sum of exponentials relative to the largest: that occurs so often, and the others."""
    return select(count == _one, _log1p(rest), _log(count + rest))


@device
def is_undefined(largest: Value) -> Value:
    """Whether a row is no distribution: it holds NaN or infinity, or no finite logit at all."""
    return ~((largest < _infinity) & (largest > _least))


@device
def parts_of_sum(a: Value, b: Value) -> Tuple:
    """Return a + b in two parts."""
    total = a + b
    return total, lost(a, b, total)


@device
def moved_of(wide: Tuple) -> Tuple:
    """Return what a row's constants are made of."""
    return (
        wide[LARGEST_X],
        wide[LARGEST_Y],
        wide[OFFSET_X],
        wide[OFFSET_Y],
        wide[SHIFT_HIGH],
        wide[SHIFT_LOW],
    )


@device
def excess_over_log1p(x: Value) -> Value:
    """Return x - log(1 + x) without cancellation."""
    total, power = _zero, x * x
    for k in range(2, 17):
        total = total + divide(power, np.float64(k))
        power = power * -x
    return select(at_least(x, -x) > np.float64(0.1), x - _log1p(x), total)


def surveyed_one(T: Any, vector: int, extra: Callable[..., Tuple]) -> Phase:
    """Return the first phase of a measure of one row; `extra(options, row, wide)` are its further constants."""
    own = constants_of_row(T)
    row_of, moving = own.row, own.moving

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        unmoved = np.float64(state[0])
        peak, offset = moving(options, unmoved)
        undefined = select(is_undefined(unmoved), _one, _zero)
        found = (
            _zero, peak, peak, offset, offset, _zero, _zero, unmoved, unmoved, undefined, _zero,
            unmoved, unmoved,
        )  # fmt: skip
        row = row_of(options, moved_of(found), _zero)
        return row + extra(options, row, found), found

    return surveying_one(T, vector, finish)


def surveyed_two(T: Any, vector: int, extra: Callable[..., Tuple]) -> Phase:
    """Return the first phase of a measure of two rows."""
    own = constants_of_row(T)
    row_of, moving, temperature_of, scale_of = own.row, own.moving, own.temperature, own.scale
    rounding_step, lowest = np.float64(_ROUNDING_STEP[T]), -constants_of(T).LARGEST

    @device
    def is_near(shift: Tuple, exact: Tuple, step: Value) -> Value:
        apart = (shift[0] - exact[0]) + (shift[1] - exact[1])
        return (apart < step) & (-apart < step)

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        unmoved_x, unmoved_y = np.float64(state[0]), np.float64(state[3])
        total_x, total_y = np.float64(state[1]), np.float64(state[4])
        y_at_peak, x_at_peak = np.float64(state[2]), np.float64(state[5])
        largest_x, offset_x = moving(options, unmoved_x)
        largest_y, offset_y = moving(options, unmoved_y)
        temperature, scale = temperature_of(options), scale_of(options)
        between = parts_of_sum(largest_x, -largest_y)
        # As kernels have it, to the bit.
        y_moved = largest(fma(T(y_at_peak), T(scale), T(offset_y)), lowest)
        at_peak = parts_of_sum(largest_x, -np.float64(y_moved))
        shift = parts_of_sum(between[0], temperature * _log(divide(total_x, total_y)))
        shift = parts_of_sum(shift[0], shift[1] + between[1])
        step = rounding_step * temperature
        near_peak, near_between = is_near(shift, at_peak, step), is_near(shift, between, step)
        high = select(near_peak, at_peak[0], select(near_between, between[0], shift[0]))
        low = select(near_peak, at_peak[1], select(near_between, between[1], shift[1]))
        # A NaN is the largest logit, if there is one; sums are not positive where all are minus infinity.
        exist = (total_x > _zero) & (total_y > _zero)
        undefined = is_undefined(unmoved_x) | is_undefined(unmoved_y) | ~exist
        found = (
            _zero, largest_x, largest_y, offset_x, offset_y, high, low, y_at_peak, x_at_peak,
            select(undefined, _one, _zero), np.float64(state[6]), unmoved_x, unmoved_y,
        )  # fmt: skip
        row = row_of(options, moved_of(found), _zero)
        return row + extra(options, row, found), found

    return surveying_two(T, vector, finish)


def factor_of(T: Any) -> Callable[..., Value]:
    """Return a function that brings a gradient's factor into the type's range; NaN of no value stays."""
    largest = np.float64(constants_of(T).LARGEST)

    @device
    def factor(slope: Value, total: Value) -> Value:
        return at_most(at_least(divide(slope, total), -largest), largest)

    return factor


@device
def defined(wide: Tuple, nats: Value) -> Value:
    """Return the value, NaN where a row is no distribution."""
    return select(wide[UNDEFINED] > _zero, _nan, nats)


def infinite_slope(T: Any, where: int, factor: int) -> dict[str, Any]:
    """Return what a gradient by x is where q = 0 < p makes the value infinite: the sign of its limit."""
    c = constants_of(T)
    zero, infinity = c.ZERO, c.INFINITY

    @device
    def is_special(row: Tuple) -> Value:
        return row[where] > zero

    @device
    def special(row: Tuple, x: Value, y: Value) -> Value:
        result = select(y == -infinity, infinity, -infinity) * row[factor]
        return select((x == -infinity) | (row[factor] == zero), zero, result)

    return {"is_special": is_special, "special": special}


def measure_of(
    name: str,
    kind: str,
    inputs: int,
    widths: tuple[int, int, int],
    extra: Any,
    terms: Any,
    finish: Any,
    gradient: Any,
    infinite: tuple[int, int] | None = None,
) -> Measure:
    """Return a measure of logits for the rows' driver: a survey, sums, gradients.

    `widths` says how many sums there are, and how many constants are behind `ROW` after each phase; `infinite` which
    of these are above 0 where the value is infinite, and the factor of its gradient by x.
    """
    T, vector = COMPUTED[kind], VECTOR[kind]
    count, first, last = widths
    survey = (surveyed_one if inputs == 1 else surveyed_two)(T, vector, extra)
    phases = (survey, summed(T, count, vector, terms, finish))
    initial = initial_of(T, constants_of_row(T).given_temperature)
    return Measure(
        f"logits_{name}_{kind}", inputs, kind, -np.inf, initial, phases, gradient,
        vector=vector, constants=(ROW + first, ROW + last), wides=UNMOVED_Y + 1, registers=128,
        **(infinite_slope(T, *infinite) if infinite else {}),
    )  # fmt: skip


@device
def no_extra(options: Tuple, row: Tuple, wide: Tuple) -> Tuple:
    """Return no further constants."""
    return ()
