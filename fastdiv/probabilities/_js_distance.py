"""Jensen-Shannon distance."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("js_distance", ("p", "q"), mixture=True)


@differentiable(_MEASURE)
def js_distance(
    p: ArrayLike,
    q: ArrayLike,
    weight: float = 0.5,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float | None = None,
    normalize: bool = True,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Jensen-Shannon distance of p and q: the square root of their divergence, a metric.

    .. math:: d(p, q) = \sqrt{\mathrm{JS}_w(p, q)}

    Parameters
    ----------
    p, q : array_like
        Probabilities, weights or counts; they broadcast against each other. Integers and bool are
        computed in float64, float16 and bfloat16 in float32.
    weight : float, default 0.5
        The weight w of p in the mixture, in [0, 1].
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
        One value, the square root of nats or units of `base`, for each distribution; float32 if the input is,
        else float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    A distribution with NaN or negative entries, or
    with the sum 0, gives NaN; one of length 0 gives 0. Its square is off by at most 4 ulp of the sum of
    :math:`|w p_i \log(p_i/m_i)| + |(1 - w) q_i \log(q_i/m_i)|`, and the root by 4 ulp of its own more.

    The sum is taken of terms that are never negative, so the result is exactly 0 where q = c p up to
    rounding. With base 2 it lies in [0, 1].

    The gradient is 0 where p and q are equal, where the distance has a kink.

    References
    ----------
    D. M. Endres and J. E. Schindelin, *A New Metric for Probability Distributions*, 2003, section II.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.js_distance([1, 2, 3], [3, 6, 9]))
    0.0
    >>> print(fastdiv.js_distance([1, 0], [0, 1], base=2))
    1.0
    """
    return _MEASURE((p, q), axis, base, normalize, keepdims, out, weight=weight)
