"""Integrals of products and powers of normal densities, for every component of one mixture with every one of another.

Seen from g (coordinates in which g is standard normal) f has the factor W = L_g^-1 L_f and the mean
v = L_g^-1 (mean_f - mean_g). With W = U diag(s) V^T and t = U^T v every integral is a sum over s and t of positive
terms. Independent coordinates are blocks of one dimension each, whose integrals multiply.
"""

from __future__ import annotations

import math

import numpy as np

from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array, solve_lower
from ._relative import Diagonal, Triangular

Component = Normal | MultivariateNormal
_LARGE = 1e150


class ComponentPairs:
    """Components f of batch shape (..., A) with components g of batch shape (..., B): arrays (..., A, B)."""

    def __init__(self, f: Component, g: Component) -> None:
        self.f, self.g = f[..., :, None], g[..., None, :]
        blocks = isinstance(f, Normal) and isinstance(g, Normal)
        (f_mean, f_factor), (g_mean, g_factor) = _blocks(self.f, blocks), _blocks(self.g, blocks)
        w = solve_lower(g_factor, f_factor)
        diagonal = np.diagonal(w, axis1=-2, axis2=-1)
        # Where scales are this far apart their squares leave the range of numbers: integrals give no bound there.
        usable = (np.abs(w).max(axis=(-2, -1)) < _LARGE) & (diagonal.min(axis=-1) > 1 / _LARGE)
        self.usable = usable.all(axis=-1)
        self.w = np.where(usable[..., None, None], w, np.eye(w.shape[-1]))
        self.v = solve_lower(g_factor, (f_mean - g_mean)[..., None])[..., 0]
        self.log_w = np.log(diagonal).sum(axis=(-2, -1))
        u, self.s, self.v_transposed = _svd(self.w)
        self.t = np.einsum("...ij,...i->...j", u, self.v)

    def kl(self) -> Array:
        """KL(f || g)."""
        if isinstance(self.f, Normal) and isinstance(self.g, Normal):
            return Diagonal(self.f, self.g).value()
        return Triangular(self.f, self.g).value()

    def log_overlap(self) -> Array:
        """Log integral of sqrt(f g), minus the Bhattacharyya distance: never positive, a bound from above."""
        # In g's coordinates with the covariance C = (I + W W^T) / 2: -1/8 v^T C^-1 v - 1/2 log|C| + 1/2 log|W|
        variance = 0.5 * (1 + np.square(self.s))
        terms = 0.125 * np.square(self.t) / variance + 0.5 * np.log(variance)
        return self._or(0.5 * self.log_w - terms.sum(axis=(-2, -1)), 0)

    def log_product(self) -> Array:
        """Log integral of f g."""
        # The density of the normal distribution with covariance I + W W^T at v
        variance = 1 + np.square(self.s)
        terms = np.square(self.t) / variance + np.log(2 * math.pi * variance)
        return self._or(-0.5 * terms.sum(axis=(-2, -1)) - self.g._log_scale(), np.inf)

    def log_ratio(self, beta: float, nearest: Array) -> Array:
        """Log integral of f (g / g_c)^beta, g_c being the component `nearest` to each f; inf if it diverges."""
        # First f g^beta, normal in f's coordinates: precision P = I + beta W^T W, mean z, root P^-1/2 = V diag.
        precision = 1 + beta * np.square(self.s)
        shift = -beta * self.s * self.t / precision
        shift = np.einsum("...ij,...i->...j", self.v_transposed, shift)
        root = np.swapaxes(self.v_transposed, -1, -2) / np.sqrt(precision)[..., None, :]
        log_first = -0.5 * (np.log(precision) + beta * np.square(self.t) / precision).sum((-2, -1))
        # Then its expectation of g_c^-beta, that is of exp(beta/2 |B y + c|^2) for a standard normal y.
        w, v, log_w = (_take(array, nearest) for array in (self.w, self.v, self.log_w))
        u, spread, _ = _svd(w @ root)
        offset = np.einsum("...ij,...j->...i", w, shift) + v
        offset = np.einsum("...ij,...i->...j", u, offset)
        room = 1 - beta * np.square(spread)
        log_second = (beta * np.square(offset) / room - np.log(room)).sum(axis=(-2, -1))
        value = log_first + 0.5 * log_second + beta * (self.log_w - log_w)
        value = self._or(np.where((room > 0).all(axis=(-2, -1)), value, np.inf), np.inf)
        own = np.arange(value.shape[-1]) == nearest[..., None]
        return np.where(own, 0, value)

    def _or(self, value: Array, bound: float) -> Array:
        """Return the integrals' logarithms, or what they are at most where they could not be computed."""
        return np.where(self.usable & ~np.isnan(value), value, bound)


def _svd(matrix: Array) -> tuple[Array, Array, Array]:
    """Singular value decomposition; of one positive number it is the number."""
    if matrix.shape[-1] == 1:
        one = np.ones_like(matrix)
        return one, matrix[..., 0], one
    u, s, v_transposed = np.linalg.svd(matrix)
    return u, s, v_transposed


def _blocks(d: Component, blocks: bool) -> tuple[Array, Array]:
    """Return means (..., blocks, n) and triangular factors (..., blocks, n, n): D blocks of 1, or 1 of D."""
    mean = d.mean.astype(np.float64, copy=False)
    if blocks and isinstance(d, Normal):
        return mean[..., None], d.std.astype(np.float64, copy=False)[..., None, None]
    return mean[..., None, :], d._factor()[..., None, :, :]


def _take(array: Array, index: Array) -> Array:
    """Take the entries of B at index[..., A] from array[..., A, B, ...]; the axis stays, with size 1."""
    places = index.reshape(*index.shape, *(1,) * (array.ndim - index.ndim))
    return np.take_along_axis(array, places, axis=index.ndim)
