"""What all distributions share: arrays in frozen fields, their shapes, views of a part of the batch."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Self = TypeVar("Self", bound="Distribution")


class Distribution:
    """Base class of `Normal`, `MultivariateNormal` and `Mixture`.

    The fields are read-only copies of the arguments, so what was derived from them may be kept. A gradient
    by a distribution is an object of the same class, whose fields are the gradients by the parameters.
    """

    @classmethod
    def _unchecked(cls: type[Self], **fields: Any) -> Self:
        """Return an object with these fields as they are: a gradient, or what is known to be valid."""
        made = object.__new__(cls)
        made.__dict__.update(fields)
        return made

    def _set(self, **fields: Any) -> None:
        """Fill the fields of the frozen object; only its constructor may."""
        self.__dict__.update(fields)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch: how many distributions this object holds."""
        raise NotImplementedError

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape (D,) of one sample."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, float32 or float64."""
        raise NotImplementedError


def read_only(array: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return a copy that is contiguous, broadcast to the shape, and cannot be written to."""
    copy = np.empty(shape, dtype)
    copy[...] = array
    copy.flags.writeable = False
    return copy


def batch_index(index: Any, event_axes: int) -> tuple[Any, ...]:
    """Extend an index of the batch to the array of a parameter, which has event axes behind the batch's."""
    parts = index if isinstance(index, tuple) else (index,)
    rest = () if any(part is Ellipsis for part in parts) else (Ellipsis,)
    return (*parts, *rest, *(slice(None),) * event_axes)
