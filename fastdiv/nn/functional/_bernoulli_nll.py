"""Negative log-likelihood of data in [0, 1] under logits."""

from __future__ import annotations

from numpy.typing import ArrayLike

from ._backend import Array, matrices


def bernoulli_nll(
    logits: ArrayLike,
    x: ArrayLike,
    *,
    gradient: Array | None = None,
    cotangent: ArrayLike = 1.0,
    out: Array | None = None,
) -> Array:
    r"""Negative log-likelihood under Bernoulli distributions given by logits, and its gradient in the same pass.

    .. math:: -\log p(x | l) = \sum_j \log(1 + e^{l_j}) - x_j l_j, \qquad
              \frac{\partial}{\partial l_j} = \sigma(l_j) - x_j

    the sum over features of the cross-entropy of x and :math:`\sigma(l) = 1 / (1 + e^{-l})`.

    Parameters
    ----------
    logits, x : array_like, [n, features]
        Logits, and data in [0, 1]; of one shape. The wider of their types, float32 or float64, is the one computed in.
        C-contiguous arrays of that type are read where they lie, others copied.
    gradient : ndarray, [n, features], optional
        Where the gradient by the logits goes, if it is wanted; it may be `logits` or `x` itself.
    cotangent : float or array_like, [n], default 1
        What each row's gradient is multiplied by: of a mean over the batch 1 / n.
    out : ndarray, [n], optional
        Where the values go.

    Returns
    -------
    ndarray, [n]
        One value for each row, in nats; `out` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    No logarithm of a sigmoid is taken: with :math:`t = e^{-|l|}` a term is :math:`|l| w + \log(1 + t)`, w being 1 - x
    for positive l, else x. Nothing in it is negative, so the value's error is at most 4 ulp, however large the logits
    are. Infinite logits that are right give 0, wrong ones inf.

    References
    ----------
    D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014, appendix C.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> logits, x = np.array([[0.0, 1000.0], [-1.0, 3.0]]), np.array([[1.0, 1.0], [0.5, 0.0]])
    >>> gradient = np.empty_like(logits)
    >>> print(functional.bernoulli_nll(logits, x, gradient=gradient).round(6))
    [0.693147 3.861849]
    >>> print(gradient.round(6))
    [[-0.5       0.      ]
     [-0.231059  0.952574]]
    """
    backend, arrays = matrices(("logits", logits), ("x", x))
    shape, dtype = arrays[0].shape, arrays[0].dtype
    names = list(zip(("logits", "x"), arrays, strict=True))
    factor = backend.cotangent(cotangent, shape[0], dtype)
    values = backend.result("out", out, shape[:1], dtype, [], names)
    if gradient is not None:
        others = [("out", values), ("cotangent", factor)]
        gradient = backend.result("gradient", gradient, shape, dtype, names, others)
    backend.run("nn_bernoulli_nll", *arrays, factor, values, gradient)
    return values
