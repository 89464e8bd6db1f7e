"""Every error that the parameters of a distribution can cause; the rest is in `fastdiv._validate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._validate import Array, as_array, compute_dtype
from .._validate import as_computed as as_computed
from .._validate import describe as describe
from .._validate import integer as integer


def parameters(
    names: Sequence[str], values: Sequence[Any]
) -> tuple[list[Array], np.dtype[Any], list[np.dtype[Any]]]:
    """Return the arrays, the widest type that they are computed in, and the type of each."""
    arrays = [as_array(name, value) for name, value in zip(names, values, strict=True)]
    dtypes = [compute_dtype(name, a) for name, a in zip(names, arrays, strict=True)]
    return arrays, max(dtypes, key=lambda dtype: dtype.itemsize), dtypes


def shape(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that several broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        pairs = zip(names, shapes, strict=True)
        text = " and ".join(f"{name} with shape {size}" for name, size in pairs)
        raise ValueError(f"{text} do not broadcast") from None


def event(name: str, size: tuple[int, ...]) -> None:
    """Check that the last axis holds an event."""
    if not size or size[-1] == 0:
        raise ValueError(
            f"{name} has shape {size}: expected the event, of at least one entry, on the last axis"
        )


def finite(name: str, array: Array) -> None:
    """Check that there is no infinity and no NaN."""
    _every(name, array, np.isfinite(array), "finite")


def positive(name: str, array: Array) -> None:
    """Check that all entries are positive and finite."""
    _every(name, array, (array > 0) & (array < np.inf), "positive and finite")


def scale_tril(array: Array, dimension: int) -> None:
    """Check a batch of lower triangular matrices with a positive diagonal."""
    if array.ndim < 2 or array.shape[-2:] != (dimension, dimension):
        expected = f"(..., {dimension}, {dimension}), as the last axis of mean has {dimension}"
        raise ValueError(f"scale_tril has shape {array.shape}: expected {expected}")
    finite("scale_tril", array)
    rows, columns = np.triu_indices(dimension, 1)
    above = array[..., rows, columns]
    if above.any():
        entry = describe(above[above != 0][0].item())
        raise ValueError(f"scale_tril must be lower triangular, got {entry} above the diagonal")
    diagonal = np.diagonal(array, axis1=-2, axis2=-1)
    _every("scale_tril", diagonal, diagonal > 0, "positive on its diagonal")


def weights(array: Array, eps: float) -> None:
    """Check probabilities of a mixture's components; eps is that of the type they were given in."""
    _every("weights", array, (array >= 0) & (array < np.inf), "non-negative and finite")
    total = array.sum(axis=-1, dtype=np.float64)
    wrong = np.abs(total - 1) > 4 * eps * array.shape[-1]
    if wrong.any():
        came = describe(float(total[wrong].flat[0]))
        raise ValueError(f"weights must sum to 1 over the last axis, got the sum {came}")


def logits(array: Array) -> None:
    """Check unnormalised log-probabilities of a mixture's components."""
    _every("logits", array, array < np.inf, "finite or -inf")  # NaN < inf is false
    if not (array > -np.inf).any(axis=-1).all():
        raise ValueError("logits must not all be -inf: expected a component of positive weight")


def _every(name: str, array: Array, right: Array, expected: str) -> None:
    if not right.all():
        where = np.unravel_index(int(np.argmin(right)), right.shape)
        came = describe(array[where].item())
        raise ValueError(f"{name} must be {expected}, got {came}")


def instance(name: str, value: Any, kinds: tuple[type, ...]) -> None:
    """Check that an argument is one of several distributions."""
    if not isinstance(value, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be a {expected}, got {describe(value)}")


def flag(name: str, value: Any) -> bool:
    """Return a flag: True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {describe(value)}")
    return bool(value)


def one_of(**values: Any) -> tuple[str, Any]:
    """Return the name and value of the one argument that is not None."""
    given = [(name, value) for name, value in values.items() if value is not None]
    if len(given) != 1:
        came = "both" if given else "neither"
        raise TypeError(f"expected either {' or '.join(values)}, got {came}")
    return given[0]


def components(name: str, size: tuple[int, ...], batch: tuple[int, ...]) -> None:
    """Check that the components lie on the last axis of the weights and of their own batch."""
    if not size or size[-1] == 0:
        raise ValueError(
            f"{name} has shape {size}: expected the components, at least one, on the last axis"
        )
    if not batch or batch[-1] != size[-1]:
        expected = f"(..., {size[-1]}), as the last axis of {name} has {size[-1]}"
        raise ValueError(f"components has batch shape {batch}: expected {expected}")


def last_axis(name: str, array: Array, size: int) -> None:
    """Check the length of the last axis."""
    if not array.ndim or array.shape[-1] != size:
        raise ValueError(f"{name} has shape {array.shape}: expected (..., {size})")


def points(
    name: str, value: Any, batch: tuple[int, ...], dimension: int, dtype: np.dtype[Any]
) -> tuple[Array, np.dtype[Any]]:
    """Return points that fit a distribution's batch and event, and the type of what is computed from them."""
    (array,), own, _ = parameters([name], [value])
    last_axis(name, array, dimension)
    shape((name, "the batch"), (array.shape[:-1], batch))
    return array, max(own, dtype, key=lambda dtype: dtype.itemsize)


def pair(p: Any, q: Any, kinds: tuple[type, ...]) -> None:
    """Check two distributions of one event shape whose batches broadcast."""
    instance("p", p, kinds)
    instance("q", q, kinds)
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"p has event shape {p.event_shape} and q {q.event_shape}: expected the same"
        )
    if p.batch_shape == q.batch_shape:
        return
    try:
        np.broadcast_shapes(p.batch_shape, q.batch_shape)
    except ValueError:
        raise ValueError(
            f"p with batch shape {p.batch_shape} and q with {q.batch_shape} do not broadcast"
        ) from None
