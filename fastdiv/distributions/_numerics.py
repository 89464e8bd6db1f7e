"""Sums of exponentials, triangular systems, and the function whose sum a divergence of close scales is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_SERIES = [2 / (2 * k + 3) for k in range(10)]  # of 2 (atanh(s) - s) / s^3 in s^2


def x_minus_log1p(x: Array) -> Array:
    """Compute x - log(1 + x) for |x| <= 1/4: never negative, exactly 0 at 0, to a few ulp.

    With s = x / (2 + x): log(1 + x) = 2 atanh(s) and x - 2 s = s x, so that nothing cancels in
    s (x - s^2 (2/3 + 2/5 s^2 + ...)), where s^2 <= 1/49.
    """
    s = x / (2 + x)
    square = s * s
    series = np.full_like(square, _SERIES[-1])
    for coefficient in _SERIES[-2::-1]:
        series *= square
        series += coefficient
    result: Array = s * (x - square * series)
    return result


def logsumexp(x: Array, axis: int = -1) -> Array:
    """Compute log sum exp(x) along an axis: -inf if all are, NaN if one is."""
    top = x.max(axis=axis, keepdims=True)
    top = np.where(top == -np.inf, 0, top)
    result: Array = np.log(np.exp(x - top).sum(axis=axis)) + np.squeeze(top, axis)
    return result


def solve_lower(matrix: Array, right: Array) -> Array:
    """Solve L X = B by forward substitution, for L[..., D, D] and B[..., D, M]; it reads nothing above L's diagonal."""
    rows, columns = np.moveaxis(matrix, (-2, -1), (0, 1))[..., None], np.moveaxis(right, -2, 0)
    shape = np.broadcast_shapes(rows.shape[2:], columns.shape[1:])
    solved = np.empty((len(columns), *shape))
    for i, row in enumerate(rows):
        known = np.einsum("j...,j...->...", row[:i], solved[:i]) if i else 0
        solved[i] = (columns[i] - known) / row[i]
    return np.moveaxis(solved, 0, -2)


def solve_lower_transposed(matrix: Array, right: Array) -> Array:
    """Solve L^T X = B by back substitution, as `solve_lower`."""
    reversed_matrix = np.swapaxes(matrix, -1, -2)[..., ::-1, ::-1]
    return solve_lower(reversed_matrix, right[..., ::-1, :])[..., ::-1, :]


def scalar(value: Array) -> Array:
    """Return an array without axes as a NumPy scalar, others as they are."""
    result: Array = value if value.ndim else value[()]
    return result
