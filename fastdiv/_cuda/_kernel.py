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

Where it runs is an `Execution`: `_on_gpu`, or `_on_host`, which stands in.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np


@dataclass(frozen=True)
class Pointer:
    """The type of an argument that is an array's memory."""

    dtype: Any


class Execution(Protocol):
    """What runs kernels."""

    def launch(
        self, kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int
    ) -> None:
        """Run so many blocks."""

    def prepare(self, kernel: Kernel, arguments: Sequence[Any]) -> Callable[..., None]:
        """Return a function of a number of blocks, and of numbers that replace arguments, by their places."""


class Kernel:
    """A function that runs on many lanes; see the module."""

    execution: ClassVar[Execution]
    """Where kernels run; the package says it."""

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
        KERNELS[name] = self

    def __call__(self, grid: int, *arguments: Any, dynamic_bytes: int = 0) -> None:
        """Launch so many blocks."""
        if len(arguments) != len(self.arguments):
            message = f"{self.name} takes {len(self.arguments)} arguments, got {len(arguments)}"
            raise TypeError(message)
        if grid == 0:  # CUDA refuses empty launches
            return
        self.execution.launch(self, grid, arguments, dynamic_bytes)

    def prepare(self, arguments: Sequence[Any]) -> Callable[[int, dict[int, Any]], None]:
        """Return a function that launches so many blocks with these arguments, but for the numbers it is given."""
        launch = self.execution.prepare(self, arguments)

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


def check_array(kernel: Kernel, dtype: Any, value: Any) -> None:
    """Refuse what a raw pointer would hide."""
    if value.dtype != dtype or value.ndim != 1 or not value.flags.c_contiguous:
        got = f"{value.dtype} of shape {value.shape} and strides {value.strides}"
        expected = f"a flat contiguous array of {np.dtype(dtype)}"
        raise TypeError(f"{kernel.name}: got {got}, expected {expected}")
