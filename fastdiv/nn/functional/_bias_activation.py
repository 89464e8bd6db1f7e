"""A layer's bias and activation, forward and backward."""

from __future__ import annotations

from numpy.typing import ArrayLike

from . import _validate as validate
from ._backend import Array, matrices

ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")


def bias_activation(
    x: ArrayLike,
    bias: ArrayLike,
    activation: str,
    *,
    out: Array | None = None,
    pre: Array | None = None,
) -> Array:
    r"""Add a bias to each column and apply an activation.

    .. math:: y = f(x + b)

    with f(x) of ``"identity"``: x; ``"relu"``: max(x, 0); ``"tanh"``; ``"sigmoid"``: :math:`1 / (1 + e^{-x})`;
    ``"softplus"``: :math:`\log(1 + e^x)`; ``"gelu"``: :math:`x \Phi(x)`, :math:`\Phi` the normal distribution function.

    Parameters
    ----------
    x : array_like, [n, features]
        What the layer's matrix product gave: float32 or float64. A C-contiguous array is read where it lies, another
        one is copied, and other types are converted.
    bias : array_like, [features]
        Converted to the type of `x`.
    activation : str
        One of the names above.
    out : ndarray, [n, features], optional
        Where y goes: C-contiguous and of the type of `x`; it may be `x` itself.
    pre : ndarray, [n, features], optional
        Where x + b goes, which the gradient of gelu needs; it may be `x` itself.

    Returns
    -------
    ndarray, [n, features]
        y; `out` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    The error is at most 3 ulp, of gelu 6 ulp, at x + b rounded. NaN stays NaN.

    References
    ----------
    gelu: D. Hendrycks and K. Gimpel, *Gaussian Error Linear Units*, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> x = np.array([[-1.0, 0.0], [2.0, 3.0]])
    >>> print(functional.bias_activation(x, [0.5, -1.0], "relu"))
    [[0.  0. ]
     [2.5 2. ]]
    """
    f = validate.choice("activation", activation, ACTIVATIONS)
    backend, (array,) = matrices(("x", x))
    row = backend.vector("bias", bias, array.shape[1], array.dtype, "column of x")
    inputs = [("x", array)]
    result = backend.result("out", out, array.shape, array.dtype, inputs, [("bias", row)])
    if pre is not None:
        others = [("out", result), ("bias", row)]
        pre = backend.result("pre", pre, array.shape, array.dtype, inputs, others)
    backend.run("nn_bias_activation", array, row, f, result, pre)
    return result


def bias_activation_backward(
    saved: ArrayLike,
    upstream: ArrayLike,
    activation: str,
    *,
    column_upstream: ArrayLike | None = None,
    out: Array | None = None,
    bias_gradient: Array | None = None,
) -> tuple[Array, Array]:
    r"""Gradients of `bias_activation` by what goes in, and by the bias.

    .. math:: \frac{\partial L}{\partial x_{ij}} = f'(x_{ij} + b_j)
              \Bigl(\frac{\partial L}{\partial y_{ij}} + c_j\Bigr), \qquad
              \frac{\partial L}{\partial b_j} = \sum_i \frac{\partial L}{\partial x_{ij}}

    The slope f' is computed from y: 1 for identity, [y > 0] for relu, :math:`1 - y^2` for tanh, :math:`y (1 - y)` for
    sigmoid and :math:`1 - e^{-y}` for softplus. The one of gelu needs x + b.

    Parameters
    ----------
    saved : array_like, [n, features]
        What `bias_activation` returned; for gelu its `pre`.
    upstream : array_like, [n, features]
        The gradient by y.
    activation : str
        The name that `bias_activation` was given.
    column_upstream : array_like, [features], optional
        A part of the gradient by y that all rows have, c above, such as the one of `sparsity_penalty`.
    out : ndarray, [n, features], optional
        Where the gradient by x goes: C-contiguous and of the arguments' type; it may be `saved` or `upstream` itself.
    bias_gradient : ndarray, [features], optional
        Where the gradient by the bias goes, such as a view of a flat vector of gradients. It is overwritten.

    Returns
    -------
    gradient : ndarray, [n, features]
        By x; `out` if it is given.
    bias_gradient : ndarray, [features]
        By the bias, 0 for an empty batch. Sums over rows are made in float64, in a fixed order.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Where y is saturated, that is rounded to a value at which the slope is 0, the gradient is 0.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, *Learning Representations by Back-Propagating Errors*, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> y = functional.bias_activation(np.zeros((3, 2)), [0.0, 1.0], "sigmoid")
    >>> gradient, bias_gradient = functional.bias_activation_backward(y, np.ones((3, 2)), "sigmoid")
    >>> print(bias_gradient.round(6))
    [0.75     0.589836]
    """
    f = validate.choice("activation", activation, ACTIVATIONS)
    backend, arrays = matrices(("saved", saved), ("upstream", upstream))
    shape, dtype = arrays[0].shape, arrays[0].dtype
    names = list(zip(("saved", "upstream"), arrays, strict=True))
    columns: list[tuple[str, Array]] = []
    row = None
    if column_upstream is not None:
        row = backend.vector("column_upstream", column_upstream, shape[1], dtype, "column")
        columns = [("column_upstream", row)]
    gradient = backend.result("out", out, shape, dtype, names, columns)
    others = [("out", gradient), *names]
    by_bias = backend.result("bias_gradient", bias_gradient, shape[1:], dtype, columns, others)
    backend.run("nn_bias_activation_backward", *arrays, row, f, gradient, by_bias)
    return gradient, by_bias
