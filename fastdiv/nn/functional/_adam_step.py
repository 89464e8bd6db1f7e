"""One step of the Adam optimiser."""

from __future__ import annotations

import numpy as np

from ... import _validate as common
from ..._array import backend_of
from . import _validate as validate
from ._backend import Array, Backend


def adam_step(
    parameters: Array,
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step: int,
    *,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> None:
    r"""Make one step of Adam on a flat vector of parameters, in place and in one pass.

    .. math:: m &= \beta_1 m + (1 - \beta_1) g, \qquad v = \beta_2 v + (1 - \beta_2) g^2 \\
              \theta &= \theta - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    parameters, first_moment, second_moment : ndarray
        :math:`\theta`, m and v, which are overwritten: of one shape and type, float32 or float64, C-contiguous and
        apart from each other. Both moments start as zeros.
    gradient : ndarray
        g, of that shape and type, C-contiguous.
    step : int
        t, the number of this step, from 1 on.
    learning_rate : float, default 1e-3
        :math:`\eta`.
    beta1, beta2 : float, default 0.9 and 0.999
        How much of the moments is kept, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the second moment.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it. Nothing is copied.

    References
    ----------
    D. P. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> parameters, first, second = np.ones(2), np.zeros(2), np.zeros(2)
    >>> functional.adam_step(parameters, np.array([4.0, -0.5]), first, second, 1, learning_rate=0.1)
    >>> print(parameters.round(6))
    [0.9 1.1]
    """
    backend = Backend(backend_of("parameters", parameters), ("parameters", parameters))
    if not isinstance(parameters, backend.xp.ndarray):
        raise TypeError(f"parameters must be an array, got {type(parameters).__name__}")
    dtype = parameters.dtype
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"parameters has dtype {dtype}: expected float32 or float64")
    arrays: list[tuple[str, Array]] = []
    for name, array in (
        ("parameters", parameters),
        ("first_moment", first_moment),
        ("second_moment", second_moment),
    ):
        arrays.append((name, backend.result(name, array, parameters.shape, dtype, [], arrays)))
    slope = backend.argument("gradient", gradient, parameters.shape, dtype)
    for name, array in arrays:
        common.disjoint(name, array, [("gradient", slope)])
    backend.run(
        "nn_adam_step",
        parameters,
        slope,
        first_moment,
        second_moment,
        common.integer("step", step, 1, 2**63 - 1),
        validate.not_negative("learning_rate", learning_rate),
        validate.decay("beta1", beta1),
        validate.decay("beta2", beta2),
        validate.not_negative("epsilon", epsilon),
    )
