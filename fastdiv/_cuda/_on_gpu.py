"""Kernels on a GPU: machine code from `_cubin`, launched by CuPy on its current stream; nothing waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _cubin
from ._kernel import Kernel, Pointer, check_array

_STATIC_BYTES = 48 << 10
"""A launch asks for more dynamic shared memory than this by an attribute of the function."""

_loaded: dict[tuple[str, int], Any] = {}
"""Functions by the kernel's name and the device."""


def launch(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    """Run so many blocks, by raw pointers."""
    function = _function(kernel)
    if dynamic_bytes > _STATIC_BYTES:
        _allow_shared_memory(function, dynamic_bytes)
    function((grid,), (kernel.lanes,), _values(kernel, arguments), dynamic_bytes)


def prepare(kernel: Kernel, arguments: Sequence[Any]) -> Callable[..., None]:
    """Look at the arguments once: many launches follow each other."""
    function, values = _function(kernel), _values(kernel, arguments)

    def launch_with(grid: int, numbers: dict[int, Any]) -> None:
        for place, number in numbers.items():
            values[place] = number
        function((grid,), (kernel.lanes,), values, 0)

    return launch_with


def _function(kernel: Kernel) -> Any:
    """Return the kernel on the current device."""
    from cupy.cuda import runtime

    key = kernel.name, runtime.getDevice()
    function = _loaded.get(key)
    if function is None:
        function = _loaded[key] = _load(kernel, key[1])
    return function


def _values(kernel: Kernel, arguments: Sequence[Any]) -> list[Any]:
    return [
        _address(kernel, kind.dtype, value) if isinstance(kind, Pointer) else kind(value)
        for kind, value in zip(kernel.arguments, arguments, strict=True)
    ]


def _address(kernel: Kernel, dtype: Any, value: Any) -> np.uint64:
    """Return an array's address as a number: CuPy passes NumPy's scalars by value."""
    if value is None:
        return np.uint64(0)
    check_array(kernel, dtype, value)
    return np.uint64(value.data.ptr)


def _load(kernel: Kernel, device: int) -> Any:
    """Return the kernel as a function of the device's current context, compiled if need be."""
    import cupy

    capability = cupy.cuda.Device(device).compute_capability  # "90", "120"
    cubin = _cubin.cached(kernel, (int(capability[:-1]), int(capability[-1])))
    module = cupy.cuda.function.Module()
    module.load(cubin)
    return module.get_function(_cubin.entry(cubin))


def _allow_shared_memory(function: Any, dynamic_bytes: int) -> None:
    """Raise the function's limit of dynamic shared memory; it never falls, other threads may rely on it."""
    from cupy.cuda import driver

    attribute = driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    if driver.funcGetAttribute(attribute, function.ptr) < dynamic_bytes:
        driver.funcSetAttribute(function.ptr, attribute, dynamic_bytes)
