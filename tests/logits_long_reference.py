"""References of long rows in extended precision: the formulas of logits_reference, arranged not to cancel.

A value is right to 1e-16 of the sum of |terms|, a gradient to 5e-15 of its largest entry, where
`numpy.longdouble` has 64 bits or more; `test_logits_reference.py` shows it against mpmath.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import ArrayLike, NDArray

from reference import NOT_A_NUMBER, ZERO, Reference

Long = NDArray[np.longdouble]
Quiet = np.errstate(all="ignore")  # infinities and their NaN are selected away

assert np.finfo(np.longdouble).nmant >= 63, "needs a long double of 64 bits or more"


def _differences(row: Long, index: int) -> tuple[Long, Long]:
    """Return row - row[index] as an unevaluated sum of two parts; the error of -inf is 0."""
    high = row - row[index]
    part = high - row
    low = (row - (high - part)) - (row[index] + part)
    return high, np.where(np.isfinite(low), low, 0)


class Softmax:
    """A row of logits, its probabilities and their logarithms."""

    def __init__(self, row: ArrayLike, temperature: float) -> None:
        self.logits: Long = np.asarray(row).astype(np.float64).astype(np.longdouble)
        self.temperature = np.longdouble(temperature)
        self.top = int(np.argmax(self.logits))
        high, low = _differences(self.logits, self.top)
        self.below_top = (high + low) / self.temperature
        rest = np.exp(self.below_top)
        rest[self.top] = 0
        self.log_p = self.below_top - np.log1p(rest.sum())
        self.p = np.exp(self.log_p)
        self.is_zero = self.logits == -np.inf

    def mean(self, f: Long) -> Any:
        """Return E f under p."""
        return self.times(f).sum()

    def times(self, f: Long) -> Long:
        """Return p f, and 0 where p = 0."""
        return np.where(self.p == 0, 0, self.p * f)

    def centred(self, f: Long) -> Long:
        """Return p (f - E f), where f is exactly 0 at the likeliest entry."""
        return self.times(f - self.mean(f))


def _delta(a: Softmax, b: Softmax) -> Long:
    """Log(p / q) but for a constant: exactly 0 at the likeliest entry of p."""
    (high_a, low_a), (high_b, low_b) = (_differences(s.logits, a.top) for s in (a, b))
    return ((high_a - high_b) + (low_a - low_b)) / a.temperature


def _log_ratio(a: Softmax, b: Softmax) -> Long:
    """Log(p / q), with its digits where p and q are close; 0 where both are 0."""
    both_zero = a.is_zero & b.is_zero
    delta = np.where(both_zero, 0, _delta(a, b))
    constant = (b.p * np.expm1(delta)).sum()
    if np.isfinite(constant) and constant > -0.5:
        return delta - np.log1p(constant)
    return np.where(both_zero, 0, a.log_p - b.log_p)


def _logs_over_mixture(a: Softmax, b: Softmax, weight: float) -> tuple[Long, Long]:
    """Log(p / m) and log(q / m), by the one that is not negative."""
    ratio = _log_ratio(a, b)
    w = np.longdouble(weight)
    first = -np.log1p((1 - w) * np.expm1(-np.maximum(ratio, 0)))
    second = -np.log1p(w * np.expm1(np.minimum(ratio, 0)))
    above = ratio > 0
    return np.where(above, first, ratio + second), np.where(above, first - ratio, second)


def _centred_log_over_mixture(own: Softmax, other: Softmax, share: Any) -> Long:
    """Log(p / m) less its value at the likeliest entry of p, without taking that difference.

    With r = (1 - w) q / (w p), log(p / m) = -log(w (1 + r)), and r is r[top] exp(-delta).
    """
    odds = (1 - share) / share
    ratio = other.log_p[own.top] - own.log_p[own.top]
    if ratio < -10_000:  # its exponential is 0
        return -np.log1p(odds * np.exp(other.log_p - own.log_p))
    delta = _delta(own, other)
    top = odds * np.exp(ratio)
    relative = top / (1 + top) * np.expm1(-delta)
    log = np.where(
        relative < -0.5, np.log((1 + top * np.exp(-delta)) / (1 + top)), np.log1p(relative)
    )
    return -np.where(np.isinf(relative), np.log(top / (1 + top)) - delta, log)


def _distributions(rows: Sequence[ArrayLike], temperature: float) -> list[Softmax] | None:
    softmaxes = [Softmax(row, temperature) for row in rows]
    return None if any(np.isnan(s.log_p).any() for s in softmaxes) else softmaxes


def _terms(name: str, softmaxes: list[Softmax], weight: float) -> Long:
    a, b = softmaxes[0], softmaxes[-1]
    if name == "entropy":
        return a.times(-a.log_p)
    if name == "cross_entropy":
        return a.times(-b.log_p)
    if name == "kl_divergence":
        return a.times(_log_ratio(a, b))
    first, second = _logs_over_mixture(a, b, weight)
    w = np.longdouble(weight)
    parts = a.times(w * first) if w else 0 * a.p, b.times((1 - w) * second) if w < 1 else 0 * b.p
    return np.concatenate(parts)


def _is_infinite(name: str, softmaxes: list[Softmax]) -> bool:
    if name not in ("cross_entropy", "kl_divergence"):
        return False
    return bool((softmaxes[1].is_zero & ~softmaxes[0].is_zero).any())


def _unit(base: float | None) -> Any:
    return np.longdouble(1) if base is None else np.log(np.longdouble(base))


@Quiet
def value(
    name: str,
    rows: Sequence[ArrayLike],
    temperature: float = 1.0,
    base: float | None = None,
    weight: float = 0.5,
) -> Reference:
    """Return the Reference of a measure of one row, or one pair of rows."""
    if not np.size(rows[0]):
        return ZERO
    softmaxes = _distributions(rows, temperature)
    if softmaxes is None:
        return NOT_A_NUMBER
    if name == "js_divergence" and weight in (0, 1):  # the mixture is one of the two
        return ZERO
    unit = _unit(base)
    if _is_infinite(name, softmaxes):
        return Reference(mp.inf * mp.npconvert(unit), mp.inf)
    terms = _terms(name, softmaxes, weight)
    total, magnitude = terms.sum() / unit, np.abs(terms).sum() / abs(unit)
    with mp.workprec(64):  # all bits of extended precision
        return Reference(mp.npconvert(total), mp.npconvert(magnitude))


def _infinite_gradient(a: Softmax, b: Softmax) -> Long:
    return np.where(a.is_zero, 0, np.where(b.is_zero, np.inf, -np.inf)).astype(np.longdouble)


def _difference(a: Softmax, b: Softmax) -> Long:
    """Return q - p, with its digits where they are close."""
    ratio = _log_ratio(a, b)
    return np.where(np.abs(ratio) < 1, -b.p * np.expm1(ratio), b.p - a.p)


@Quiet
def gradient(
    name: str,
    rows: Sequence[ArrayLike],
    argnum: int,
    temperature: float = 1.0,
    base: float | None = None,
    weight: float = 0.5,
    cotangent: float = 1.0,
) -> Long:
    """Return the gradient by the logits `rows[argnum]`, times the cotangent."""
    if not np.size(rows[0]):
        return np.empty(0, np.longdouble)
    softmaxes = _distributions(rows, temperature)
    if softmaxes is None:
        return np.full(np.size(rows[0]), np.nan, np.longdouble)
    factor = np.longdouble(cotangent) / (np.longdouble(temperature) * _unit(base))
    a, b = softmaxes[0], softmaxes[-1]
    own = softmaxes[argnum]
    if name == "js_divergence":
        share = (np.longdouble(weight), 1 - np.longdouble(weight))[argnum]
        other = softmaxes[1 - argnum]
        if share in (0, 1):  # m = p, or the part is dropped
            return np.zeros_like(own.p)
        return factor * share * own.centred(_centred_log_over_mixture(own, other, share))
    if argnum == 1:
        return factor * _difference(a, b)
    if _is_infinite(name, softmaxes):
        return factor * _infinite_gradient(a, b)
    if name == "entropy":
        return factor * a.centred(-a.below_top)
    if name == "kl_divergence":
        return factor * a.centred(_delta(a, b))
    high, low = _differences(b.logits, a.top)
    return factor * a.centred(-(high + low) / a.temperature)
