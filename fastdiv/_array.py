"""Which back end an array belongs to, without importing any array framework to ask."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import _native

_HOST_MEMORY = (1, 3, 11)  # DLPack's kDLCPU, kDLCUDAHost and kDLROCMHost


def backend_of(name: str, array: Any) -> ModuleType:
    """Return the module with the kernels for this array: `_native` for everything in host memory.

    Raises
    ------
    TypeError
        For arrays in GPU memory, which need a back end that this version does not have, and for tensors of
        PyTorch, whose gradients would be lost on the way.
    """
    kind = type(array)
    backend = _BACKENDS.get(kind)
    if backend is None:
        if hasattr(kind, "__cuda_array_interface__"):
            _check_memory(name, array)
            return _native  # not remembered: another array of this type may be elsewhere
        if len(_BACKENDS) < 1000:  # types made on the fly must not pile up
            _BACKENDS[kind] = _native
        backend = _native
    return backend


def _check_memory(name: str, array: Any) -> None:
    """Refuse an array of a type that can be in GPU memory, unless it is in host memory."""
    kind = type(array)
    try:
        device: Any = array.__dlpack_device__()[0]
    except (AttributeError, TypeError, ValueError, RuntimeError, BufferError):
        device = None
    tensor = any(each.__module__ == "torch" and each.__name__ == "Tensor" for each in kind.__mro__)
    if tensor and (device in _HOST_MEMORY or device is None):
        expected = "fastdiv.torch takes tensors, of logits (import fastdiv.torch)"
        other = "for values alone pass .detach().numpy()"
        raise TypeError(f"{name} is a torch.Tensor: expected an array; {expected}; {other}")
    if device not in _HOST_MEMORY:
        message = f"{name} is in GPU memory ({kind.__module__}.{kind.__qualname__})"
        raise TypeError(f"{message}: this version of fastdiv computes on the CPU; copy it there")


_BACKENDS: dict[type, ModuleType] = {np.ndarray: _native, list: _native, tuple: _native}
