"""The penalty that keeps hidden units quiet on average."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ... import _validate as common
from . import _validate as validate
from ._backend import Array, matrices


def sparsity_penalty(
    activations: ArrayLike,
    sparsity: float = 0.05,
    *,
    gradient: Array | None = None,
    cotangent: float = 1.0,
) -> Any:
    r"""Kullback-Leibler divergence of the wanted mean activation from each hidden unit's, summed over units.

    .. math:: \sum_j \mathrm{KL}(\rho \| r_j) = \sum_j \rho \log \frac{\rho}{r_j}
              + (1 - \rho) \log \frac{1 - \rho}{1 - r_j}, \qquad
              \frac{\partial}{\partial a_{ij}} = \frac{r_j - \rho}{n \, r_j (1 - r_j)}

    where :math:`r_j = \frac{1}{n} \sum_i a_{ij}` is the mean of column j over the batch. The gradient is the same for
    all rows, so one row of it is written: `bias_activation_backward` adds it as ``column_upstream``.

    Parameters
    ----------
    activations : array_like, [n, units]
        In (0, 1), such as those of a sigmoid: float32 or float64. A C-contiguous array is read where it lies, another
        one is copied, and other types are converted.
    sparsity : float, default 0.05
        The wanted mean, between 0 and 1.
    gradient : ndarray, [units], optional
        Where the gradient by each entry of a column goes, if it is wanted.
    cotangent : float, default 1
        What the gradient is multiplied by: the weight of the penalty.

    Returns
    -------
    float
        The penalty, in nats, not multiplied by `cotangent`; never negative. Of activations in GPU memory an array of
        no axes there, float64, so that nothing waits for the GPU.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Both parts of a term are summed from :math:`\phi(y) = y - \log(1 + y)`, which is not negative: the value is exact to
    a few ulp however close the means are to `sparsity`. A mean of 0 or 1 gives inf, and an infinite gradient; one
    outside gives NaN, as an empty batch does.

    References
    ----------
    A. Ng, *Sparse Autoencoder*, CS294A lecture notes, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> activations = np.array([[0.05, 0.2], [0.05, 0.4]])
    >>> gradient = np.empty(2)
    >>> print(round(functional.sparsity_penalty(activations, 0.05, gradient=gradient), 6))
    0.200525
    >>> print(gradient.round(6))
    [0.       0.595238]
    """
    backend, (array,) = matrices(("activations", activations))
    rho = validate.fraction("sparsity", sparsity)
    weight = common.real("cotangent", cotangent)
    if gradient is not None:
        others = [("activations", array)]
        gradient = backend.result("gradient", gradient, array.shape[1:], array.dtype, [], others)
    return backend.run("nn_sparsity_penalty", array, rho, weight, gradient)
