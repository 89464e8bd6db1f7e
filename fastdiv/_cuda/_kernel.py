"""Kernels that can be launched: a Python function, its arguments' types, the lanes of a block.

    scale = Kernel(
        "scale_float32",                      # unique: it names the kernel in the cache and in the gate's table
        lambda: make_scale(np.float32),       # the function, made when it is first needed
        (Pointer(np.float32), Pointer(np.float32), np.int64, np.float32),
        lanes=256,
    )
    scale(grid, source, target, np.int64(n), np.float32(2))           # grid: the number of blocks
    scale(grid, source, target, n, 2.0, dynamic_bytes=64 << 10)       # with dynamic shared memory

The function takes what `arguments` says, in that order: a `Pointer` is given a flat contiguous array of that type
(or None, for one that this kernel never uses), a scalar type a number, which is converted. A flag is a constant of
the factory, not an argument: kernels have no `if` on data. 16-bit floats travel as ``np.uint16``.

Every `Kernel` lists itself in `KERNELS`, which `tools/cuda_gate.py` compiles and inspects (`catalogue` makes them for
it); it is told there whether to expect `vector_loads`, LDG.128 in loops, and of a float32 kernel whether it takes
`wide_sums`, in float64, in loops of their own. `blocks_per_processor` bounds the registers,
65536 / (lanes * blocks).

Launches are asynchronous, on CuPy's current stream of the current device; nothing waits for them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .prims import EMULATED, SIMULATED

_STATIC_BYTES = 48 << 10
"""A launch asks for more dynamic shared memory than this by an attribute of the function."""


@dataclass(frozen=True)
class Pointer:
    """The type of an argument that is an array's memory."""

    dtype: Any


class Kernel:
    """A function that runs on many lanes; see the module."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Callable[..., None]],
        arguments: Sequence[Any],
        lanes: int,
        *,
        blocks_per_processor: int = 1,
        vector_loads: bool = True,
        wide_sums: bool = False,
    ) -> None:
        if name in KERNELS:
            raise ValueError(f"kernel {name!r} exists already")
        self.name, self.make, self.arguments = name, make, tuple(arguments)
        self.lanes, self.blocks_per_processor = lanes, blocks_per_processor
        self.vector_loads, self.wide_sums = vector_loads, wide_sums
        self._loaded: dict[int, Any] = {}
        KERNELS[name] = self

    def __call__(self, grid: int, *arguments: Any, dynamic_bytes: int = 0) -> None:
        """Launch so many blocks."""
        if len(arguments) != len(self.arguments):
            message = f"{self.name} takes {len(self.arguments)} arguments, got {len(arguments)}"
            raise TypeError(message)
        if grid == 0:  # CUDA refuses empty launches
            return
        _launch(self, grid, arguments, dynamic_bytes)

    def prepare(self, arguments: Sequence[Any]) -> Callable[[int, dict[int, Any]], None]:
        """Return a function that launches so many blocks with these arguments, but for the numbers it is given."""
        launch = _prepare(self, arguments)

        def with_numbers(grid: int, numbers: dict[int, Any]) -> None:
            launch(
                grid, {place: self.arguments[place](number) for place, number in numbers.items()}
            )

        return with_numbers

    @functools.cached_property
    def function(self) -> Callable[..., None]:
        """The Python function."""
        return self.make()


KERNELS: dict[str, Kernel] = {}
"""Everything that can be launched, by name."""


def _simulate(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    from .prims import _simulated

    values = [
        _simulated_array(kernel, kind.dtype, value) if isinstance(kind, Pointer) else kind(value)
        for kind, value in zip(kernel.arguments, arguments, strict=True)
    ]
    _simulated.run(kernel.function, grid, kernel.lanes, dynamic_bytes, values)


def _emulate(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    from . import emulator

    emulator.run(kernel, grid, arguments, dynamic_bytes)


def _simulated_array(kernel: Kernel, dtype: Any, value: Any) -> Any:
    if value is None:
        return np.empty(0, dtype)  # any access is out of bounds
    check_array(kernel, dtype, value)
    return value


def check_array(kernel: Kernel, dtype: Any, value: Any) -> None:
    """Refuse what a raw pointer would hide."""
    if value.dtype != dtype or value.ndim != 1 or not value.flags.c_contiguous:
        got = f"{value.dtype} of shape {value.shape} and strides {value.strides}"
        expected = f"a flat contiguous array of {np.dtype(dtype)}"
        raise TypeError(f"{kernel.name}: got {got}, expected {expected}")


def _prepare_on_host(kernel: Kernel, arguments: Sequence[Any]) -> Callable[..., None]:
    def launch(grid: int, numbers: dict[int, Any]) -> None:
        given = [numbers.get(place, value) for place, value in enumerate(arguments)]
        _launch(kernel, grid, given, 0)

    return launch


def _prepare_compiled(kernel: Kernel, arguments: Sequence[Any]) -> Callable[..., None]:
    """Look at the arguments once: many launches follow each other."""
    function, values = _function(kernel), _values(kernel, arguments)

    def launch(grid: int, numbers: dict[int, Any]) -> None:
        for place, number in numbers.items():
            values[place] = number
        function((grid,), (kernel.lanes,), values, 0)

    return launch


def _launch_compiled(
    kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int
) -> None:
    """Launch on the current stream, by raw pointers."""
    function = _function(kernel)
    if dynamic_bytes > _STATIC_BYTES:
        _allow_shared_memory(function, dynamic_bytes)
    function((grid,), (kernel.lanes,), _values(kernel, arguments), dynamic_bytes)


def _function(kernel: Kernel) -> Any:
    """Return the kernel on the current device."""
    from cupy.cuda import runtime

    device = runtime.getDevice()
    function = kernel._loaded.get(device)
    if function is None:
        function = kernel._loaded[device] = _load(kernel, device)
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

    from . import _cubin

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


_launch = _emulate if EMULATED else _simulate if SIMULATED else _launch_compiled
_prepare = _prepare_on_host if SIMULATED else _prepare_compiled
