"""Shannon entropy."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("entropy", ("p",))


@differentiable(_MEASURE)
def entropy(
    p: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float | None = None,
    normalize: bool = True,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Shannon entropy of distributions along an axis.

    .. math:: H(p) = -\sum_i p_i \log p_i

    Parameters
    ----------
    p : array_like
        Probabilities, weights or counts. Integers and bool are computed in float64, float16 and
        bfloat16 in float32.
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
    0 log 0 is 0. A distribution with NaN or negative entries, or with the sum 0, gives NaN; one of
    length 0 gives 0. The error is at most 4 ulp of the sum of :math:`|p_i \log p_i|`.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 2.1.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.entropy([[1, 1, 1, 1], [4, 0, 0, 0]], base=2))
    [2. 0.]
    """
    return _MEASURE((p,), axis, base, normalize, keepdims, out)
