"""The compiled kernels without a GPU: their PTX, which a driver would make machine code of, is run by the CPU.

The simulator runs a kernel's Python source, and notices what hardware would not. This runs what Numba and NVIDIA's
compiler made of it: types, addresses, branches, vectors. PTX becomes C++ (`ptx`, `cpp`), the system's compiler makes a
library of it, kept on disk, and `machine.hpp` goes through blocks, warps and lanes. No packaged library does that.
``FASTDIV_CUDA=emulator`` sends NumPy's arrays here. That takes what `tools/cuda_gate.py` needs and, as $CXX or c++, a
compiler of C++20. The emulator knows what the kernels here use of PTX, and names what it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import create_string_buffer
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer, check_array
from .building import library

__all__ = ["KernelFault", "run"]


class KernelFault(Exception):
    """What a kernel must not do."""


_MESSAGE_BYTES = 256


def run(kernel: Kernel, grid: int, arguments: Sequence[Any], dynamic_bytes: int) -> None:
    """Run so many blocks."""
    parameters = np.zeros(len(arguments), np.uint64)
    ranges = []
    for place, (kind, value) in enumerate(zip(kernel.arguments, arguments, strict=True)):
        if not isinstance(kind, Pointer):
            raw = np.array([kind(value)]).view(np.uint8)
            parameters[place : place + 1].view(np.uint8)[: raw.size] = raw
        elif value is not None:
            check_array(kernel, kind.dtype, value)
            begin = value.ctypes.data
            parameters[place] = begin
            ranges.append((begin, begin + value.nbytes))
    arrays = np.array(ranges or [(0, 0)], np.uint64)
    message = create_string_buffer(_MESSAGE_BYTES)
    failed = library(kernel).run(
        int(grid), kernel.lanes, parameters.ctypes.data, arrays.ctypes.data, len(ranges), int(dynamic_bytes),
        message, _MESSAGE_BYTES,
    )  # fmt: skip
    if failed:
        raise KernelFault(f"{kernel.name}: {message.value.decode()}")
