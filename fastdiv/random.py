"""Random numbers that depend on the seed and their place in the stream alone: Philox4x32-10.

    normal                standard normal numbers
    uniform               numbers in the open interval (0, 1)

Element e of a call, in C order, is number ``offset + e`` of the stream. So a call gives the same bits with any number
of threads and on a GPU, and any slice of a stream can be drawn alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import _array
from . import _validate as validate

__all__ = [
    "normal",
    "uniform",
]

Array = NDArray[Any]
Shape = int | tuple[int, ...]


def normal(
    seed: int,
    shape: Shape,
    offset: int = 0,
    stream: int = 0,
    dtype: DTypeLike = np.float64,
    out: Array | None = None,
    device: str | None = None,
) -> Array:
    r"""Draw standard normal numbers: mean 0, standard deviation 1.

    Of two numbers u, v of `uniform`, at an even place and the next one,

    .. math:: z_0 = \sqrt{-2 \log u} \cos 2 \pi v, \qquad z_1 = \sqrt{-2 \log u} \sin 2 \pi v

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    shape : int or tuple of ints
        Shape of the result.
    offset : int, default 0
        The stream's number that the first element is; with the elements that follow at most 2^64.
    stream : int, default 0
        From 0 to 2^32 - 1; streams of one seed are independent, as those of two seeds are.
    dtype : dtype, default float64
        float64 or float32; one seed's numbers of both are not independent.
    out : ndarray, optional
        Where the result goes: C-contiguous, of that shape and dtype. An array of CuPy is filled on its GPU.
    device : {"cpu", "cuda"}, optional
        Where a new array is made; "cuda" gives CuPy's, on its current GPU. By default the CPU.

    Returns
    -------
    ndarray
        Of that shape and dtype; `out` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Each number is within 3.5 units in the last place of its formula, and of magnitude at most 8.6 (float64) or 5.8
    (float32). The bits are the same on every machine with a fused multiply-add, a GPU's too; on
    x86-64-v2 the last few may differ.

    References
    ----------
    G. E. P. Box and M. E. Muller, *A Note on the Generation of Random Normal Deviates*, 1958.
    J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011.

    Examples
    --------
    >>> import fastdiv
    >>> x = fastdiv.random.normal(7, (2, 3))
    >>> print(x.round(6))
    [[ 0.651065  0.38868   0.653247]
     [-0.177146  1.795313 -2.514616]]
    >>> bool((fastdiv.random.normal(7, 3, offset=3) == x[1]).all())
    True
    """
    return _draw("random_normal", seed, shape, offset, stream, dtype, out, device)


def uniform(
    seed: int,
    shape: Shape,
    offset: int = 0,
    stream: int = 0,
    dtype: DTypeLike = np.float64,
    out: Array | None = None,
    device: str | None = None,
) -> Array:
    r"""Draw uniform numbers in the open interval (0, 1).

    .. math:: u = (m + 1/2) \, 2^{-b}

    where m are the b highest bits of a word of the generator: 52 of 64 bits in float64, 23 of 32 in float32. The mean
    is 1/2 exactly, and neither 0 nor 1 appears.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    shape : int or tuple of ints
        Shape of the result.
    offset : int, default 0
        The stream's number that the first element is; with the elements that follow at most 2^64.
    stream : int, default 0
        From 0 to 2^32 - 1; streams of one seed are independent, as those of two seeds are.
    dtype : dtype, default float64
        float64 or float32; one seed's numbers of both are not independent.
    out : ndarray, optional
        Where the result goes: C-contiguous, of that shape and dtype. An array of CuPy is filled on its GPU.
    device : {"cpu", "cuda"}, optional
        Where a new array is made; "cuda" gives CuPy's, on its current GPU. By default the CPU.

    Returns
    -------
    ndarray
        Of that shape and dtype; `out` if it is given.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    With k = 2 (float64) or 4 (float32), number e is word e mod k of the counter (e // k, 0, stream), its 64-bit index
    first, under the seed as the key. The bits are the same on every machine, a GPU's too.

    References
    ----------
    J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.random.uniform(0, 4, dtype="float32"))
    [0.39904648 0.88052016 0.7357128  0.6054818 ]
    """
    return _draw("random_uniform", seed, shape, offset, stream, dtype, out, device)


def _draw(
    name: str,
    seed: Any,
    shape: Any,
    offset: Any,
    stream: Any,
    dtype: Any,
    out: Array | None,
    device: Any,
) -> Array:
    """Check the arguments and fill an array."""
    key = validate.integer("seed", seed, 0, 2**64 - 1)
    lane = validate.integer("stream", stream, 0, 2**32 - 1)
    sizes, kind = validate.shape(shape), validate.floating(dtype)
    where = None if device is None else _array.backend_on(validate.device(device))
    if out is None:
        backend = where or _array.backend_on("cpu")
        array: Array = _array.namespace(backend).empty(sizes, kind)
    else:
        backend = _array.backend_of("out", out)
        if where not in (None, backend):
            raise ValueError(f"out is not in the memory of device {device!r}: expected one of both")
        array = validate.output("out", out, sizes, kind, _array.namespace(backend))
        validate.contiguous("out", array)
    first = validate.integer("offset", offset, 0, 2**64 - max(array.size, 1))
    with _array.on_device(backend, ("out",), (array,)):
        getattr(backend, name)(key, first, lane, array)
    return array
