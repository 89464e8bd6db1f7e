"""Bounds of the entropy and of the divergence of mixtures, which have no closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _validate as validate
from ._component_pairs import Component, ComponentPairs
from ._distribution import Distribution
from ._mixture import Mixture
from ._multivariate_normal import MultivariateNormal
from ._normal import Normal
from ._numerics import Array, logsumexp, scalar

_BETAS = (0.25, 0.5, 0.75, 1.0)
_ITERATIONS = 500
_CONVERGED = 1e-12  # smaller steps than this, relative, end the iteration
_KINDS = (Normal, MultivariateNormal, Mixture)


def entropy_bounds(d: Distribution) -> tuple[Any, Any]:
    r"""Lower and upper bound of the differential entropy of a mixture, in closed form.

    .. math:: \sum_k w_k H(p_k) - \sum_k w_k \log \sum_j w_j e^{-\mathrm{BD}(p_k \| p_j)} \;\le\; H(p) \;\le\;
              \sum_k w_k H(p_k) - \sum_k w_k \log \sum_j w_j e^{-\mathrm{KL}(p_k \| p_j)}

    with the Bhattacharyya distance :math:`\mathrm{BD}(p \| q) = -\log \int \sqrt{p\, q}\, dx`.

    Parameters
    ----------
    d : Mixture, Normal or MultivariateNormal
        A distribution, of any batch shape.

    Returns
    -------
    lower, upper : ndarray or scalar, shape of the batch
        Bounds, in nats, of the distribution's type; the upper one is that above or, if it is smaller, the entropy
        of the normal distribution with the mixture's covariance. Both are the entropy itself if there is one
        component, or if all are equal, and meet as components move apart. They are bounds up to rounding, and
        computed in float64.

    Raises
    ------
    TypeError
        If `d` is no distribution.

    References
    ----------
    A. Kolchinsky and B. D. Tracey, *Estimating Mixture Entropy with Pairwise Distances*, Entropy 19(7), 2017.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal, entropy_bounds
    >>> lower, upper = entropy_bounds(Mixture([0.5, 0.5], Normal([[0.0], [3.0]], [[1.0], [1.0]])))
    >>> print(lower.round(3), upper.round(3))
    1.831 2.008
    """
    validate.instance("d", d, _KINDS)
    log_weights, components = _as_mixture(d)
    with np.errstate(all="ignore"):
        pairs = ComponentPairs(components, components)
        inner = _mean(log_weights, components._entropy())
        lower = inner - _log_overlap(log_weights, pairs)
        upper = inner - _mean(log_weights, _log_sum(log_weights, -pairs.kl()))
        if isinstance(d, Mixture):
            mean, scale_tril = d._moments()
            matched = MultivariateNormal._unchecked(mean=mean, scale_tril=scale_tril)
            upper = np.minimum(upper, matched._entropy())
        return _rounded(lower, upper, d.dtype)


def kl_divergence_bounds(p: Distribution, q: Distribution) -> tuple[Any, Any]:
    r"""Lower and upper bound of the Kullback-Leibler divergence of mixtures, in closed form.

    Parameters
    ----------
    p, q : Mixture, Normal or MultivariateNormal
        Two distributions of the same event shape, :math:`p = \sum_a \pi_a f_a` and
        :math:`q = \sum_b \omega_b g_b`; their batches broadcast.

    Returns
    -------
    lower, upper : ndarray or scalar
        Bounds, in nats, for each pair of the batch; of the wider type. Both are the divergence itself if p and q
        have one component each, 0 if p equals q, and meet as components move apart. They are bounds up to
        rounding, and computed in float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    The upper bound is the smallest of

    - the variational one of Hershey and Olsen, the minimum of
      :math:`\sum_{ab} \phi_{ab} [\log (\phi_{ab} / \psi_{ab}) + \mathrm{KL}(f_a \| g_b)]` over non-negative φ, ψ
      with :math:`\sum_b \phi_{ab} = \pi_a`, :math:`\sum_a \psi_{ab} = \omega_b` (every iterate is a bound);
    - the same for φ and ψ diagonal, if both have the same number of components (Do's bound);
    - :math:`\sum_a \pi_a [\log \sum_j \pi_j e^{-\mathrm{BD}(f_a \| f_j)} - \log \sum_b \omega_b
      e^{-\mathrm{KL}(f_a \| g_b)}]`, from the bounds of Kolchinsky and Tracey.

    The lower bound takes :math:`\mathrm{E}_{f_a} \log p \ge \log \sum_j \pi_j e^{-\mathrm{KL}(f_a \| f_j)} - H(f_a)`
    and of :math:`\mathrm{E}_{f_a} \log q` the smallest upper bound by Jensen's inequality: of
    :math:`\log \sum_b \omega_b \int f_a g_b` (Durrieu et al.) and, with the component c of q that is nearest to f_a,

    .. math:: \mathrm{E}_{f_a} \log q \le \mathrm{E}_{f_a} \log g_c + \frac 1\beta \log \sum_b \omega_b^\beta
              \int f_a \Bigl(\frac{g_b}{g_c}\Bigr)^\beta dx, \qquad \beta = \tfrac14, \tfrac12, \tfrac34, 1,

    which holds as :math:`(\sum_b x_b)^\beta \le \sum_b x_b^\beta` for positive x. It is 0 at least.

    References
    ----------
    J. R. Hershey and P. A. Olsen, *Approximating the Kullback Leibler Divergence Between Gaussian Mixture Models*,
    ICASSP 2007. A. Kolchinsky and B. D. Tracey, *Estimating Mixture Entropy with Pairwise Distances*, Entropy
    19(7), 2017. J.-L. Durrieu, J.-Ph. Thiran and F. Kelly, *Lower and Upper Bounds for Approximation of the
    Kullback-Leibler Divergence Between Gaussian Mixture Models*, ICASSP 2012. M. N. Do, *Fast Approximation of
    Kullback-Leibler Distance for Dependence Trees and Hidden Markov Models*, 2003.

    Examples
    --------
    >>> from fastdiv.distributions import Mixture, Normal, kl_divergence_bounds
    >>> p = Mixture([0.5, 0.5], Normal([[0.0], [5.0]], [[1.0], [1.0]]))
    >>> q = Mixture([0.8, 0.2], Normal([[0.0], [5.0]], [[2.0], [1.0]]))
    >>> lower, upper = kl_divergence_bounds(p, q)
    >>> print(lower.round(3), upper.round(3))
    0.21 0.365
    """
    validate.pair(p, q, _KINDS)
    dtype = max(p.dtype, q.dtype, key=lambda dtype: dtype.itemsize)
    (log_pi, f), (log_omega, g) = _as_mixture(p), _as_mixture(q)
    with np.errstate(all="ignore"):
        within, across = ComponentPairs(f, f), ComponentPairs(f, g)
        divergences = across.kl()
        upper = _variational_upper(log_pi, log_omega, divergences)
        if log_pi.shape[-1] == log_omega.shape[-1]:
            upper = np.minimum(upper, _matched_upper(log_pi, log_omega, divergences))
        cross = _log_sum(log_omega, -divergences)
        upper = np.minimum(upper, _log_overlap(log_pi, within) - _mean(log_pi, cross))
        terms = _log_sum(log_pi, -within.kl()) + _cross_lower(log_omega, across, divergences)
        upper = np.maximum(upper, 0)  # it may be smaller by rounding
        lower = np.minimum(np.maximum(_mean(log_pi, terms), 0), upper)
        return _rounded(lower, upper, dtype)


def _as_mixture(d: Any) -> tuple[Array, Component]:
    """Return log-weights (..., K) and components (..., K) of any distribution."""
    if isinstance(d, Mixture):
        return d._log_weights(), d.components
    return np.zeros((*d.batch_shape, 1)), d[..., None]


def _mean(log_weights: Array, values: Array) -> Array:
    """Weighted sum over components; where the weight is 0 the value does not matter."""
    weights = np.exp(log_weights)
    result: Array = np.where(weights == 0, 0, weights * values).sum(axis=-1)
    return result


def _log_sum(log_weights: Array, logs: Array) -> Array:
    """Compute log sum_b w_b exp(logs[..., a, b])."""
    return logsumexp(log_weights[..., None, :] + logs)


def _log_overlap(log_weights: Array, pairs: ComponentPairs) -> Array:
    """Compute sum_k w_k log sum_j w_j exp(-BD(k, j)), which is at least E log p + sum_k w_k H(p_k)."""
    return _mean(log_weights, _log_sum(log_weights, pairs.log_overlap()))


def _matched_upper(log_pi: Array, log_omega: Array, divergences: Array) -> Array:
    own = np.diagonal(divergences, axis1=-2, axis2=-1)
    return _mean(log_pi, log_pi - log_omega + own)


def _variational_upper(log_pi: Array, log_omega: Array, divergences: Array) -> Array:
    """Minimise the bound over phi and psi in turn; given psi the best phi is known in closed form."""
    log_psi = log_pi[..., :, None] + log_omega[..., None, :]
    value: Array = np.full(log_psi.shape[:-2], np.inf)
    for _ in range(_ITERATIONS):
        joint = log_psi - divergences
        log_z = logsumexp(joint)
        previous, value = value, _mean(log_pi, log_pi - log_z)
        if not (previous - value > _CONVERGED * np.abs(value)).any():
            break
        log_phi = log_pi[..., :, None] + joint - log_z[..., None]
        log_phi = np.where(np.isnan(log_phi), -np.inf, log_phi)
        log_psi = log_omega[..., None, :] + log_phi - logsumexp(log_phi, -2)[..., None, :]
        # A component of q that no phi reaches is left out: less of q keeps it an upper bound.
        log_psi = np.where(np.isnan(log_psi), -np.inf, log_psi)
    return value


def _cross_lower(log_omega: Array, pairs: ComponentPairs, divergences: Array) -> Array:
    """Lower bound of -E_{f_a} log q - H(f_a), for every a."""
    log_omega = np.broadcast_to(log_omega[..., None, :], divergences.shape)
    best: Array = -logsumexp(log_omega + pairs.log_product()) - pairs.f[..., 0]._entropy()
    nearest = np.argmin(divergences - log_omega, axis=-1)
    at_nearest = np.take_along_axis(divergences - log_omega, nearest[..., None], -1)[..., 0]
    own = np.take_along_axis(log_omega, nearest[..., None], -1)
    for beta in _BETAS:
        logs = beta * (log_omega - own) + pairs.log_ratio(beta, nearest)
        bound = at_nearest - logsumexp(logs) / beta
        best = np.fmax(best, np.where(np.isnan(bound), -np.inf, bound))
    return best


def _rounded(lower: Array, upper: Array, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    return scalar(lower.astype(dtype, copy=False)), scalar(upper.astype(dtype, copy=False))
