"""Negative log-likelihood of data under Gaussians of one scale."""

from __future__ import annotations

from numpy.typing import ArrayLike

from . import _validate as validate
from ._backend import Array, matrices


def gaussian_nll(
    mean: ArrayLike,
    x: ArrayLike,
    scale: float = 1.0,
    *,
    gradient: Array | None = None,
    cotangent: ArrayLike = 1.0,
    out: Array | None = None,
) -> Array:
    r"""Negative log-likelihood under Gaussians with a common standard deviation, and its gradient in the same pass.

    .. math:: -\log p(x | m) = \sum_j \frac{(x_j - m_j)^2}{2 s^2} + \log s + \tfrac{1}{2} \log 2 \pi, \qquad
              \frac{\partial}{\partial m_j} = \frac{m_j - x_j}{s^2}

    Parameters
    ----------
    mean, x : array_like, [n, features]
        Means, and data; of one shape. The wider of their types, float32 or float64, is the one computed in.
        C-contiguous arrays of that type are read where they lie, others copied.
    scale : float, default 1
        The standard deviation s.
    gradient : ndarray, [n, features], optional
        Where the gradient by the means goes, if it is wanted; it may be `mean` or `x` itself.
    cotangent : float or array_like, [n], default 1
        What each row's gradient is multiplied by: of a mean over the batch 1 / n.
    out : ndarray, [n], optional
        Where the values go.

    Returns
    -------
    ndarray, [n]
        One value for each row, in nats; `out` if it is given. Densities may exceed 1, so it may be negative.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    References
    ----------
    D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014, appendix C.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> mean, x = np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])
    >>> gradient = np.empty_like(mean)
    >>> print(functional.gaussian_nll(mean, x, gradient=gradient).round(6))
    [2.337877]
    >>> print(gradient)
    [[-1.  0.]]
    """
    backend, arrays = matrices(("mean", mean), ("x", x))
    shape, dtype = arrays[0].shape, arrays[0].dtype
    names = list(zip(("mean", "x"), arrays, strict=True))
    deviation = validate.positive("scale", scale)
    factor = backend.cotangent(cotangent, shape[0], dtype)
    values = backend.result("out", out, shape[:1], dtype, [], names)
    if gradient is not None:
        others = [("out", values), ("cotangent", factor)]
        gradient = backend.result("gradient", gradient, shape, dtype, names, others)
    backend.run("nn_gaussian_nll", *arrays, deviation, factor, values, gradient)
    return values
