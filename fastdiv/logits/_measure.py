"""Measures of softmax(logits / temperature): types narrower than float32 stay as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _validate as validate
from .._array import backend_of
from .._measure import Array, GradientRequest, Layout, Measure, Prepared, are_plain, prepare


class LogitsMeasure(Measure):
    """A kernel over logits; float16 and bfloat16 are converted in registers."""

    letters = "xy"

    def __init__(self, name: str, arguments: tuple[str, ...], *, mixture: bool = False) -> None:
        super().__init__(f"logits_{name}", arguments, mixture=mixture)

    def prepare(self, values: Sequence[Any], request: GradientRequest | None, xp: Any) -> Prepared:
        """Keep 16-bit arrays of one type; gradients that are summed over a broadcast need float32."""
        names = self.arguments
        pairs = zip(names, values, strict=True)
        given = [validate.as_array(name, value, xp) for name, value in pairs]
        dtypes = [_stored_dtype(name, array) for name, array in zip(names, given, strict=True)]
        alike = all(dtype == dtypes[0] for dtype in dtypes)
        same_shape = all(array.shape == given[0].shape for array in given)
        if dtypes[0].itemsize == 2 and alike and (request is None or same_shape):
            arrays = [validate.as_aligned(array, dtypes[0]) for array in given]
            return Prepared(arrays, np.dtype(np.float32), dtypes)
        arrays, dtype = prepare(names, given, xp)
        return Prepared(arrays, dtype, dtypes)

    def kernel_options(self, layout: Layout, options: dict[str, Any]) -> dict[str, Any]:
        """Check the options, and name them as the kernel does."""
        keywords: dict[str, Any] = {
            "base": validate.base(options.get("base")),
            "temperature": validate.temperature(options["temperature"]),
        }
        if self.mixture:
            keywords["weight"] = validate.weight(options["weight"])
        return keywords

    def as_native(self, array: Array) -> Array:
        """Pass bfloat16 as 16-bit words, which the kernels take for it."""
        # A type's name takes NumPy a microsecond or two.
        narrow = array.itemsize == 2 and array.dtype.name == "bfloat16"
        return array.view(np.uint16) if narrow else array

    def values(
        self,
        arrays: tuple[Any, ...],
        axes: Any,
        keepdims: bool = False,
        out: Any = None,
        **options: Any,
    ) -> Any:
        """Return the values alone."""
        if axes == -1 and out is None and not keepdims and are_plain(arrays):
            first = arrays[0]
            value = np.empty(first.shape[:-1], first.dtype)
            kernel = getattr(backend_of("x", first), self.name)
            extra = (validate.weight(options["weight"]),) if self.mixture else ()
            base, temperature = options.get("base"), options["temperature"]
            kernel(*arrays, value, validate.base(base), validate.temperature(temperature), *extra)
            return value if value.ndim else value[()]
        return self.evaluate(arrays, axes, keepdims, out, **options).value


def _stored_dtype(name: str, array: Array) -> np.dtype[Any]:
    """Return the type that gradients by an argument have."""
    computed = validate.compute_dtype(name, array)
    return (
        array.dtype.newbyteorder("=")
        if array.dtype.itemsize == 2 and computed.itemsize == 4
        else computed
    )
