"""Jensen-Shannon divergence of logits."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array
from ._measure import LogitsMeasure

_MEASURE = LogitsMeasure("js_divergence", ("x", "y"), mixture=True)


@differentiable(_MEASURE)
def js_divergence(
    x: ArrayLike,
    y: ArrayLike,
    weight: float = 0.5,
    *,
    axis: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Jensen-Shannon divergence of softmax(logits / temperature).

    .. math:: \mathrm{JS}_w(p, q) = w\,\mathrm{KL}(p \| m) + (1 - w)\,\mathrm{KL}(q \| m), \quad m = w p + (1 - w) q

    Parameters
    ----------
    x, y : array_like
        Logits, unnormalised log-probabilities; they broadcast against each other. Integers and bool
        are computed in float64; float16 and bfloat16 (`ml_dtypes`) are converted in registers.
    weight : float, default 0.5
        The weight w of p in the mixture, in [0, 1].
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
    :math:`|w p_i \log(p_i/m_i)| + |(1 - w) q_i \log(q_i/m_i)|`,
    the magnitudes of the plain terms, however large the logits are or far apart their common shifts.

    The sum has no negative terms: the value is never negative, exactly 0 for identical rows, and with
    base 2 it lies in [0, 1]. It is finite for -inf anywhere.

    The gradients are :math:`w p_i (\log(p_i/m_i) - \mathrm{KL}(p \| m))/T` by x and
    :math:`(1 - w) q_i (\log(q_i/m_i) - \mathrm{KL}(q \| m))/T` by y.

    Gradients are by the logits. Their error is 1e-5 (float32) or 1e-13 (float64) of the row's
    largest term :math:`w p_i |\log(p_i/m_i)|`, of which they are
    differences.

    References
    ----------
    J. Lin, *Divergence Measures Based on the Shannon Entropy*, 1991, section IV; as a loss between language
    models: R. Agarwal et al., *On-Policy Distillation of Language Models*, 2024, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> x, y = np.array([0.0, -np.inf]), np.array([-np.inf, 0.0])
    >>> print(fastdiv.logits.js_divergence(x, y, base=2))
    1.0
    """
    return _MEASURE.values(
        (x, y),
        axis,
        temperature=temperature,
        base=base,
        keepdims=keepdims,
        out=out,
        weight=weight,
    )
