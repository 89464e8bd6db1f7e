"""References of logits over batches of rows, and the errors that are allowed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import DTypeLike

import logits_long_reference
import logits_reference
from cases import Array, error_ratio, ulp_error_bound
from logits_long_reference import Long
from reference import Objects

LONGEST_EXACT = 8  # entries that mpmath is given; longer rows are extended precision
GRADIENT_TOLERANCE = {"float32": 1e-5, "float64": 1e-13}  # of the row's largest entry


def _as_long(numbers: Objects) -> Long:
    """Round mpmath numbers to extended precision; 0 where its exponents end."""
    smallest = mp.mpf("1e-4900")
    return np.array([np.longdouble("0" if abs(v) < smallest else mp.nstr(v, 25)) for v in numbers])


def exact_gradient(name: str, row: Sequence[Array], argnum: int, **options: Any) -> Long:
    """Return the gradient of one row by mpmath."""
    return _as_long(logits_reference.gradient(name, row, argnum, **options))


def reference_rows(name: str, arrays: Sequence[Array], **options: Any) -> Objects:
    """Return the Reference of each row of 1-D or 2-D arrays."""
    rows = [np.atleast_2d(array).astype(np.float64) for array in arrays]
    short = rows[0].shape[1] <= LONGEST_EXACT
    results = np.empty(len(rows[0]), dtype=object)
    for index, row in enumerate(zip(*rows, strict=True)):
        if short:
            results[index] = getattr(logits_reference, name)(*row, **options)
        else:
            results[index] = logits_long_reference.value(name, row, **options)
    return results.reshape(np.shape(arrays[0])[:-1])


def gradient_rows(name: str, arrays: Sequence[Array], argnum: int, **options: Any) -> Long:
    """Return the gradient by `arrays[argnum]` of each row of 1-D or 2-D arrays."""
    rows = [np.atleast_2d(array).astype(np.float64) for array in arrays]
    short = rows[0].shape[1] <= LONGEST_EXACT
    results = np.empty(rows[0].shape, dtype=np.longdouble)
    for index, row in enumerate(zip(*rows, strict=True)):
        if short:
            results[index] = exact_gradient(name, row, argnum, **options)
        else:
            results[index] = logits_long_reference.gradient(name, row, argnum, **options)
    return results.reshape(np.shape(arrays[argnum]))


def _overflow_ratio(actual: float, wanted: Any, largest: float) -> float:
    """0 where a number that the type cannot hold became the largest or infinite."""
    agrees = abs(actual) >= largest / 2 and (actual > 0) == (wanted > 0)
    return 0.0 if agrees else float("inf")


def worst_value_error(actual: Any, expected: Objects, dtype: DTypeLike) -> float:
    """Largest error in units of 4 ulp of the sum of |terms|: at most 1 passes."""
    values = np.asarray(actual)
    assert values.dtype == dtype
    assert values.shape == expected.shape, f"shape {values.shape}, expected {expected.shape}"
    largest = float(np.finfo(dtype).max)
    ratios = [0.0]
    for got, wanted in zip(values.flat, expected.flat, strict=True):
        if largest < abs(wanted.value) < mp.inf:
            ratios.append(_overflow_ratio(float(got), wanted.value, largest))
        else:
            bound = ulp_error_bound(wanted.magnitude, dtype)
            ratios.append(error_ratio(float(got), wanted, bound))
    return max(ratios)


def _gradient_row_error(
    actual: Array, expected: Long, dtype: np.dtype[Any], scale: float, terms: float
) -> float:
    limits = np.finfo(dtype)
    infinite = np.isinf(expected) | np.isnan(expected)
    if infinite.any():  # then the others are 0
        return 0.0 if np.array_equal(actual, expected, equal_nan=True) else float("inf")
    beyond = np.abs(expected) > float(limits.max)
    if beyond.any():
        pairs = zip(actual[beyond], expected[beyond], strict=True)
        if any(_overflow_ratio(float(a), b, float(limits.max)) for a, b in pairs):
            return float("inf")
    error = np.abs(actual.astype(np.longdouble) - expected)[~beyond]
    if not np.isfinite(error).all():
        return float("inf")
    largest = max(np.abs(expected).max(initial=0), terms)
    allowed = max(GRADIENT_TOLERANCE[dtype.name] * largest, scale * float(limits.smallest_normal))
    return float(error.max(initial=0) / allowed)


def worst_gradient_error(
    actual: Array,
    expected: Long,
    dtype: DTypeLike,
    scale: float = 1.0,
    terms: Sequence[float] | None = None,
) -> float:
    """Largest error over rows, in units of what is allowed: at most 1 passes.

    That is a fraction of the row's largest entry, but not less than the smallest normal number times
    `scale`, by which the gradient was multiplied; with `terms`, of the row's largest term if that is more.
    """
    assert actual.dtype == dtype
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    found, wanted = np.atleast_2d(actual), np.atleast_2d(expected)
    rows = zip(found, wanted, [0.0] * len(found) if terms is None else terms, strict=True)
    errors = (_gradient_row_error(a, b, np.dtype(dtype), max(scale, 1.0), c) for a, b, c in rows)
    return max(errors, default=0.0)


def js_terms(
    arrays: Sequence[Array], argnum: int, temperature: float = 1.0, weight: float = 0.5, **_: Any
) -> list[float]:
    """Return each row's largest share * p |log(p / m)|, which the gradient of JS is a difference of.

    The difference may vanish, as between disjoint rows, and with it the digits that it could have.
    """
    with np.errstate(all="ignore"):
        logs = [_log_softmax(np.atleast_2d(array), temperature) for array in arrays]
        share = np.array([weight, 1 - weight], np.longdouble)
        mixture = np.logaddexp(np.log(share[0]) + logs[0], np.log(share[1]) + logs[1])
        terms = share[argnum] * np.exp(logs[argnum]) * np.abs(logs[argnum] - mixture)
    return [float(row) for row in np.nan_to_num(terms, nan=0, posinf=0).max(axis=-1, initial=0)]


def _log_softmax(logits: Array, temperature: float) -> Long:
    scaled = logits.astype(np.longdouble) / np.longdouble(temperature)
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    result: Long = scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))
    return result


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays have one type and shape, and the same bits but for the kind of NaN."""
    first, second = np.asarray(a), np.asarray(b)
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    bits = f"u{first.dtype.itemsize}"
    equal = np.ascontiguousarray(first).view(bits) == np.ascontiguousarray(second).view(bits)
    return bool((equal | (np.isnan(first) & np.isnan(second))).all())
