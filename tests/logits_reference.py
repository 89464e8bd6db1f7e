"""Slow, obviously right references for the measures of logits and their gradients.

Inputs are one row each, 1-D `x` and `y`, with p = softmax(x / temperature) and q = softmax(y / temperature).
Logits are exact: only exp, log and sums round, at so many digits that no cancellation shows.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import ArrayLike, NDArray

from reference import NOT_A_NUMBER, ZERO, Reference

Row = list[mpf]
MOST_CANCELLED = 1100  # bits: what cancels further is below the smallest normal double
LOWEST = -100_000  # exp of it is 0 here: no double is so large that their product could be seen


def _exact(rows: Sequence[ArrayLike]) -> list[Row]:
    return [[v if isinstance(v, mpf) else mpf(float(v)) for v in row] for row in rows]  # type: ignore[union-attr]


def _digits(rows: Sequence[Row], temperature: float) -> int:
    """Digits to work with: for logits, their differences, squares of those, and 1 - p."""
    finite = [[v / mpf(temperature) for v in row if mp.isfinite(v)] for row in rows]
    exponents = [int(mp.mag(v)) for row in finite for v in row if v != 0]
    high, low = max([0, *exponents]), min([0, *exponents]) - 53
    spread = max((float(max(row) - min(row)) for row in finite if row), default=0.0)
    bits = 1300 + 2 * (high - low) + min(1.5 * spread, MOST_CANCELLED)  # noise below any double
    return max(mp.dps, math.ceil(bits * math.log10(2)))


def _minus(a: mpf, b: mpf) -> mpf:
    """Return a - b, exactly 0 where nothing but rounding is left of it."""
    if mp.isinf(a) or mp.isinf(b):
        return a - b
    noise = mpf(10) ** (20 - mp.dps) * max(abs(a), abs(b))
    return mp.zero if abs(a - b) <= noise else a - b


def _exp(x: mpf) -> mpf:
    return mp.exp(x) if x > LOWEST else mp.zero


def _log_softmax(row: Row, temperature: float) -> Row | None:
    """Log p, which is -inf where the logit is; None where the row is no distribution."""
    if any(mp.isnan(v) or v == mp.inf for v in row) or all(v == -mp.inf for v in row):
        return None
    scaled = [v / mpf(temperature) for v in row]
    top = max(scaled)
    log_total = top + mp.log(mp.fsum(_exp(v - top) for v in scaled))
    return [_minus(v, log_total) for v in scaled]


def _logs(rows: Sequence[Row], temperature: float) -> list[Row] | None:
    logs = [_log_softmax(row, temperature) for row in rows]
    found = [row for row in logs if row is not None]
    return found if len(found) == len(logs) else None


def _unit(base: float | None) -> mpf:
    return mp.one if base is None else mp.log(mpf(base))


def _times(log_p: mpf, factor: mpf) -> mpf:
    """Return p times a factor; 0 is selected where p = 0, whatever the factor."""
    return mp.zero if log_p == -mp.inf else _exp(log_p) * factor


def _log_over_mixture(log_p: mpf, log_q: mpf, weight: mpf) -> mpf:
    """Log(p / m) with m = w p + (1 - w) q, where w and p > 0: exactly 0 where p = q."""
    top = max(log_p, log_q)
    mixture = weight * _exp(log_p - top) + (1 - weight) * _exp(log_q - top)
    return _minus(log_p, top + mp.log(mixture))


def _slopes(name: str, logs: list[Row], argnum: int, weight: float) -> tuple[Row, mpf]:
    """Return f of the sum w p f that is the measure, or one argument's part of it, and w."""
    own, other = logs[argnum], logs[-1 - argnum]
    if name == "entropy":
        return [-a for a in own], mp.one
    if name == "cross_entropy":
        return [-b for b in other], mp.one
    pairs = list(zip(own, other, strict=True))
    if name == "kl_divergence":
        return [mp.zero if a == -mp.inf else _minus(a, b) for a, b in pairs], mp.one
    share = mpf(weight) if argnum == 0 else 1 - mpf(weight)
    if share == 0:  # a dropped part stays dropped where it is infinite
        return [mp.zero] * len(own), share
    return [mp.zero if a == -mp.inf else _log_over_mixture(a, b, share) for a, b in pairs], share


def _value(
    name: str,
    rows: Sequence[ArrayLike],
    temperature: float = 1.0,
    base: float | None = None,
    weight: float = 0.5,
) -> Reference:
    exact = _exact(rows)
    if not exact[0]:
        return ZERO
    with mp.workdps(_digits(exact, temperature)):
        logs = _logs(exact, temperature)
        if logs is None:
            return NOT_A_NUMBER
        if name == "js_divergence" and weight in (0, 1):  # the mixture is one of the two
            return ZERO
        terms = []
        for argnum in (0, 1) if name == "js_divergence" else (0,):
            slopes, share = _slopes(name, logs, argnum, weight)
            terms += [_times(a, share * f) for a, f in zip(logs[argnum], slopes, strict=True)]
        unit = _unit(base)
        return Reference(mp.fsum(terms) / unit, mp.fsum(terms, absolute=True) / abs(unit))


def entropy(x: ArrayLike, **options: Any) -> Reference:
    """-sum p log p."""
    return _value("entropy", [x], **options)


def cross_entropy(x: ArrayLike, y: ArrayLike, **options: Any) -> Reference:
    """-sum p log q."""
    return _value("cross_entropy", [x, y], **options)


def kl_divergence(x: ArrayLike, y: ArrayLike, **options: Any) -> Reference:
    """Sum p log(p / q)."""
    return _value("kl_divergence", [x, y], **options)


def js_divergence(x: ArrayLike, y: ArrayLike, weight: float = 0.5, **options: Any) -> Reference:
    """Compute w KL(p, m) + (1 - w) KL(q, m) with m = w p + (1 - w) q."""
    return _value("js_divergence", [x, y], weight=weight, **options)


def _gradient_entry(log_p: mpf, slope: mpf, mean: mpf) -> mpf:
    """Return p (f - E f); in a row of value +inf the sign of its limit."""
    if log_p == -mp.inf:
        return mp.zero
    if mp.isinf(mean):
        return mp.inf if slope == mp.inf else -mp.inf
    return _exp(log_p) * _minus(slope, mean)


def gradient(
    name: str,
    rows: Sequence[ArrayLike],
    argnum: int,
    temperature: float = 1.0,
    base: float | None = None,
    weight: float = 0.5,
    cotangent: float = 1.0,
) -> NDArray[np.object_]:
    """Closed-form gradient by the logits `rows[argnum]`, times the cotangent."""
    exact = _exact(rows)
    result = np.empty(len(exact[0]), dtype=object)
    with mp.workdps(_digits(exact, temperature)):
        logs = _logs(exact, temperature) if exact[0] else [[]]
        factor = mpf(cotangent) / (mpf(temperature) * _unit(base))
        if logs is None:
            result[:] = mp.nan
        elif argnum == 1 and name in ("cross_entropy", "kl_divergence"):
            pairs = zip(*logs, strict=True)
            result[:] = [_minus(_exp(b), _exp(a)) * factor for a, b in pairs]
        else:
            own = logs[argnum]
            slopes, share = _slopes(name, logs, argnum, weight)
            mean = mp.fsum(_times(a, f) for a, f in zip(own, slopes, strict=True))
            entries = zip(own, slopes, strict=True)
            result[:] = [_gradient_entry(a, f, mean) * share * factor for a, f in entries]
    return result


def numeric_gradient(
    name: str, rows: Sequence[ArrayLike], argnum: int, **options: Any
) -> NDArray[np.object_]:
    """Central difference with a step of 1e-40; 0, the limit, at logits of -inf."""
    exact = _exact(rows)
    result = np.empty(len(exact[argnum]), dtype=object)
    with mp.workdps(200):
        step = mpf(10) ** -40
        for index, logit in enumerate(exact[argnum]):
            sides = []
            for moved in (logit + step, logit - step):
                row = [*exact[argnum][:index], moved, *exact[argnum][index + 1 :]]
                arguments = [row if k == argnum else other for k, other in enumerate(exact)]
                sides.append(_value(name, arguments, **options).value)
            result[index] = mp.zero if mp.isinf(logit) else (sides[0] - sides[1]) / (2 * step)
    return result
