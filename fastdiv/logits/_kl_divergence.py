"""Kullback-Leibler divergence of logits."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._autodiff import differentiable
from .._measure import Array
from ._measure import LogitsMeasure

_MEASURE = LogitsMeasure("kl_divergence", ("x", "y"))


@differentiable(_MEASURE)
def kl_divergence(
    x: ArrayLike,
    y: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    r"""Kullback-Leibler divergence of softmax(logits / temperature).

    .. math:: \mathrm{KL}(p \| q) = \sum_i p_i \log \frac{p_i}{q_i}, \quad
              p = \mathrm{softmax}(x / T),\; q = \mathrm{softmax}(y / T)

    Parameters
    ----------
    x, y : array_like
        Logits, unnormalised log-probabilities; they broadcast against each other. Integers and bool
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
    NaN; one of length 0 gives 0. Where p > 0 = q the value is inf. A probability below the
    smallest normal number of the type may count as 0.

    The error is at most 4 ulp of the sum of
    :math:`|p_i \log(p_i/q_i)|`,
    the magnitudes of the plain terms, however large the logits are or far apart their common shifts. In
    float64 a few rows in a million exceed it, short ones of spread-out logits most often; 8 units are the
    bound there.

    The log-ratios come from the differences of logits, which are taken exactly, and the sum has no
    negative terms: the value is never negative, exactly 0 for identical rows, and keeps its relative
    accuracy where they are close.

    The gradients are :math:`p_i (\log(p_i/q_i) - \mathrm{KL})/T` by x and :math:`(q_i - p_i)/T` by y, the
    difference without cancellation. Where the value is inf the gradient by x is +inf at entries with
    q = 0 < p and -inf at the others; the one by y is finite.

    For distillation x is the teacher and y the student, the order of KL(p ‖ q). Multiply the loss by
    ``temperature**2``: gradients shrink like 1/T², and keep their scale so (Hinton et al., section 2). A
    temperature for each row, or one that is learned, divides the logits beforehand, ``x / T``. Words that are
    masked out of a vocabulary have logits of -inf, in both. A loss with weights of tokens is
    ``(kl * weights).sum()``, its gradient that with ``cotangent=weights``.

    Gradients are by the logits. Their error is 1e-5 (float32) or 1e-13 (float64) of the row's largest
    entry; 16-bit ones are rounded from float32.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951; distillation at a temperature:
    G. Hinton, O. Vinyals and J. Dean, *Distilling the Knowledge in a Neural Network*, 2015, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> teacher, student = np.array([2.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0])
    >>> print(fastdiv.logits.kl_divergence(teacher, student).round(6))
    0.266217
    >>> value_and_grad = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, argnums=1)
    >>> print(value_and_grad(teacher, student)[1].round(6))
    [-0.331908  0.088605  0.243303]
    """
    return _MEASURE.values(
        (x, y),
        axis,
        temperature=temperature,
        base=base,
        keepdims=keepdims,
        out=out,
    )
