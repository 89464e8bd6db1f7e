"""What measures of logits share: from a survey to the shift, normalisers, and gradients of rows without a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..math import constants as constants_of
from ..math import functions
from ..prims import at_least, at_most, device, divide, select
from ..rows import Measure
from ..sums import Phase, summed
from ..tuples import Tuple, Value
from .softmax import constants_of_row
from .survey import initial_of, surveying_one, surveying_two

COMPUTED = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float32,
    "bfloat16": np.float32,
}
VECTOR = {"float32": 4, "float64": 2, "float16": 8, "bfloat16": 8}

# What follows from a survey of two rows, in float64, behind the place of the value.
LARGEST_X, LARGEST_Y, SHIFT, Y_AT_PEAK, X_AT_PEAK, UNDEFINED, UNCOVERED = range(1, 8)

_one, _infinity, _nan = np.float64(1), np.float64(np.inf), np.float64(np.nan)
_log, _log1p = functions(np.float64).log, functions(np.float64).log1p
_zero, _least = np.float64(0), np.float64(-np.inf)


@device
def log_normalizer(count: Value, rest: Value) -> Value:
    """Return the logarithm of a sum of exponentials relative to the largest: that occurs so often, and the others."""
    return select(count == _one, _log1p(rest), _log(count + rest))


@device
def is_undefined(largest: Value) -> Value:
    """Whether a row is no distribution: it holds infinity, or no finite logit at all."""
    return (largest == _infinity) | (largest == _least)


@device
def excess_over_log1p(x: Value) -> Value:
    """Return x - log(1 + x) without cancellation."""
    total, power = _zero, x * x
    for k in range(2, 17):
        total = total + divide(power, np.float64(k))
        power = power * -x
    return select(at_least(x, -x) > np.float64(0.1), x - _log1p(x), total)


def surveyed_one(T: Any, vector: int, extra: Callable[..., Tuple]) -> Phase:
    """Return the first phase of a measure of one row; `extra(options, wide)` are its further constants."""
    row_of = constants_of_row(T).row

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        largest = np.float64(state[0])
        bad = (np.float64(state[1]) > _zero) | is_undefined(largest)
        found = (_zero, largest, largest, _zero, largest, largest, select(bad, _one, _zero), _zero)
        return row_of(options, largest, largest, _zero, _zero) + extra(options, found), found

    return surveying_one(T, vector, finish)


def surveyed_two(T: Any, vector: int, extra: Callable[..., Tuple]) -> Phase:
    """Return the first phase of a measure of two rows."""
    own = constants_of_row(T)
    row_of, temperature_of = own.row, own.temperature

    @device
    def finish(options: Tuple, wide: Tuple, state: Tuple) -> Any:
        largest_x, largest_y = np.float64(state[0]), np.float64(state[4])
        log_x = log_normalizer(np.float64(state[1]), np.float64(state[2]))
        log_y = log_normalizer(np.float64(state[5]), np.float64(state[6]))
        shift = temperature_of(options) * (log_x - log_y)
        bad = (np.float64(state[8]) > _zero) | is_undefined(largest_x) | is_undefined(largest_y)
        found = (
            _zero, largest_x, largest_y, shift, np.float64(state[3]), np.float64(state[7]),
            select(bad, _one, _zero), np.float64(state[9]),
        )  # fmt: skip
        return row_of(options, largest_x, largest_y, shift, _zero) + extra(options, found), found

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


def infinite_slope(T: Any) -> Callable[..., Value]:
    """Return what a gradient by x is where q = 0 < p makes the value infinite: the sign of its limit."""
    c = constants_of(T)
    zero, infinity = c.ZERO, c.INFINITY

    @device
    def slope(x: Value, y: Value, factor: Value) -> Value:
        result = select(y == -infinity, infinity, -infinity) * factor
        return select((x == -infinity) | (factor == zero), zero, result)

    return slope


def measure_of(
    name: str,
    kind: str,
    inputs: int,
    count: int,
    extra: Any,
    terms: Any,
    finish: Any,
    gradient: Any,
) -> Measure:
    """Return a measure of logits for the rows' driver: a survey, `count` sums, gradients."""
    T, vector = COMPUTED[kind], VECTOR[kind]
    survey = (surveyed_one if inputs == 1 else surveyed_two)(T, vector, extra)
    phases = (survey, summed(T, count, vector, terms, finish))
    initial = initial_of(T, constants_of_row(T).temperature)
    return Measure(f"logits_{name}_{kind}", inputs, kind, -np.inf, initial, phases, gradient)


@device
def no_extra(options: Tuple, wide: Tuple) -> Tuple:
    """Return no further constants."""
    return ()
