"""One normal distribution seen from another: q's coordinates, in which q is standard normal.

There p has the factor M = L_q^-1 L_p and the mean w = L_q^-1 (mean_p - mean_q), and
    KL = sum of [M_jj^2 / 2 - 1/2 - log M_jj] + 1/2 sum of [M_ij^2, i > j] + 1/2 |w|^2.
M is taken apart as I + N, where N comes from the difference of the scales, so that nothing cancels:
    M_jj^2 / 2 - 1/2 - log M_jj = N_jj^2 / 2 + (N_jj - log(1 + N_jj)),
and of scales p and q the last term is (q log(q / p) - q + p) / q.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _native
from ._numerics import Array, solve_lower, solve_lower_transposed

if TYPE_CHECKING:
    from ._multivariate_normal import MultivariateNormal
    from ._normal import Normal

_CLOSE = 0.25  # |N_jj| up to which M is taken apart
_LOW, _HIGH = (
    1e-270,
    1e300,
)  # scales between which no q log(q / p) - q + p leaves the numbers' range, nor digits
_FAINT = 1e-290  # ratios of scales from which on it is the logarithm that counts


class Diagonal:
    """Two normal distributions of independent coordinates."""

    def __init__(self, p: Normal, q: Normal) -> None:
        self.p_std, self.q_std = _float64(p.std), _float64(q.std)
        self.w = (_float64(p.mean) - _float64(q.mean)) / self.q_std
        self.excess = (self.p_std - self.q_std) / self.q_std

    def value(self) -> Array:
        """Return the divergence of each pair."""
        terms = _log_terms(self.p_std, self.q_std)
        terms += 0.5 * (self.excess * self.excess + self.w * self.w)
        result: Array = np.add.reduce(terms, axis=-1)
        return result

    def gradient(self, position: int, value: Array) -> tuple[Array, Array]:
        """Return the slopes by mean and std of p (position 0) or q (1)."""
        # d/dmean_p = w / std_q,  d/dstd_p = u / std_p,  d/dstd_q = -(u + w^2) / std_q,  u = M^2 - 1 = N (2 + N)
        u = self.excess * (2 + self.excess)
        slope = self.w / self.q_std
        if position == 0:
            return slope, u / self.p_std
        return -slope, -(u + np.square(self.w)) / self.q_std


class Triangular:
    """Two normal distributions of which one at least has correlated coordinates."""

    def __init__(self, p: Normal | MultivariateNormal, q: Normal | MultivariateNormal) -> None:
        p_factor, q_factor = p._factor(), q._factor()
        self.q_factor = q_factor
        self.p_diagonal, self.q_diagonal = _diagonal(p_factor), _diagonal(q_factor)
        difference = _float64(p.mean) - _float64(q.mean)
        self.invalid = np.isnan(difference).any(axis=-1) | np.isnan(p_factor + q_factor).any(
            (-2, -1)
        )
        self.w = solve_lower(q_factor, difference[..., None])[..., 0]
        self.on_diagonal = (self.p_diagonal - self.q_diagonal) / self.q_diagonal
        self.close = np.abs(self.on_diagonal) <= _CLOSE
        # Column by column: N where the scales are close there, else M.
        columns = np.where(self.close[..., None, :], p_factor - q_factor, p_factor)
        self.excess = solve_lower(q_factor, columns)

    def value(self) -> Array:
        """Return the divergence of each pair."""
        on_diagonal = _log_terms(self.p_diagonal, self.q_diagonal)
        on_diagonal += 0.5 * np.square(self.on_diagonal)
        below = np.square(np.tril(self.excess, -1)).sum(axis=(-2, -1))
        value = on_diagonal.sum(axis=-1) + 0.5 * (below + np.square(self.w).sum(axis=-1))
        overflow = np.isnan(value) & ~self.invalid
        result: Array = np.where(overflow, np.inf, value)
        return result

    def gradient(self, position: int, value: Array) -> tuple[Array, Array]:
        """Return the slopes by mean and scale_tril of p (position 0) or q (1)."""
        mean = solve_lower_transposed(self.q_factor, self.w[..., None])[..., 0]
        scale = self._by_p() if position == 0 else self._by_q()
        undetermined = np.isinf(value)
        sign = 1 if position == 0 else -1
        return (
            _without_nan(sign * mean, undetermined[..., None]),
            _without_nan(scale, undetermined[..., None, None]),
        )

    def _by_p(self) -> Array:
        # tril(L_q^-T M) - diag(1 / L_p), of which L_q^-T is taken out where M = I + N
        inner = np.tril(solve_lower_transposed(self.q_factor, self.excess))
        own = np.where(self.close, _diagonal(self.excess), -1) / self.p_diagonal
        return inner + _as_diagonal(own)

    def _by_q(self) -> Array:
        # diag(1 / L_q) - tril(L_q^-T (M M^T + w w^T)), where M = C + N, and C is 1 on the diagonal where close
        n = np.where(self.close[..., None, :], self.excess, 0)
        square = self.excess @ np.swapaxes(self.excess, -1, -2)
        square = square + n + np.swapaxes(n, -1, -2) + self.w[..., :, None] * self.w[..., None, :]
        inner = np.tril(solve_lower_transposed(self.q_factor, square))
        return _as_diagonal(np.where(self.close, 0, 1 / self.q_diagonal)) - inner


@functools.cache
def _kl_div() -> Any:
    """Return the ufunc of x log(x / y) - x + y; a build imports the package before its kernels are there."""
    return _native.ufunc("kl_div", "")


def _log_terms(p: Array, q: Array) -> Array:
    """Return N - log(1 + N) with N = (p - q) / q, for positive p and q: never negative."""
    if (
        q.size
        and np.minimum.reduce(q, axis=None) > _LOW
        and np.maximum.reduce(q, axis=None) < _HIGH
    ):
        result: Array = _kl_div()(q, p) / q
        return result
    exponent = np.frexp(q)[1]
    near_p, near_q = np.ldexp(p, -exponent), np.ldexp(q, -exponent)
    near = _kl_div()(near_q, near_p) / near_q
    return np.where(near_p < _FAINT, np.log(q) - np.log(p) - 1, near)


def _float64(array: Array) -> Array:
    return array if array.dtype.char == "d" else array.astype(np.float64)


def _diagonal(matrix: Array) -> Array:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _as_diagonal(entries: Array) -> Array:
    return entries[..., None] * np.eye(entries.shape[-1])


def _without_nan(slopes: Array, undetermined: Array) -> Array:
    return np.where(undetermined & np.isnan(slopes), 0, slopes)
