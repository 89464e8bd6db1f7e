"""What is no array of rows, and what to do with it instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_PROTOCOLS = (
    "__array__",
    "__array_interface__",
    "__arrow_c_stream__",
    "__dataframe__",
    "__dlpack__",
    "shape",
)


def require_one_array(X: Any) -> None:
    """Refuse data in pieces, which scikit-learn's own messages say little of."""
    if isinstance(X, str | bytes) or any(hasattr(X, name) for name in _PROTOCOLS):
        return
    if not isinstance(X, Iterable) or (isinstance(X, Sequence) and not _has_tables(X)):
        return
    kind = f"{type(X).__name__} of arrays" if isinstance(X, Sequence) else type(X).__name__
    raise TypeError(
        f"X is a {kind}: expected one array of shape (n_samples, n_features); of data in pieces each is learned "
        f"from in turn: for piece in pieces: model.partial_fit(piece)"
    )


def _has_tables(X: Sequence[Any]) -> bool:
    return len(X) > 0 and getattr(X[0], "ndim", 0) == 2
