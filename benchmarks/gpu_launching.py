"""What a launch costs the host: Numba's launcher beside our own, of a kernel with nothing to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

_CALLS = 2000


def _microseconds(call: Callable[[], Any], synchronize: Callable[[], None]) -> float:
    for _ in range(50):
        call()
    synchronize()
    start = time.perf_counter()
    for _ in range(_CALLS):
        call()
    elapsed = time.perf_counter() - start
    synchronize()
    return 1e6 * elapsed / _CALLS


def launching() -> dict[str, float]:
    """Return microseconds a launch, by the launcher."""
    import cupy
    from numba import cuda

    from fastdiv._cuda._kernel import Kernel, Pointer
    from fastdiv._cuda.prims import lane, store

    def make() -> Any:
        def own(x: Any, n: Any) -> None:
            store(x, lane(), np.float32(0), lane() < n)

        return own

    @cuda.jit
    def numbas(x: Any, n: Any) -> None:
        if cuda.threadIdx.x < n:
            x[cuda.threadIdx.x] = np.float32(0)

    kernel = Kernel("nothing", make, (Pointer(np.float32), np.int64), lanes=32, vector_loads=False)
    array = cupy.zeros(32, cupy.float32)
    one_block = numbas[1, 32]
    synchronize = cupy.cuda.Device().synchronize
    return {
        "fastdiv (CuPy, a cubin from the disk)": _microseconds(
            lambda: kernel(1, array, 32), synchronize
        ),
        "Numba's launcher": _microseconds(lambda: one_block(array, 32), synchronize),
    }
