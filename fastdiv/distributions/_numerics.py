"""Sums of exponentials, and triangular systems."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
