"""Conditional entropy."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("conditional_entropy", ("pxy",), joint=True, conditional=True)


@differentiable(_MEASURE)
def conditional_entropy(
    pxy: ArrayLike,
    given: int = -1,
    *,
    axes: tuple[int, int] = (-2, -1),
    base: float | None = None,
    normalize: bool = True,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Entropy of one variable when the other is known.

    .. math:: H(X \mid Y) = -\sum_{x, y} p(x, y) \log p(x \mid y) = H(X, Y) - H(Y)

    Parameters
    ----------
    pxy : array_like, shape (..., nx, ny)
        Joint probabilities, weights or counts. Integers and bool are computed in float64,
        float16 and bfloat16 in float32.
    given : int, default -1
        The axis of the variable that is known: -1 gives H(X | Y), -2 gives H(Y | X).
    axes : tuple of two ints, default (-2, -1)
        The axes of X and of Y.
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
        One value, in nats or units of `base`, for each table; float32 if the input is, else float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    0 log 0 is 0. A distribution with NaN or negative entries, or with the sum 0, gives NaN; one of
    length 0 gives 0. The error is at most 4 ulp of the sum of the magnitudes of the
    formula's terms.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 2.2.

    Examples
    --------
    >>> import fastdiv
    >>> pxy = [[1, 1], [0, 2]]
    >>> print(fastdiv.conditional_entropy(pxy, given=-2, base=2))  # H(Y | X)
    0.5
    """
    return _MEASURE((pxy,), axes, base, normalize, keepdims, out, given=given)
