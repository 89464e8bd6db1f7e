"""Shannon entropy of logits."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array
from ._measure import LogitsMeasure

_MEASURE = LogitsMeasure("entropy", ("x",))


@differentiable(_MEASURE)
def entropy(
    x: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Shannon entropy of softmax(logits / temperature).

    .. math:: H(p) = -\sum_i p_i \log p_i, \quad p = \mathrm{softmax}(x / T)

    Parameters
    ----------
    x : array_like
        Logits, unnormalised log-probabilities. Integers and bool
        are computed in float64; float16 and bfloat16 (`ml_dtypes`) are converted in registers.
    axis : int, tuple of ints or None, default -1
        The axes of one distribution; None means all.
    temperature : float, default 1
        What logits are divided by: p = softmax(x / temperature).
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    keepdims : bool, default False
        Keep the reduced axes, with size 1.
    out : ndarray, optional
        Where the result goes: of its shape and type, not overlapping an argument.

    Returns
    -------
    ndarray or scalar
        One value, in nats or units of `base`, for each distribution; float64 for float64, else float32.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    A logit of -inf has probability 0 and contributes 0. A row with NaN or +inf, or of -inf alone, gives
    NaN; one of length 0 gives 0. A probability below the smallest normal number of the type may count as 0.

    The error is at most 4 ulp of the sum of
    :math:`|p_i \log p_i|`,
    the magnitudes of the plain terms, however large the logits are or far apart their common shifts. In
    float64 about one row in a million exceeds it; 8 units are the bound there.

    Nothing cancels in a row that is nearly one-hot: with m the largest logit, the sum is taken as
    log(1 + rest) plus the mean of (m - x)/T.

    The gradient is :math:`\partial H/\partial x_i = p_i (\bar x - x_i)/T^2`, with the mean of x under p.

    Gradients are by the logits. Their error is 1e-5 (float32) or 1e-13 (float64) of the row's largest
    entry; 16-bit ones are rounded from float32.

    References
    ----------
    C. E. Shannon, *A Mathematical Theory of Communication*, 1948, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> print(fastdiv.logits.entropy(np.array([0.0, 0.0, -np.inf]), base=2))
    1.0
    """
    return _MEASURE.values(
        (x,),
        axis,
        temperature=temperature,
        base=base,
        keepdims=keepdims,
        out=out,
    )
