"""The IDX format of MNIST and its kin."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an array from a file in the IDX format, compressed with gzip or not.

    Parameters
    ----------
    path : path
        A file like ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray
        In the machine's own byte order; images of MNIST are uint8 of shape [n, 28, 28]. Estimators take them as
        ``images.reshape(len(images), -1) / 255``.

    Raises
    ------
    ValueError
        If the file is not in that format, cut off or longer than it says.
    OSError
        If it cannot be read.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges, *The MNIST database of handwritten digits*: the file formats.

    Examples
    --------
    >>> import os, tempfile
    >>> from fastdiv.nn.datasets import load_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "images-idx3-ubyte")
    ...     with open(path, "wb") as file:  # unsigned bytes, 3 axes: two images of one row and two columns
    ...         _ = file.write(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0, 51, 255]))
    ...     images = load_idx(path)
    >>> images.shape, images.dtype
    ((2, 1, 2), dtype('uint8'))
    >>> print(images.reshape(len(images), -1) / 255)  # a row an image, in [0, 1]: what estimators take
    [[1.  0. ]
     [0.2 1. ]]
    """
    content = _content(Path(path))
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ValueError(
            f"{path} begins with {content[:4]!r}: expected an IDX file, 0, 0, a type and a number of axes"
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} ends in its header: expected the sizes of {content[3]} axes")
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    dtype = np.dtype(_TYPES[content[2]])
    size = start + math.prod(shape) * dtype.itemsize
    if len(content) != size:
        raise ValueError(
            f"{path} has {len(content)} bytes: expected {size} for {dtype.name} of shape {shape}"
        )
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != _GZIP:
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
