"""Which back end an array belongs to, without importing any array framework to ask.

`_native` has the kernels for arrays in host memory, `_cuda` those for arrays in a GPU's, and every array that is made
on the way belongs to `namespace`: NumPy or CuPy. If something stands in for a GPU, NumPy's arrays go to `_cuda`, too.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from . import _native, _stand_in

SIMULATED = _stand_in.NAME is not None
_HOST_MEMORY = (1, 3, 11)  # DLPack's kDLCPU, kDLCUDAHost and kDLROCMHost
_CUDA_MEMORY = (2, 13)  # kDLCUDA and kDLCUDAManaged
_NO_MEMORY = (list, tuple, int, float, bool)
"""Types that are converted to wherever the other arguments are."""


def backend_of(name: str, array: Any) -> ModuleType:
    """Return the module with the kernels for this array: `_native` for host memory, `_cuda` for a GPU's.

    Raises
    ------
    TypeError
        For tensors of PyTorch, whose gradients would be lost on the way, and memory that no back end reads.
    ImportError, RuntimeError
        For arrays in GPU memory, where what computes there is missing.
    """
    kind = type(array)
    backend = _BACKENDS.get(kind)
    if backend is None:
        if hasattr(kind, "__cuda_array_interface__"):
            if in_host_memory(name, array):
                return _host()  # not remembered: another array of this type may be elsewhere
            backend = _cuda(f"{name} is in GPU memory ({kind.__module__}.{kind.__qualname__})")
            if not _is_cupy(kind):
                return backend
        else:
            backend = _host()
        if len(_BACKENDS) < 1000:  # types made on the fly must not pile up
            _BACKENDS[kind] = backend
    return backend


def backend_of_all(names: Sequence[str], arrays: Sequence[Any]) -> ModuleType:
    """Return the one back end of several arguments; lists and numbers go with the others."""
    backend = backend_of(names[0], arrays[0])
    for name, array in zip(names[1:], arrays[1:], strict=True):
        other = backend_of(name, array)
        if other is not backend:
            return _one_backend(names, arrays)
    return backend


def _one_backend(names: Sequence[str], arrays: Sequence[Any]) -> ModuleType:
    """Return the back end of the arrays that have memory of their own, all in one place."""
    pairs = zip(names, arrays, strict=True)
    placed = [(name, each) for name, each in pairs if not isinstance(each, _NO_MEMORY)]
    backends = [backend_of(name, each) for name, each in placed]
    if any(backend is not backends[0] for backend in backends):
        where = " and ".join(
            f"{name} in {'host' if backend is _host() else 'GPU'} memory ({_type_name(each)})"
            for (name, each), backend in zip(placed, backends, strict=True)
        )
        raise TypeError(f"{where}: expected one place; copy with cupy.asarray or cupy.asnumpy")
    return backends[0]


def backend_on(device: str) -> ModuleType:
    """Return the back end that a caller named: "cpu", or "cuda" for CuPy's current GPU."""
    return _host() if device == "cpu" else gpu_backend(f"device is {device!r}")


def namespace(backend: ModuleType) -> Any:
    """Return the module that a back end's arrays belong to: NumPy or CuPy."""
    return np if backend is _native else backend.namespace()


def on_device(backend: ModuleType, names: Sequence[str], arrays: Sequence[Any]) -> Any:
    """Return a context in which the arrays' GPU is the current one; all of them are on it."""
    if backend is _native or SIMULATED:
        return contextlib.nullcontext()
    placed = [
        (name, array.device)
        for name, array in zip(names, arrays, strict=True)
        if _is_cupy(type(array))
    ]
    if not placed:  # arrays of another library
        return contextlib.nullcontext()
    first_name, first = placed[0]
    for name, device in placed[1:]:
        if device != first:
            message = (
                f"{name} is on GPU {device.id}: expected GPU {first.id}, where {first_name} is"
            )
            raise ValueError(f"{message}; copy it inside `with cupy.cuda.Device({first.id})`")
    return first


def in_host_memory(name: str, array: Any) -> bool:
    """Whether an array of a type that can be in GPU memory is in host memory."""
    kind = type(array)
    try:
        device: Any = array.__dlpack_device__()[0]
    except (AttributeError, TypeError, ValueError, RuntimeError, BufferError):
        device = None
    if any(each.__module__ == "torch" and each.__name__ == "Tensor" for each in kind.__mro__):
        expected = "fastdiv.torch takes tensors, of logits (import fastdiv.torch)"
        on_gpu = device is not None and device not in _HOST_MEMORY
        plain = "cupy.asarray(x.detach())" if on_gpu else ".detach().numpy()"
        other = f"for values alone pass {plain}"
        raise TypeError(f"{name} is a torch.Tensor: expected an array; {expected}; {other}")
    if device is not None and device not in _HOST_MEMORY + _CUDA_MEMORY:
        message = f"{name} is in the memory of a device that fastdiv does not know"
        raise TypeError(f"{message} ({_type_name(array)}): copy it to the host or a CUDA GPU")
    return device in _HOST_MEMORY


def _type_name(array: Any) -> str:
    kind = type(array)
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_cupy(kind: type) -> bool:
    return any(each.__module__ == "cupy" and each.__name__ == "ndarray" for each in kind.__mro__)


def gpu_backend(what: str) -> ModuleType:
    """Return the back end of GPU memory; `what` asks for it, and begins the error if something is missing."""
    return _host() if SIMULATED else _cuda(what)


def _host() -> ModuleType:
    """Return the back end of host memory."""
    return importlib.import_module("fastdiv._cuda") if SIMULATED else _native


def _cuda(what: str) -> ModuleType:
    """Return the back end of GPU memory, or say what it lacks."""
    install = "pip install 'fastdiv[cuda]'"
    for module, package in (("cupy", "CuPy"), ("numba_cuda", "numba-cuda")):
        try:
            if importlib.util.find_spec(module) is None:
                raise ImportError(module)
            if module == "cupy":
                importlib.import_module(module)
        except (ImportError, ValueError) as error:
            message = f"{what}: fastdiv computes there with {package}, which is missing"
            raise ImportError(f"{message}: {install} ({error})") from None
    _require_gpu(what)
    return importlib.import_module("fastdiv._cuda")


def _require_gpu(what: str) -> None:
    """Refuse to go on without a GPU that CuPy can use."""
    cupy = importlib.import_module("cupy")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        message = f"{what}, but CuPy finds no driver ({error})"
        raise RuntimeError(
            f"{message}: install NVIDIA's driver; nvidia-smi shows whether it works"
        ) from None
    if not count:
        raise RuntimeError(
            f"{what}, but CuPy finds no GPU: see nvidia-smi and CUDA_VISIBLE_DEVICES"
        )


_BACKENDS: dict[type, ModuleType] = (
    {} if SIMULATED else {np.ndarray: _native, list: _native, tuple: _native}
)
