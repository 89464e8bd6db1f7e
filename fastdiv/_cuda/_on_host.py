"""Kernels without a GPU, on NumPy's arrays: their source in the simulator, or what was compiled in the emulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._kernel import Kernel, Pointer, check_array
from .prims import EMULATED


def _simulate(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    from .prims import _simulated

    values = [
        _array(kernel, kind.dtype, value) if isinstance(kind, Pointer) else kind(value)
        for kind, value in zip(kernel.arguments, arguments, strict=True)
    ]
    _simulated.run(kernel.function, grid, kernel.lanes, dynamic_bytes, values)


def _array(kernel: Kernel, dtype: Any, value: Any) -> Any:
    if value is None:
        return np.empty(0, dtype)  # any access is out of bounds
    check_array(kernel, dtype, value)
    return value


def _emulate(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    from . import emulator

    emulator.run(kernel, grid, arguments, dynamic_bytes)


launch = _emulate if EMULATED else _simulate


def prepare(kernel: Kernel, arguments: Sequence[Any]) -> Callable[..., None]:
    """Return a function of a number of blocks, and of numbers that replace arguments, by their places."""

    def launch_with(grid: int, numbers: dict[int, Any]) -> None:
        given = [numbers.get(place, value) for place, value in enumerate(arguments)]
        launch(kernel, grid, given, 0)

    return launch_with
