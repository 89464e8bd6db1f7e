"""Corrupted inputs for denoising autoencoders."""

from __future__ import annotations

from numpy.typing import ArrayLike

from . import _validate as validate
from ._backend import Array, matrices

CORRUPTIONS = ("mask", "gaussian", "salt_and_pepper")


def corrupt(
    x: ArrayLike,
    kind: str,
    level: float,
    seed: int,
    offset: int = 0,
    stream: int = 0,
    *,
    out: Array | None = None,
) -> Array:
    r"""Corrupt data at random, each element by itself.

    With u uniform in (0, 1) and :math:`\xi` standard normal, an element becomes, for ``"mask"``, 0 where u < level; for
    ``"salt_and_pepper"``, 0 where u < level / 2 and 1 where level / 2 <= u < level; for ``"gaussian"``,
    :math:`x + \mathrm{level} \cdot \xi`. Element e of the matrix, in C order, takes number ``offset + e`` of
    `fastdiv.random.uniform` or `fastdiv.random.normal` of its type.

    Parameters
    ----------
    x : array_like, [n, features]
        Data: float32 or float64. A C-contiguous array is read where it lies, another one is copied, and other types are
        converted.
    kind : {"mask", "gaussian", "salt_and_pepper"}
        How it is corrupted.
    level : float
        A probability in [0, 1], or for gaussian a standard deviation.
    seed : int
        From 0 to 2^64 - 1.
    offset : int, default 0
        The stream's number that the first element takes.
    stream : int, default 0
        From 0 to 2^32 - 1.
    out : ndarray, [n, features], optional
        Where the result goes: C-contiguous and of the type of `x`; it may be `x` itself.

    Returns
    -------
    ndarray, [n, features]
        Corrupted data; `out` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, *Extracting and Composing Robust Features with Denoising
    Autoencoders*, 2008 (mask); *Stacked Denoising Autoencoders*, 2010, section 3.3 (the others).

    Examples
    --------
    >>> import numpy as np
    >>> from fastdiv.nn import functional
    >>> x = np.full((2, 5), 0.5)
    >>> print(functional.corrupt(x, "mask", 0.5, seed=3))
    [[0.  0.5 0.5 0.5 0.5]
     [0.  0.  0.5 0.5 0.5]]
    """
    option = validate.choice("kind", kind, CORRUPTIONS)
    check = validate.not_negative if kind == "gaussian" else validate.probability
    amount = check("level", level)
    backend, (array,) = matrices(("x", x))
    first = validate.place(seed, offset, stream, array.size)
    result = backend.result("out", out, array.shape, array.dtype, [("x", array)])
    backend.run("nn_corrupt", array, option, amount, *first, result)
    return result
