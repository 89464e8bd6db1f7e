"""As much of CuPy as the Python layer uses, on host memory: its arrays refuse to become NumPy's."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from fastdiv import _native


class Device:
    """A GPU by number, which can be made the current one."""

    current = 0

    def __init__(self, number: int) -> None:
        self.id = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __enter__(self) -> Device:
        self.before, Device.current = Device.current, self.id
        return self

    def __exit__(self, *exception: object) -> None:
        Device.current = self.before


class ndarray:
    """An array that knows its device, and nothing of NumPy's functions."""

    def __init__(self, host: Any, device: int = 0) -> None:
        self.host, self.device = host, Device(device)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self.host.__array_interface__, "stream": 1}

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self.device.id

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self.host.ctypes.data)

    @property
    def flags(self) -> Any:
        return SimpleNamespace(c_contiguous=self.host.flags.c_contiguous)

    def __getattr__(self, name: str) -> Any:
        if name not in ("dtype", "itemsize", "ndim", "shape", "size", "strides"):
            raise AttributeError(name)
        return getattr(self.host, name)

    def _same(self, host: Any) -> ndarray:
        return ndarray(np.asarray(host), self.device.id)

    def __getitem__(self, index: Any) -> ndarray:
        return self._same(self.host[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.host[index] = value.host if isinstance(value, ndarray) else value


def _method(name: str) -> Any:
    def method(self: ndarray, *arguments: Any, **options: Any) -> ndarray:
        return self._same(getattr(self.host, name)(*arguments, **options))

    return method


for _name in ("astype", "reshape", "squeeze", "sum", "transpose", "view"):
    setattr(ndarray, _name, _method(_name))
ndarray.__module__ = "cupy"


class _RuntimeError(RuntimeError):
    """CuPy's error of CUDA's run time."""


def module(devices: int = 2) -> Any:
    """Return the module; with less than 0 devices there is no driver."""

    def count() -> int:
        if devices < 0:
            raise _RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
        return devices

    def asarray(value: Any) -> ndarray:
        return value if isinstance(value, ndarray) else ndarray(np.array(value), Device.current)

    def empty(shape: Any, dtype: Any) -> ndarray:
        return ndarray(np.empty(shape, dtype), Device.current)

    def broadcast_to(array: ndarray, shape: Any) -> ndarray:
        return array._same(np.broadcast_to(array.host, shape))

    def broadcast_arrays(*arrays: ndarray) -> list[ndarray]:
        views = np.broadcast_arrays(*(array.host for array in arrays))
        return [array._same(view) for array, view in zip(arrays, views, strict=True)]

    cupy: Any = ModuleType("cupy")
    functions = asarray, broadcast_arrays, broadcast_to, empty
    vars(cupy).update({function.__name__: function for function in functions}, ndarray=ndarray)
    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=_RuntimeError)
    cupy.cuda = SimpleNamespace(runtime=runtime, Device=Device)
    cupy.__spec__ = SimpleNamespace(name="cupy")
    return cupy


class Backend(ModuleType):
    """The native kernels for these arrays, and what was launched where."""

    def __init__(self, cupy: Any) -> None:
        super().__init__("fake_backend")
        self.namespace = lambda: cupy
        self.launches: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        kernel = getattr(_native, name)

        def launch(*arguments: Any, **options: Any) -> Any:
            self.launches.append((name, Device.current))
            return kernel(
                *map(_host, arguments), **{key: _host(each) for key, each in options.items()}
            )

        return launch


def _host(value: Any) -> Any:
    in_host_memory = isinstance(value, np.ndarray) and value.ndim > 0  # others are numbers
    assert not in_host_memory, "an array in host memory went to a kernel of the GPU"
    return value.host if isinstance(value, ndarray) else value
