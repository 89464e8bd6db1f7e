"""Mutual information."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("mutual_information", ("pxy",), joint=True)


@differentiable(_MEASURE)
def mutual_information(
    pxy: ArrayLike,
    *,
    axes: tuple[int, int] = (-2, -1),
    base: float | None = None,
    normalize: bool = True,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Mutual information of two variables.

    .. math:: I(X; Y) = \sum_{x, y} p(x, y) \log \frac{p(x, y)}{p(x) p(y)} = H(X) + H(Y) - H(X, Y)

    Parameters
    ----------
    pxy : array_like, shape (..., nx, ny)
        Joint probabilities, weights or counts. Integers and bool are computed in float64,
        float16 and bfloat16 in float32.
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
    formula's terms, :math:`|p(x, y) \log(p(x, y)/p(x) p(y))|`.

    It is computed as KL(p(x, y) ‖ p(x) p(y)) from terms that are never negative. With ``normalize=False``
    and the sum S, the bound on the error also counts the magnitude of S log S.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 2.3.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.mutual_information([[1, 0], [0, 1]], base=2))
    1.0
    >>> print(fastdiv.mutual_information([[1, 2], [2, 4]]))
    0.0
    """
    return _MEASURE((pxy,), axes, base, normalize, keepdims, out)
