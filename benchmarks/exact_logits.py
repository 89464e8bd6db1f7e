"""References for logits in long double, and errors of values and gradients.

A value's error is in units in the last place of the sum of |terms|, a gradient's in units of
epsilon times the largest entry of its row; both of float32 for 16-bit logits. What rounding a
gradient to 16 bits costs, half a unit in its last place, is taken off first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from works import Array, Work

Long = NDArray[np.longdouble]

# Relative to the sum of |terms|, and to the largest entry; our own value is held to ulp.
_VALUE_ULPS, _GRADIENT = 4.0, 1e-5
_PEER = (2e-4, 2e-4)
_PEER_IN_BFLOAT16 = (0.5, 0.5)  # a log-probability of -12 is rounded to sixteenths: see the table

_ENTRIES = 2**19  # checked in one work


def log_softmax(logits: Long) -> Long:
    """Logarithms of probabilities."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _log_mixture(log_p: Long, log_q: Long) -> Long:
    return np.logaddexp(log_p, log_q) - np.log(np.longdouble(2))


def terms(name: str, *logs: Long) -> list[Long]:
    """Return the terms whose sum is the measure."""
    p = np.exp(logs[0])
    if name == "entropy":
        return [-p * logs[0]]
    if name == "cross_entropy":
        return [-p * logs[1]]
    if name == "kl_divergence":
        return [p * (logs[0] - logs[1])]
    log_m = _log_mixture(*logs)
    return [np.exp(log) * (log - log_m) / 2 for log in logs]


def gradient(name: str, argnum: int, *logs: Long) -> Long:
    """Return the gradient by x or y: q - p, or p times a slope less its mean."""
    p = np.exp(logs[argnum])
    if argnum == 1 and name in ("kl_divergence", "cross_entropy"):
        return p - np.exp(logs[0])
    if name == "kl_divergence":
        slope = logs[0] - logs[1]
    elif name == "js_divergence":
        slope = (logs[argnum] - _log_mixture(*logs)) / 2
    else:
        slope = -logs[-1]
    return p * (slope - (p * slope).sum(axis=-1, keepdims=True))


def half_a_step(truth: Long, dtype: np.dtype[Any]) -> Any:
    """Return what rounding to bfloat16 may cost: half its spacing, from 2^-133 up."""
    if dtype.name != "bfloat16":
        return 0
    _, exponent = np.frexp(truth)
    exponent = np.where(truth == 0, -125, np.maximum(exponent, -125))
    return np.ldexp(np.longdouble(1), exponent - 9)


class LogitsReference:
    """Exact results of some rows of a work."""

    def __init__(self, work: Work, arrays: Sequence[Array]) -> None:
        self.dtype = arrays[0].dtype
        count, length = arrays[0].shape
        most = max(1, _ENTRIES // length)
        self.rows = np.linspace(0, count - 1, min(most, count)).astype(int)
        wide = [array[self.rows].astype(np.float32).astype(np.longdouble) for array in arrays]
        logs = [log_softmax(array) for array in wide]
        parts = terms(work.name, *logs)
        self.value = sum(part.sum(axis=-1) for part in parts)
        self.magnitude = sum(np.abs(part).sum(axis=-1) for part in parts)
        self.gradients = [gradient(work.name, argnum, *logs) for argnum in work.argnums]

    def errors(self, results: Sequence[Any]) -> tuple[float, ...]:
        """Return the largest error of each output, the value first."""
        if len(results) != 1 + len(self.gradients):
            raise ValueError(f"expected {1 + len(self.gradients)} outputs, got {len(results)}")
        value, *gradients = (
            np.asarray(result)[self.rows].astype(np.float32).astype(np.longdouble)
            for result in results
        )
        unit = np.spacing(self.magnitude.astype(np.float32)).astype(np.longdouble)
        errors = [np.abs(value - self.value) / unit]
        for found, truth in zip(gradients, self.gradients, strict=True):
            largest = np.abs(truth).max(axis=-1, keepdims=True)
            lost = np.maximum(np.abs(found - truth) - half_a_step(truth, self.dtype), 0)
            errors.append(np.where(np.isnan(found), np.nan, lost / largest) / epsilon())
        return tuple(float("inf") if np.isnan(e).any() else float(e.max()) for e in errors)

    def require(self, library: str, errors: Sequence[float], work: Work) -> None:
        """Refuse a wrong result: nothing is timed before it is equal."""
        value, gradient = _PEER_IN_BFLOAT16 if library == "torch bf16" else _PEER
        allowed = [value / epsilon(), *[gradient / epsilon()] * len(self.gradients)]
        if library == "fastdiv":
            allowed = [_VALUE_ULPS, *[_GRADIENT / epsilon()] * len(self.gradients)]
        for error, most in zip(errors, allowed, strict=True):
            if not error <= most:
                what = f"{library}: {work.title}, {self.dtype.name}"
                raise AssertionError(f"{what} is off by {error:.3g} ulp, {most:.3g} are allowed")


def epsilon() -> float:
    """Return the unit of gradients' errors."""
    return float(np.finfo(np.float32).eps)
