"""Which back end an array belongs to, without importing any array framework to ask."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import _native


def backend_of(name: str, array: Any) -> ModuleType:
    """Return the module with the kernels for this array: `_native` for everything in host memory.

    Raises
    ------
    TypeError
        For arrays in GPU memory, which need a back end that this version does not have.
    """
    kind = type(array)
    backend = _BACKENDS.get(kind)
    if backend is None:
        if hasattr(kind, "__cuda_array_interface__"):
            message = f"{name} is in GPU memory ({kind.__module__}.{kind.__qualname__})"
            raise TypeError(
                f"{message}: this version of fastdiv computes on the CPU; copy it there"
            )
        if len(_BACKENDS) < 1000:  # types made on the fly must not pile up
            _BACKENDS[kind] = _native
        backend = _native
    return backend


_BACKENDS: dict[type, ModuleType] = {np.ndarray: _native, list: _native, tuple: _native}
