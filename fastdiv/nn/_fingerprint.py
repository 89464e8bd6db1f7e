"""Whether data are those that a training began with, found out without keeping them."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._likelihood import blocks

Array = NDArray[Any]
Fingerprint = dict[str, str | None]
_ROWS = 256
_WHOLE = 1 << 28  # bytes, a fraction of a second; a mapped file is never read for this


def fingerprint(X: Array, dtype: Any) -> Fingerprint:
    """Return hashes of some rows and, unless X is large or mapped, of all.

    They are of the values in the type of training: a file that is mapped and the same data in memory agree.
    """
    count = min(_ROWS, len(X))
    places = np.append(np.arange(count) * len(X) // count, len(X) - 1)
    small = X.nbytes <= _WHOLE and not _is_mapped(X)
    return {
        "some_rows": _hash([X[places]], dtype),
        "all_rows": _hash(blocks(X), dtype) if small else None,
    }


def same(first: Fingerprint | None, second: Fingerprint) -> bool:
    """Whether two are of the same data, as far as both know."""
    if first is None or first["some_rows"] != second["some_rows"]:
        return False
    whole = first["all_rows"], second["all_rows"]
    return None in whole or whole[0] == whole[1]


def _hash(parts: Iterable[Array], dtype: Any) -> str:
    one_order = np.dtype(dtype).newbyteorder("<")  # on every machine
    found = hashlib.blake2b(digest_size=16, usedforsecurity=False)
    for part in parts:
        with np.errstate(all="ignore"):
            values = np.ascontiguousarray(part, one_order)
        found.update(values.data)
    return found.hexdigest()


def _is_mapped(X: Any) -> bool:
    while X is not None:
        if isinstance(X, mmap.mmap):
            return True
        X = getattr(X, "base", None)
    return False
