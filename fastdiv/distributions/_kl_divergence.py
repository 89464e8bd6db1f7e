"""Kullback-Leibler divergence of normal distributions, in closed form, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._autodiff import computes_gradients
from . import _validate as validate
from ._distribution import Distribution
from ._mixture import Mixture
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array, scalar
from ._relative import Diagonal, Triangular


def _value_and_grad(
    positions: tuple[int, ...], p: Any, q: Any, *, cotangent: ArrayLike | None = None
) -> tuple[Any, tuple[Any, ...]]:
    with np.errstate(all="ignore"):
        pair = _pair(p, q)
        value = pair.value()
        factor = _cotangent(cotangent, value)
        gradients = tuple(
            _gradient((p, q)[position], *pair.gradient(position, value), factor)
            for position in positions
        )
        return _rounded(value, p, q), gradients


@computes_gradients(("p", "q"), _value_and_grad)
def kl_divergence(p: Distribution, q: Distribution) -> Any:
    r"""Kullback-Leibler divergence of p from q, for normal distributions.

    .. math:: \mathrm{KL}(p \| q) = \mathrm{E}_p \log \frac{p(x)}{q(x)}
              = \tfrac12 \bigl(\lVert M \rVert_F^2 - D\bigr) - \sum_d \log M_{dd} + \tfrac12 \lVert w \rVert^2,
              \quad M = L_q^{-1} L_p, \quad w = L_q^{-1} (\mu_p - \mu_q)

    Parameters
    ----------
    p, q : Normal or MultivariateNormal
        Two distributions of the same event shape, of one class or of both; their batches broadcast.

    Returns
    -------
    ndarray or scalar
        One value, in nats, for each pair of the batch; of the wider type, computed in float64.

    Raises
    ------
    NotImplementedError
        If one is a `Mixture`: there is no closed form. `fastdiv.montecarlo.kl_divergence` estimates it,
        `fastdiv.distributions.kl_divergence_bounds` encloses it.
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    The value is a sum of terms that are never negative, each computed from the differences of the
    parameters: it is exactly 0 where p equals q, and keeps its relative accuracy where they are close. It
    is inf where it exceeds the type's range, never NaN.

    `fastdiv.value_and_grad` gives gradients by both, objects of the argument's class, and takes
    ``cotangent``. An argument that was broadcast gets the sum over the pairs that it was part of. The
    gradient by `scale_tril` is lower triangular. Where a value is inf, entries of its gradient that are not
    determined are 0.

    References
    ----------
    S. Kullback, *Information Theory and Statistics*, 1959, chapter 9.

    Examples
    --------
    >>> import fastdiv
    >>> from fastdiv.distributions import Normal, kl_divergence
    >>> p, q = Normal([0.0, 0.0], [1.0, 1.0]), Normal([1.0, 0.0], [1.0, 2.0])
    >>> print(kl_divergence(p, q).round(6), kl_divergence(p, p))
    0.818147 0.0
    >>> value, gradient = fastdiv.value_and_grad(kl_divergence, argnums=1)(p, q)
    >>> print(gradient.mean, gradient.std)
    [1. 0.] [-1.     0.375]
    """
    with np.errstate(all="ignore"):
        return _rounded(_pair(p, q).value(), p, q)


def _pair(p: Any, q: Any) -> Diagonal | Triangular:
    validate.pair(p, q, (Normal, MultivariateNormal, Mixture))
    if isinstance(p, Mixture) or isinstance(q, Mixture):
        raise NotImplementedError(
            "the KL divergence of a Mixture has no closed form: fastdiv.montecarlo.kl_divergence "
            "estimates it, fastdiv.distributions.kl_divergence_bounds encloses it"
        )
    kind = Diagonal if isinstance(p, Normal) and isinstance(q, Normal) else Triangular
    return kind(p, q)


def _rounded(value: Array, p: Distribution, q: Distribution) -> Any:
    dtype = p.dtype if p.dtype.itemsize >= q.dtype.itemsize else q.dtype
    return scalar(value.astype(dtype, copy=False))


def _cotangent(cotangent: ArrayLike | None, value: Array) -> Array | None:
    if cotangent is None:
        return None
    array = validate.as_computed("cotangent", cotangent, np.dtype(np.float64))
    try:
        return np.broadcast_to(array, value.shape)
    except ValueError:
        message = f"cotangent has shape {array.shape}: expected the value's, {value.shape}"
        raise ValueError(message) from None


def _gradient(
    argument: Normal | MultivariateNormal, mean: Array, scale: Array, factor: Array | None
) -> Normal | MultivariateNormal:
    """Return the gradient as an object of the argument's class, summed where it was broadcast."""
    if isinstance(argument, Normal):
        if scale.ndim > mean.ndim:
            scale = np.diagonal(scale, axis1=-2, axis2=-1)
        std = _collect(scale, argument.std, factor)
        return Normal._unchecked(mean=_collect(mean, argument.mean, factor), std=std)
    return MultivariateNormal._unchecked(
        mean=_collect(mean, argument.mean, factor),
        scale_tril=_collect(scale, argument.scale_tril, factor),
    )


def _collect(slopes: Array, parameter: Array, factor: Array | None) -> Array:
    if factor is not None:
        weights = factor.reshape(factor.shape + (1,) * (slopes.ndim - factor.ndim))
        slopes = np.where(weights == 0, 0, weights * slopes)  # 0 times inf is 0 here
    extra = slopes.ndim - parameter.ndim
    summed = slopes.sum(axis=tuple(range(extra)))
    axes = tuple(k for k, n in enumerate(parameter.shape) if n == 1 and summed.shape[k] != 1)
    result: Array = summed.sum(axis=axes, keepdims=True).astype(parameter.dtype, copy=False)
    return result
