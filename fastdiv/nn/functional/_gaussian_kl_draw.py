"""The divergence of a Gaussian posterior from the standard normal prior, and a draw from it."""

from __future__ import annotations

from numpy.typing import ArrayLike

from . import _validate as validate
from ._backend import Array, matrices


def gaussian_kl_draw(
    mean: ArrayLike,
    log_variance: ArrayLike,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    z: Array | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    r"""Kullback-Leibler divergence of Gaussians from the standard normal, and a draw from each, in one pass.

    .. math:: \mathrm{KL}(N(m, e^v) \| N(0, 1)) = \tfrac{1}{2} \sum_j m_j^2 + e^{v_j} - 1 - v_j, \qquad
              z = m + e^{v / 2} \xi

    where :math:`\xi` is standard normal (the reparameterisation trick): element e of the matrix, in C order, takes
    number ``offset + e`` of `fastdiv.random.normal` of that type. The numbers are not kept; the gradient draws them
    again.

    Parameters
    ----------
    mean, log_variance : array_like, [n, features]
        m and v; of one shape. The wider of their types, float32 or float64, is the one computed in. Arrays of that type
        whose rows are contiguous, such as halves of a matrix, are read where they lie, others copied.
    seed : int
        From 0 to 2^64 - 1.
    offset : int, default 0
        The stream's number that the first element takes.
    stream : int, default 0
        From 0 to 2^32 - 1.
    z : ndarray, [n, features], optional
        Where the draws go: with contiguous rows; it may be `mean` or `log_variance` itself.
    out : ndarray, [n], optional
        Where the divergences go.

    Returns
    -------
    kl : ndarray, [n]
        One value for each row, in nats; `out` if it is given.
    z : ndarray, [n, features]
        One draw for each row; `z` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    :math:`e^v - 1 - v` is computed without cancellation, so the value is never negative, and its error is at most 8 ulp
    even where the posterior is close to the prior. An infinite log-variance gives inf.

    References
    ----------
    D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014, section 2.4 and appendix B.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> mean, log_variance = np.array([[0.0, 0.0], [1.0, -1.0]]), np.array([[0.0, 0.0], [0.0, -2.0]])
    >>> kl, z = functional.gaussian_kl_draw(mean, log_variance, seed=7)
    >>> print(kl.round(6))
    [0.       1.567668]
    >>> print(z.round(6))
    [[ 0.651065  0.38868 ]
     [ 1.653247 -1.065169]]
    """
    named = ("mean", mean), ("log_variance", log_variance)
    backend, arrays = matrices(*named, strided_rows=True)
    shape, dtype = arrays[0].shape, arrays[0].dtype
    first = validate.place(seed, offset, stream, arrays[0].size)
    names = list(zip(("mean", "log_variance"), arrays, strict=True))
    kl = backend.result("out", out, shape[:1], dtype, [], names)
    drawn = backend.result("z", z, shape, dtype, names, [("out", kl)], strided_rows=True)
    backend.run("nn_gaussian_kl_draw", *arrays, *first, kl, drawn)
    return kl, drawn


def gaussian_kl_draw_backward(
    mean: ArrayLike,
    log_variance: ArrayLike,
    upstream_z: ArrayLike,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    cotangent: ArrayLike = 1.0,
    mean_gradient: Array | None = None,
    log_variance_gradient: Array | None = None,
) -> tuple[Array, Array]:
    r"""Gradients of `gaussian_kl_draw` by the mean and the log-variance, the noise drawn again.

    .. math:: \frac{\partial L}{\partial m} = \frac{\partial L}{\partial z} + c m, \qquad
              \frac{\partial L}{\partial v} = \tfrac{1}{2} \Bigl(\frac{\partial L}{\partial z} e^{v / 2} \xi
              + c (e^v - 1)\Bigr)

    Parameters
    ----------
    mean, log_variance : array_like, [n, features]
        As they were given to `gaussian_kl_draw`.
    upstream_z : array_like, [n, features]
        The gradient by z.
    seed, offset, stream : int
        As they were given to `gaussian_kl_draw`.
    cotangent : float or array_like, [n], default 1
        The gradient by each row's divergence, c: of a mean over the batch its weight, 1 / n.
    mean_gradient, log_variance_gradient : ndarray, [n, features], optional
        Where the gradients go: with contiguous rows, such as halves of a matrix. Each may be an argument itself, such
        as `upstream_z`, but not the other one.

    Returns
    -------
    mean_gradient, log_variance_gradient : ndarray, [n, features]
        The gradients; the arrays given, if they are.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    References
    ----------
    D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014, section 2.4 and appendix B.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> mean, log_variance = np.array([[0.5, -1.0]]), np.array([[0.0, -2.0]])
    >>> kl, z = functional.gaussian_kl_draw(mean, log_variance, seed=7)
    >>> gradients = functional.gaussian_kl_draw_backward(mean, log_variance, z, seed=7)
    >>> print(np.round(gradients, 6))
    [[[ 1.651065 -1.857013]]
    <BLANKLINE>
     [[ 0.374709 -0.493603]]]
    """
    named = ("mean", mean), ("log_variance", log_variance), ("upstream_z", upstream_z)
    backend, arrays = matrices(*named, strided_rows=True)
    shape, dtype = arrays[0].shape, arrays[0].dtype
    first = validate.place(seed, offset, stream, arrays[0].size)
    factor = backend.cotangent(cotangent, shape[0], dtype)
    names = [(name, array) for (name, _), array in zip(named, arrays, strict=True)]
    by_mean = backend.result(
        "mean_gradient",
        mean_gradient,
        shape,
        dtype,
        names,
        [("cotangent", factor)],
        strided_rows=True,
    )
    by_log_variance = backend.result(
        "log_variance_gradient",
        log_variance_gradient,
        shape,
        dtype,
        names,
        [("mean_gradient", by_mean), ("cotangent", factor)],
        strided_rows=True,
    )
    backend.run("nn_gaussian_kl_draw_backward", *arrays, *first, factor, by_mean, by_log_variance)
    return by_mean, by_log_variance
