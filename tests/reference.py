"""Slow, obviously right references for every measure and its gradient.

Inputs are one slice: 1-D `p` and `q`, or a 2-D table. Probabilities are exact rationals of the
binary inputs, so that only the logarithms and the final sum round, at 120 digits or more.
Every measure takes the keywords `normalize=True` and `base=None`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import ArrayLike, NDArray

Exact = Fraction | mpf
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Reference:
    """A value, and the sum of |terms| of its plain formula, by which errors are measured."""

    value: mpf
    magnitude: mpf


ZERO = Reference(mp.zero, mp.zero)
NOT_A_NUMBER = Reference(mp.nan, mp.nan)


def _flat(array: ArrayLike) -> list[Fraction | float]:
    return [x if isinstance(x, Fraction) else float(x) for x in np.ravel(np.asarray(array))]


def _objects(items: Iterable[Any], shape: tuple[int, ...]) -> Objects:
    array = np.empty(math.prod(shape), dtype=object)
    array[:] = list(items)
    return array.reshape(shape)


def _digits(arrays: Sequence[ArrayLike]) -> int:
    """Digits to work with: terms may cancel down to the smallest entry beside the largest."""
    entries = [x for array in arrays for x in _flat(array) if 0 < x < math.inf]
    exponents = [math.frexp(x)[1] for x in entries] or [0]
    return 120 + math.ceil((max(exponents) - min(exponents)) * math.log10(2))


def _exact_weights(arrays: Sequence[ArrayLike], normalize: bool) -> list[Objects] | None:
    """Return each array as exact numbers, or None where the answer is NaN."""
    entries = [x for array in arrays for x in _flat(array)]
    infinite = math.inf in entries
    if not all(x >= 0 for x in entries) or (infinite and normalize):  # NaN >= 0 is false
        return None
    exact = mpf if infinite else Fraction  # a rational cannot be infinite
    rows = [_objects(map(exact, _flat(array)), np.shape(array)) for array in arrays]
    if normalize and any(row.size and row.sum() == 0 for row in rows):
        return None
    return rows


def _probabilities(weights: list[Objects], normalize: bool) -> list[Objects]:
    """Divide each array by its sum, exactly; plain formulas take the numbers as they are."""
    return [row / row.sum() if normalize and row.size else row for row in weights]


def _as_mpf(number: Exact | int) -> mpf:
    return number if isinstance(number, mpf) else mpf(number.numerator) / number.denominator


def _unit(base: float | None) -> mpf:
    return mp.one if base is None else mp.log(mpf(base))


def _log_ratio(a: Exact | int, b: Exact) -> mpf:
    """Log(a / b): exactly 0 where a = b, and +inf where b = 0."""
    return mp.inf if b == 0 else mp.log(_as_mpf(a / b))


def _product(probability: Exact, factor: mpf) -> mpf:
    """Select 0 where the probability is 0, whatever the factor."""
    return mp.zero if probability == 0 else _as_mpf(probability) * factor


_logs = np.frompyfunc(_log_ratio, 2, 1)
_products = np.frompyfunc(_product, 2, 1)
_ratios = np.frompyfunc(lambda a, b: _product(a, 1 / _as_mpf(b)) if b else mp.zero, 2, 1)


def _entropy_terms(p: Objects) -> Objects:
    return _products(p, _logs(1, p))


def _kl_terms(p: Objects, q: Objects) -> Objects:
    return _products(p, _logs(p, q))


def _mixture(p: Objects, q: Objects, weight: float) -> tuple[Exact, Exact, Objects]:
    """Exact w, 1 - w and m = w p + (1 - w) q."""
    exact = Fraction if all(isinstance(x, Fraction) for x in (*p, *q)) else mpf
    first, second = exact(weight), 1 - exact(weight)
    if first == 0 or second == 0:  # a dropped term stays dropped when it is infinite
        return first, second, q if first == 0 else p
    return first, second, first * p + second * q


def _js_terms(p: Objects, q: Objects, weight: float) -> Objects:
    first, second, m = _mixture(p, q, weight)
    return np.append(_products(first, _kl_terms(p, m)), _products(second, _kl_terms(q, m)))


def _product_of_marginals(table: Objects) -> Objects:
    return table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)


def _marginal(table: Objects, given: int) -> Objects:
    """Probability of the variable on axis `given`."""
    return table.sum(axis=1 - given % 2, keepdims=True)


def _sum(
    terms: Callable[..., Objects],
    arrays: Sequence[ArrayLike],
    normalize: bool = True,
    base: float | None = None,
) -> Reference:
    with mp.workdps(_digits(arrays)):
        weights = _exact_weights(arrays, normalize)
        if weights is None:
            return NOT_A_NUMBER
        parts = list(terms(*_probabilities(weights, normalize)).flat)
        value = mp.fsum(parts) / _unit(base)
        return Reference(value, mp.fsum(parts, absolute=True) / abs(_unit(base)))


def entropy(p: ArrayLike, **options: Any) -> Reference:
    """-sum p log p."""
    return _sum(_entropy_terms, [p], **options)


def self_information(p: ArrayLike, normalize: bool = True, base: float | None = None) -> Objects:
    """-log p: a Reference for each element; plain elements do not share their NaN."""

    def slice_terms(part: ArrayLike) -> list[Reference]:
        weights = _exact_weights([part], normalize)
        if weights is None:
            return [NOT_A_NUMBER] * np.size(part)
        logs = _logs(1, _probabilities(weights, normalize)[0]) / _unit(base)
        return [Reference(log, abs(log)) for log in logs]

    with mp.workdps(_digits([p])):
        parts = [p] if normalize else np.reshape(p, (-1, 1))
        return _objects((x for part in parts for x in slice_terms(part)), np.shape(p))


def cross_entropy(p: ArrayLike, q: ArrayLike, **options: Any) -> Reference:
    """-sum p log q."""
    return _sum(lambda p, q: _products(p, _logs(1, q)), [p, q], **options)


def kl_divergence(p: ArrayLike, q: ArrayLike, **options: Any) -> Reference:
    """Sum p log(p / q)."""
    return _sum(_kl_terms, [p, q], **options)


def js_divergence(p: ArrayLike, q: ArrayLike, weight: float = 0.5, **options: Any) -> Reference:
    """Compute w KL(p, m) + (1 - w) KL(q, m) with m = w p + (1 - w) q."""
    return _sum(lambda p, q: _js_terms(p, q, weight), [p, q], **options)


def js_distance(p: ArrayLike, q: ArrayLike, weight: float = 0.5, **options: Any) -> Reference:
    """Square root of js_divergence; its magnitude is the value itself."""
    with mp.workdps(_digits([p, q])):
        value = mp.sqrt(js_divergence(p, q, weight, **options).value)
    return Reference(value, value)


def joint_entropy(table: ArrayLike, **options: Any) -> Reference:
    """H(X, Y): the entropy of all entries of the table."""
    return _sum(_entropy_terms, [table], **options)


def conditional_entropy(table: ArrayLike, given: int = -1, **options: Any) -> Reference:
    """Sum p(x, y) log(p(y) / p(x, y)), where y is the variable on axis `given`."""
    return _sum(lambda p: _products(p, _logs(_marginal(p, given), p)), [table], **options)


def mutual_information(table: ArrayLike, **options: Any) -> Reference:
    """Sum p(x, y) log(p(x, y) / (p(x) p(y))); the magnitude counts |S log S| too, 0 if S is 1."""
    result = _sum(lambda p: _kl_terms(p, _product_of_marginals(p)), [table], **options)
    if options.get("normalize", True) or not mp.isfinite(result.value):
        return result
    total = mp.fsum(mpf(float(entry)) for entry in np.ravel(table))
    extra = abs(total * mp.log(total) / _unit(options.get("base"))) if total else mp.zero
    return Reference(result.value, result.magnitude + extra)


# --- gradients ------------------------------------------------------------------------------------


def _slopes(
    name: str, rows: list[Objects], argnum: int, weight: float, given: int, cotangent: Objects
) -> tuple[Objects, int, mpf | None]:
    """Partial derivatives of the plain formula but for a constant, that constant, and their mean.

    The mean is None where it is the plain one; those given also hold in a row of value +inf.
    """
    p, q = rows[0], rows[-1]
    if name == "self_information":
        return -_ratios(cotangent, p), 0, -_as_mpf(cotangent.sum())
    if name == "mutual_information":
        return _logs(p, _product_of_marginals(p)), -1, None
    if name == "conditional_entropy":
        return _logs(_marginal(p, given), p), 0, None
    if name in ("js_divergence", "js_distance"):
        *shares, m = _mixture(p, q, weight)
        return _products(shares[argnum], _logs(rows[argnum], m)), 0, None
    if argnum == 1:  # kl_divergence and cross_entropy
        return -_ratios(p, q), 0, mpf(-1)
    if name == "kl_divergence":
        return _logs(p, q), 1, None
    return _logs(1, q), 0 if name == "cross_entropy" else -1, None


def gradient_references(
    name: str,
    arrays: Sequence[ArrayLike],
    argnum: int,
    normalize: bool = True,
    base: float | None = None,
    weight: float = 0.5,
    given: int = -1,
    cotangent: ArrayLike | None = None,
) -> Objects:
    """Closed-form gradient: a Reference for each entry of `arrays[argnum]`, 0 where that is 0.

    `cotangent` belongs to self_information, whose value has elements; it is ones if not given.
    """
    shape = np.shape(arrays[argnum])
    c = _objects(map(Fraction, _flat(np.ones(shape) if cotangent is None else cotangent)), shape)
    if name == "self_information" and not normalize and c.size > 1:
        pairs = zip(np.ravel(arrays[0]), c.flat, strict=True)  # elements do not share their NaN
        parts = [gradient_references(name, [[x]], 0, False, base, cotangent=[y]) for x, y in pairs]
        return _objects((part[0] for part in parts), shape)
    with mp.workdps(_digits(arrays)):
        weights = _exact_weights(arrays, normalize)
        if weights is None:
            return _objects([NOT_A_NUMBER] * c.size, shape)
        rows = _probabilities(weights, normalize)
        slopes, constant, mean = _slopes(name, rows, argnum, weight, given, c)
        if mean is None:
            mean = mp.fsum(_products(rows[argnum], slopes).flat)
        shift = -mean if normalize else mpf(constant)  # normalisation subtracts the mean slope
        unit = _unit(base) * (_as_mpf(weights[argnum].sum()) if normalize else 1)
        if name == "js_distance":
            distance = js_distance(*arrays, weight, normalize=normalize, base=base).value
            unit = unit * 2 * distance if distance else mp.inf  # the gradient is 0 at distance 0

        def entry(x: Exact, slope: mpf) -> Reference:
            if x == 0:
                return ZERO
            total = mp.inf if slope == mp.inf else slope + shift
            return Reference(total / unit, (abs(slope) + abs(shift)) / abs(unit))

        return _objects(map(entry, rows[argnum].flat, slopes.flat), shape)


def gradient(name: str, arrays: Sequence[ArrayLike], argnum: int, *args: Any, **kw: Any) -> Objects:
    """Values of `gradient_references`, which takes the same arguments."""
    references = gradient_references(name, arrays, argnum, *args, **kw)
    return _objects((reference.value for reference in references.flat), references.shape)


def numeric_gradient(
    name: str,
    arrays: Sequence[ArrayLike],
    argnum: int,
    cotangent: ArrayLike | None = None,
    **options: Any,
) -> Objects:
    """Central difference with a relative step of 1e-40; 0, by convention, at entries of 0."""
    exact = [_objects(map(Fraction, _flat(array)), np.shape(array)) for array in arrays]
    c = np.ones(exact[0].size) if cotangent is None else np.ravel(cotangent)

    def value(index: int, x: Fraction) -> mpf:
        moved = [array.copy() for array in exact]
        moved[argnum].flat[index] = x
        result = globals()[name](*moved, **options)
        if isinstance(result, Reference):
            return result.value
        return mp.fsum(mpf(y) * r.value for y, r in zip(c, result.flat, strict=True))

    with mp.workdps(_digits(arrays)):
        slopes = [mp.zero] * exact[argnum].size
        for index, x in enumerate(exact[argnum].flat):
            if x != 0:
                step = x / 10**40
                difference = value(index, x + step) - value(index, x - step)
                slopes[index] = difference / _as_mpf(2 * step)
        return _objects(slopes, exact[argnum].shape)
