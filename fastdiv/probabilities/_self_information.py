"""Self-information of every outcome."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array, Measure

_MEASURE = Measure("self_information", ("p",))


@differentiable(_MEASURE)
def self_information(
    p: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float | None = None,
    normalize: bool = True,
    out: Array | None = None,
) -> Any:
    r"""Self-information −log p, entry by entry.

    .. math:: I(x) = -\log p(x)

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
    out : ndarray, optional
        Where the result goes: of its shape and type, not overlapping an argument.

    Returns
    -------
    ndarray
        Of the shape of p, in nats or units of `base`; inf where p is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Also called surprisal. With `normalize` the entries of each distribution along `axis` are divided by
    their sum first; a distribution with NaN or negative entries, or with the sum 0, gives NaN.

    References
    ----------
    C. E. Shannon, *A Mathematical Theory of Communication*, 1948, section 6.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.self_information([0.5, 0.25, 0.25], base=2))
    [1. 2. 2.]
    """
    return _MEASURE((p,), axis, base, normalize, False, out)
