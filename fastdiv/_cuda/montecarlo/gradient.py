"""From the sums that kernels take to gradients: L^-T is multiplied once, weights are normalised.

As csrc/drivers/montecarlo/gradient.hpp, operation by operation; axis 0 is that of the pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gaussians import sums_size
from .parameters import View
from .plan import Plan

Array = NDArray[Any]


class Sums:
    """The gradient by one mixture, in float64, before weights are normalised."""

    def __init__(self, m: View) -> None:
        self.view = m
        self.weights = np.zeros(m.weights.shape)
        self.mean, self.scale = np.zeros(m.mean.shape), np.zeros(m.scale.shape)

    def _solve_transposed(self, j: int, x: Array, first: int) -> None:
        """Replace x, [pairs, D], by L^-T x from an entry on."""
        m = self.view
        for a in reversed(range(first, m.dimension)):
            total = x[:, a]
            for b in range(a + 1, m.dimension if m.triangular else 0):
                total = total - m.entry(b, a)[:, j] * x[:, b]
            x[:, a] = total / m.entry(a, a)[:, j]

    def add_direct(self, j: int, sums: Array, factor: float) -> None:
        """Add factor times what the sums of one component's responsibilities make."""
        m, d = self.view, self.view.dimension
        whole, work, second = sums[:, 0], sums[:, 1 : 1 + d].copy(), sums[:, 1 + d :]
        weight = m.weights[:, j]
        self.weights[:, j] += factor * np.where(weight > 0, whole / weight, whole)
        some = weight != 0
        self._solve_transposed(j, work, 0)
        self.mean[some, j] += factor * work[some]
        if not m.triangular:
            for a in range(d):
                slope = (second[:, a] - whole) / m.entry(a, a)[:, j]
                self.scale[some, j, a] += factor * slope[some]
            return
        square = np.zeros((len(sums), d, d))
        for a in range(d):
            for b in range(a + 1):
                x = second[:, a * (a + 1) // 2 + b] - (whole if a == b else 0.0)
                square[:, a, b] = square[:, b, a] = x
        for column in range(d):
            self._solve_transposed(j, square[:, :, column], column)
            self.scale[some, j, column:, column] += factor * square[some, column:, column]

    def add_moved(self, k: int, sums: Array, factor: float, value_factor: float) -> None:
        """Add what moves the samples of a stratum."""
        m, d = self.view, self.view.dimension
        self.mean[:, k] += factor * sums[:, :d]
        if m.triangular:
            rows, columns = np.tril_indices(d)
            self.scale[:, k, rows, columns] += factor * sums[:, d:-1]
        else:
            self.scale[:, k] += factor * sums[:, d:-1]
        self.weights[:, k] += value_factor * sums[:, -1]

    def normalize_weights(self, logits: bool) -> None:
        """Make gradients by weights those of weights that are divided by their sum, or of logits."""
        w, gradient = self.view.weights, self.weights
        mean = np.zeros(len(w))
        for k in range(w.shape[1]):
            mean = np.where(w[:, k] > 0, mean + w[:, k] * gradient[:, k], mean)
        mean = np.where(np.isnan(mean), 0.0, mean)  # infinite in both directions
        centred = np.where(np.isfinite(gradient), gradient - mean[:, np.newaxis], gradient)
        self.weights = np.where(w > 0, w * centred, 0.0) if logits else centred

    def fields(self, logits: bool, has_weights: bool, shapes: list[Any], T: Any) -> tuple[Any, ...]:
        """Return weights or None, mean and scale as a call gives them back."""
        if has_weights:
            self.normalize_weights(logits)
        weights, mean, scale = (
            None if shape is None else array.astype(T).reshape(shape)
            for shape, array in zip(shapes, (self.weights, self.mean, self.scale), strict=True)
        )
        return weights, mean, scale


def add_sums(plan: Plan, sums: Array, gradients: tuple[Sums, Sums]) -> None:
    """Add what one source's sums, [pairs, sums], say to the gradients by both mixtures."""
    shape, at = plan.shape, 0
    rounds = float(plan.observations) / float(plan.strata)
    for m, count in enumerate(plan.direct):
        if count:
            size = sums_size(shape.dimension, shape.triangular[m])
            for j in range(shape.components[m]):
                gradients[m].add_direct(j, sums[:, at : at + size], (1 if m == 0 else -1) / rounds)
                at += size
    if plan.moved:
        counts = plan.of_stratum(plan.observations)
        for k in range(plan.strata):
            own = sums[:, at : at + plan.moved]
            gradients[plan.source].add_moved(k, own, 1 / rounds, plan.share / counts[k])
            at += plan.moved
