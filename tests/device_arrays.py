"""Arrays as strict as CuPy's, on the simulated GPU: not taken where NumPy's are expected, nor those for these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class DeviceArray(np.ndarray):
    """An array in GPU memory."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        outputs = options.get("out", ())
        require_here(ufunc.__name__, (*inputs, *outputs))
        plain = {**options, "out": tuple(map(np.asarray, outputs))} if outputs else options
        result = getattr(ufunc, method)(*map(_plain, inputs), **plain)
        return outputs[0] if outputs else _on_device(result)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function in _OF_LAYOUT:
            return super().__array_function__(function, types, arguments, options)
        raise TypeError(f"NumPy's {function.__name__} of an array in GPU memory")


_OF_LAYOUT = (np.may_share_memory, np.shares_memory, np.ndim, np.shape, np.array_equal)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, DeviceArray) else value


def _on_device(value: Any) -> Any:
    return np.asarray(value).view(DeviceArray)


def require_here(name: str, values: Any) -> None:
    for value in values:
        elsewhere = isinstance(value, np.ndarray) and not isinstance(value, DeviceArray)
        if elsewhere and value.ndim:
            raise TypeError(f"{name} of an array in host memory")


calls: Counter[str] = Counter()
"""How often each function of the namespace was called."""


def _function(name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        calls[name] += 1
        require_here(name, (*arguments, *options.values()))
        plain = {key: _plain(value) for key, value in options.items()}
        return _on_device(getattr(np, name)(*map(_plain, arguments), **plain))

    return call


NAMES = "empty", "zeros", "empty_like", "matmul", "isfinite", "clip", "take", "ascontiguousarray"
namespace = SimpleNamespace(
    **{name: _function(name) for name in NAMES},
    ndarray=DeviceArray,
    __name__="device",
    asarray=lambda value: value if isinstance(value, DeviceArray) else _on_device(np.array(value)),
)
