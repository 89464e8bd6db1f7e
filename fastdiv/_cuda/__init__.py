"""The kernels on a GPU, under the names and call signatures of `fastdiv._native`.

Arrays are CuPy's; nothing waits for the device. Shapes, types and options have been checked before. Simulated
(`prims`), arrays are NumPy's.
"""

from __future__ import annotations

from typing import Any

from ._arrays import namespace as namespace
from ._entry_points import (
    cross_entropy as cross_entropy,
)
from ._entry_points import (
    entropy as entropy,
)
from ._entry_points import (
    js_distance as js_distance,
)
from ._entry_points import (
    js_divergence as js_divergence,
)
from ._entry_points import (
    kl_divergence as kl_divergence,
)


def __getattr__(name: str) -> Any:
    advice = "copy the arrays to host memory with cupy.asnumpy"
    raise AttributeError(f"{__name__} has no kernel {name}: {advice}")
