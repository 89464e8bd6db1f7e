"""Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("kl_divergence", ("p", "q"))


@differentiable(_MEASURE)
def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float | None = None,
    normalize: bool = True,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Kullback-Leibler divergence of p from q.

    .. math:: \mathrm{KL}(p \| q) = \sum_i p_i \log \frac{p_i}{q_i}

    Parameters
    ----------
    p, q : array_like
        Probabilities, weights or counts; they broadcast against each other. Integers and bool are
        computed in float64, float16 and bfloat16 in float32.
    axis : int, tuple of ints or None, default -1
        The axes of one distribution; None means all.
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    normalize : bool, default True
        Divide every distribution by its sum first.
    keepdims : bool, default False
        Keep the reduced axes, with size 1.
    out : ndarray, optional
        Where the result goes: of its shape and type, not overlapping an argument.

    Returns
    -------
    ndarray or scalar
        One value, in nats or units of `base`, for each distribution; float32 if the input is, else float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Entries with p = 0 contribute 0, p > 0 = q gives inf. A distribution with NaN or negative entries, or
    with the sum 0, gives NaN; one of length 0 gives 0. The error is at most 4 ulp of the sum of
    :math:`|p_i \log(p_i/q_i)|`, the magnitudes of the terms above.

    With `normalize` the sum is taken of the terms p log(p/q) − p + q, none of which is negative: the
    result is never negative, exactly 0 where q = c p up to rounding, and keeps its relative accuracy
    where q is close to p, unlike the plain formula, whose terms cancel.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951; the non-negative terms are the
    Bregman divergence of p log p (S. Amari, *Information Geometry and Its Applications*, 2016, section 1.5).

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.kl_divergence([0.5, 0.5], [0.25, 0.75]).round(6))
    0.143841
    >>> print(fastdiv.kl_divergence([1, 2, 3], [2, 4, 6]))
    0.0
    """
    return _MEASURE((p, q), axis, base, normalize, keepdims, out)
