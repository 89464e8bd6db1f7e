"""The kernels on a GPU, under the names and call signatures of `fastdiv._native`.

Arrays are CuPy's; nothing waits for the device. Shapes, types and options have been checked before. Simulated
(`prims`), arrays are NumPy's.
"""

from __future__ import annotations

from typing import Any

from ._arrays import namespace as namespace
from ._entry_points import (
    cross_entropy,
    entropy,
    js_distance,
    js_divergence,
    kl_divergence,
    logits_cross_entropy,
    logits_entropy,
    logits_js_divergence,
    logits_kl_divergence,
    self_information,
)
from .joint.launching import conditional_entropy, mutual_information
from .pairs.launching import (
    pairwise_js_distance,
    pairwise_js_divergence,
    pairwise_kl_divergence,
)

__all__ = [
    "conditional_entropy",
    "cross_entropy",
    "entropy",
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "logits_cross_entropy",
    "logits_entropy",
    "logits_js_divergence",
    "logits_kl_divergence",
    "mutual_information",
    "pairwise_js_distance",
    "pairwise_js_divergence",
    "pairwise_kl_divergence",
    "self_information",
]


def __getattr__(name: str) -> Any:
    advice = "copy the arrays to host memory with cupy.asnumpy"
    raise AttributeError(f"{__name__} has no kernel {name}: {advice}")
