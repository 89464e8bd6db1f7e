"""References in long double, and errors in units in the last place of the sum of |terms|.

They are the formulas of tests/reference.py, which is too slow for these sizes and checks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exact_logits import LogitsReference
from exact_random import Distribution
from works import Array, Work

Long = NDArray[np.longdouble]
Parts = list[tuple[Long, Long]]
"""Of every output its values and the sums of their |terms|."""

# What a peer may be off by, relative to the sum of |terms|: its sums are less careful.
PEER_TOLERANCE = {"float32": 2e-4, "float64": 1e-11}

# Our own: values, and gradients, whose slopes are logs of ratios of rounded probabilities.
_VALUE_ULPS, _GRADIENT_ULPS = 4.0, 32.0

_ENTRIES = 2**21  # checked in one work


def _normalized(array: Long) -> Long:
    return array / array.sum(axis=-1, keepdims=True)


def _sums(*terms: Long) -> Parts:
    total, magnitude = sum(t.sum(-1) for t in terms), sum(np.abs(t).sum(-1) for t in terms)
    return [(np.asarray(total), np.asarray(magnitude))]


def entropy(p: Long) -> Parts:
    """-sum p log p."""
    p = _normalized(p)
    return _sums(-p * np.log(p))


def kl_divergence(p: Long, q: Long) -> Parts:
    """Sum p log(p / q)."""
    p, q = _normalized(p), _normalized(q)
    return _sums(p * np.log(p / q))


def js_divergence(p: Long, q: Long) -> Parts:
    """Half of KL(p, m) and half of KL(q, m), with m = (p + q) / 2."""
    p, q = _normalized(p), _normalized(q)
    m = (p + q) / 2
    return _sums(p * np.log(p / m) / 2, q * np.log(q / m) / 2)


def js_divergence_gradients(p: Long, q: Long) -> Parts:
    """Value, and (log(x / m) - sum x log(x / m)) / 2 / (sum of the weights), x = p and q."""
    parts = js_divergence(p, q)
    m = (_normalized(p) + _normalized(q)) / 2
    for weights in (p, q):
        x = _normalized(weights)
        slope = np.log(x / m)
        mean = (x * slope).sum(axis=-1, keepdims=True)
        scale = 2 * weights.sum(axis=-1, keepdims=True)
        parts.append(((slope - mean) / scale, (np.abs(slope) + np.abs(mean)) / scale))
    return parts


def mutual_information(table: Long) -> Parts:
    """Sum p(x, y) log(p(x, y) / (p(x) p(y)))."""
    p = table / table.sum(axis=(-2, -1), keepdims=True)
    product = p.sum(axis=-1, keepdims=True) * p.sum(axis=-2, keepdims=True)
    terms = p * np.log(p / product)
    return _sums(terms.reshape(*terms.shape[:-2], -1))


class Reference:
    """Exact results of some rows of a work, or of some pairs of rows."""

    def __init__(self, work: Work, arrays: Sequence[Array]) -> None:
        self.dtype = arrays[0].dtype
        self.distance = work.name.endswith("js_distance")
        wide = [array.astype(np.longdouble) for array in self._chosen(work, arrays)]
        if work.pairwise:
            self.where: Any = np.ix_(*self.rows)
            formula = js_divergence if self.distance else kl_divergence
            self.parts = formula(wide[0][:, np.newaxis], wide[1][np.newaxis])
        else:
            self.where = self.rows[0]
            self.parts = globals()[work.key](*wide)

    def _chosen(self, work: Work, arrays: Sequence[Array]) -> list[Array]:
        """Pick rows evenly from the first to the last."""
        event = arrays[0].size if arrays[0].ndim == 1 else arrays[0][0].size
        most = 24 if work.pairwise else max(1, _ENTRIES // event)
        self.rows = []
        for array in arrays:
            count = 1 if array.ndim == 1 else len(array)
            self.rows.append(np.linspace(0, count - 1, min(most, count)).astype(int))
        chosen = zip(arrays, self.rows, strict=True)
        return [np.atleast_2d(a)[r] if a.ndim < 3 else a[r] for a, r in chosen]

    def errors(self, results: Sequence[Any]) -> tuple[float, ...]:
        """Return the largest error of each output, in ulp of the sum of |terms|."""
        if len(results) != len(self.parts):
            raise ValueError(f"expected {len(self.parts)} outputs, got {len(results)}")
        worst = []
        for result, (value, magnitude) in zip(results, self.parts, strict=True):
            found = np.atleast_1d(np.asarray(result))[self.where].astype(np.longdouble)
            if self.distance:  # the square is what is a sum
                found = found**2
            unit = np.spacing(magnitude.astype(self.dtype)).astype(np.longdouble)
            errors = np.abs(found - value) / unit
            worst.append(float("inf") if np.isnan(errors).any() else float(errors.max()))
        return tuple(worst)

    def require(self, library: str, errors: Sequence[float], work: Work) -> None:
        """Refuse a wrong result: nothing is timed before it is equal."""
        name, epsilon = self.dtype.name, float(np.finfo(self.dtype).eps)
        allowed = PEER_TOLERANCE[name] / epsilon
        if library == "fastdiv":
            # The square of a distance has the rounding of the root twice.
            allowed = _VALUE_ULPS + 2 * self.distance if len(self.parts) == 1 else _GRADIENT_ULPS
            if work.tolerance is not None:
                allowed = work.tolerance[name] / epsilon
        error = max(errors)
        if not error <= allowed:
            what = f"{library}: {work.title}, {name}"
            raise AssertionError(f"{what} is off by {error:.3g} ulp, {allowed:.3g} are allowed")


def reference_of(work: Work, arrays: Sequence[Array]) -> Reference | LogitsReference | Distribution:
    """Return what every answer is compared with."""
    if work.domain == "random":
        return Distribution(work)
    return (LogitsReference if work.domain == "logits" else Reference)(work, arrays)
