"""What the kernel needs of pairs of mixtures, computed in float64 on the host and rounded once: parameters are few.

As csrc/drivers/montecarlo/{mixture,constants}.hpp, operation by operation; axis 0 is that of the pairs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .gaussians import component_size, entries
from .plan import Plan

Array = NDArray[Any]


def _each(function: Any, x: Array) -> Array:
    """Apply a function of the C library, whose bits the native code has."""
    flat = [function(each) for each in np.asarray(x, np.float64).ravel().tolist()]
    return np.array(flat, np.float64).reshape(np.shape(x))


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _in_order(terms: Array) -> Array:
    """Add up the last axis, from the first entry on."""
    total = np.zeros(terms.shape[:-1])
    for k in range(terms.shape[-1]):
        total = total + terms[..., k]
    return total


class View(NamedTuple):
    """A mixture for each pair."""

    triangular: bool
    weights: Array
    """[pairs, K], normalised; then their logarithms."""
    log_weights: Array
    mean: Array
    """[pairs, K, D] in the call's type."""
    scale: Array
    """[pairs, K, D] or [pairs, K, D, D]."""

    @property
    def components(self) -> int:
        """Return K."""
        return int(self.mean.shape[1])

    @property
    def dimension(self) -> int:
        """Return D."""
        return int(self.mean.shape[2])

    def entry(self, a: int, b: int) -> Array:
        """Return L_ab in float64, [pairs, K]."""
        if self.triangular:
            return self.scale[:, :, a, b].astype(np.float64)
        return self.scale[:, :, a].astype(np.float64) if a == b else np.zeros(self.mean.shape[:2])

    def log_determinant(self) -> Array:
        """Return log det L, [pairs, K]."""
        diagonal = np.stack([self.entry(a, a) for a in range(self.dimension)], axis=-1)
        return _in_order(_each(_log, diagonal))

    def of(self, j: int) -> View:
        """Return a component alone."""
        own = slice(j, j + 1)
        return View(
            self.triangular,
            self.weights[:, own],
            self.log_weights[:, own],
            self.mean[:, own],
            self.scale[:, own],
        )


def view_of(native: tuple[Any, ...], pairs: int) -> View:
    """Return what a call hands over, a mixture for each pair."""
    components, triangular, logits, shared, weights, mean, scale = native
    dimension = mean.shape[-1]

    def of_pairs(array: Array, *shape: int) -> Array:
        array = array.reshape(-1, components, *shape)
        return np.broadcast_to(array, (pairs, components, *shape)) if shared else array

    mean = of_pairs(mean, dimension)
    scale = of_pairs(scale, *(dimension,) * (2 if triangular else 1))
    if weights is None:
        even = np.full((pairs, components), 1 / components)
        return View(triangular, even, np.full_like(even, -math.log(components)), mean, scale)
    x = of_pairs(weights).astype(np.float64)
    raw = _each(math.exp, x - x.max(axis=1, keepdims=True)) if logits else x
    log_raw = x - x.max(axis=1, keepdims=True) if logits else _each(_log, x)
    total = _in_order(raw)[:, np.newaxis]
    weights = raw / total
    log_weights = np.where(weights > 0, log_raw - _each(_log, total), -np.inf)
    return View(triangular, weights, log_weights, mean, scale)


def surrogate(m: View) -> View:
    """Return the Gaussian of a mixture's mean and covariance; of a Gaussian, itself."""
    if m.components == 1:
        return m
    d, T, wide = m.dimension, m.mean.dtype, m.mean.astype(np.float64)
    mean = np.stack([_in_order(m.weights * wide[:, :, a]) for a in range(d)], axis=-1)
    factor = np.zeros((len(mean), d, d))
    for k in range(m.components):
        own = m.of(k)
        for a in range(d):
            for b in range(a + 1):
                total = (wide[:, k, a] - mean[:, a]) * (wide[:, k, b] - mean[:, b])
                for c in range(b + 1):
                    total = total + own.entry(a, c)[:, 0] * own.entry(b, c)[:, 0]
                factor[:, a, b] = factor[:, a, b] + m.weights[:, k] * total
    for a in range(d):  # Cholesky's factor, with something small where rounding leaves nothing
        for b in range(a + 1):
            x = factor[:, a, b]
            for c in range(b):
                x = x - factor[:, a, c] * factor[:, b, c]
            if a == b:
                factor[:, a, b] = np.sqrt(np.fmax(x, 1e-6 * factor[:, a, a]))
            else:
                factor[:, a, b] = x / factor[:, b, b]
    one = np.ones((len(mean), 1))
    return View(
        True,
        one,
        np.zeros_like(one),
        mean[:, np.newaxis].astype(T),
        factor[:, np.newaxis].astype(T),
    )


def expected_log_density(left: View, right: View) -> Array:
    """Return the mean of a Gaussian's log-density, less D/2 log 2 pi, under each component of `right`."""
    d = left.dimension
    inner: dict[tuple[int, int], Any] = {}
    for column in range(d):
        for row in range(d):
            x = right.entry(row, column) if row >= column else 0.0
            for b in range(column, row if left.triangular else column):
                x = x - left.entry(row, b) * inner[b, column]
            inner[row, column] = x / left.entry(row, row) if row >= column else np.zeros(1)
    square = np.zeros(right.mean.shape[:2])
    for row in range(d):
        for column in range(d):
            square = square + inner[row, column] * inner[row, column]
    offset: list[Array] = []
    for row in range(d):
        x = right.mean[:, :, row].astype(np.float64) - left.mean[:, :, row].astype(np.float64)
        for b in range(row if left.triangular else 0):
            x = x - left.entry(row, b) * offset[b]
        offset.append(x / left.entry(row, row))
        square = square + offset[row] * offset[row]
    return np.asarray(-0.5 * square - left.log_determinant())


def _rounded(x: Array, T: Any) -> Array:
    """Return finite numbers of a type: what is so far away has no density."""
    most = float(np.finfo(T).max) / 16
    return np.where(x < -most, -most, np.where(x > most, most, x)).astype(T)


def _components(m: View, shift: Array) -> Array:
    """Return a mixture as densities need it, [pairs, K, component_size]; see `gaussians`."""
    d, T = m.dimension, m.mean.dtype.type
    none = m.weights == 0
    log_scale = np.where(none, 0.0, m.log_weights) - m.log_determinant() - shift[:, np.newaxis]
    with np.errstate(over="ignore"):
        parts = [log_scale.astype(T)]
    parts += [_rounded(1 / m.entry(a, a), T) for a in range(d)]
    if m.triangular:
        parts += [_rounded(-m.entry(a, b) / m.entry(a, a), T) for a in range(d) for b in range(a)]
        parts += [
            _rounded(-m.entry(b, a) / m.entry(a, a), T) for a in range(d) for b in range(a + 1, d)
        ]
    return np.stack([*parts, none.astype(T)], axis=-1)


def _strata(plan: Plan, source: View) -> Array:
    """Return what is known of each stratum, [pairs, K, 1 + entries]: its factor in gradients, and L."""
    d, T = source.dimension, source.mean.dtype.type
    counts = np.array(plan.of_stratum(plan.observations), np.float64)
    rounds = float(plan.observations) / float(plan.strata)
    parts = [(plan.share * source.weights * rounds / counts).astype(T)]
    for a in range(d):
        for b in range(0 if source.triangular else a, a + 1):
            parts.append(source.entry(a, b).astype(T))
    return np.stack(parts, axis=-1)


def _seen(source: View, m: View) -> Array:
    """Return where strata lie seen from each component, [pairs, K, K of m, D + 1], and whether both are the same."""
    d, T = source.dimension, source.mean.dtype.type
    parts = []
    for a in range(d):
        own, other = (v.mean[:, :, a].astype(np.float64) for v in (source, m))
        parts.append(
            _rounded(
                (own[:, :, np.newaxis] - other[:, np.newaxis]) / m.entry(a, a)[:, np.newaxis], T
            )
        )
    same = np.zeros(parts[0].shape, T)
    if source.triangular == m.triangular:
        for j in range(m.components):
            word = np.uint32 if T is np.float32 else np.uint64

            def is_same(a: Array, b: Array, word: Any = word) -> Array:
                a, b = (np.ascontiguousarray(each).view(word) for each in (a, b))
                return np.asarray((a == b).all(axis=tuple(range(2, a.ndim))))

            same[:, :, j] = is_same(source.mean, m.mean[:, j : j + 1]) & is_same(
                source.scale, m.scale[:, j : j + 1]
            )
    return np.stack([*parts, same], axis=-1)


class Packed(NamedTuple):
    """All of it as one array, [pairs, size], and where its parts begin in a pair's."""

    numbers: Array
    strata: int
    components: list[int]
    seen: list[int]


def pack(plan: Plan, mixtures: list[View]) -> Packed:
    """Return what the kernel reads."""
    with np.errstate(all="ignore"):
        shift = -mixtures[0].log_determinant()[:, 0]
        source = mixtures[plan.source]
        parts = [_strata(plan, source)]
        parts += [_components(m, shift) for m in mixtures]
        parts += [_seen(source, m) for m in mixtures]
    flat = [part.reshape(len(part), math.prod(part.shape[1:])) for part in parts]
    places = np.cumsum([0] + [part.shape[1] for part in flat]).tolist()
    count = len(mixtures)
    assert parts[0].shape[2] == 1 + entries(source.dimension, source.triangular)
    assert parts[1].shape[2] == component_size(source.dimension, mixtures[0].triangular)
    return Packed(
        np.concatenate(flat, axis=1), places[0], places[1 : 1 + count], places[1 + count : -1]
    )
