"""The kernels on a GPU, under the names and call signatures of `fastdiv._native`.

Arrays are CuPy's; nothing waits for the device. Shapes, types and options have been checked before. Where something
stands in for the GPU, arrays are NumPy's.
"""

from __future__ import annotations

from typing import Any

from . import _on_gpu, _on_host
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
from ._kernel import Kernel
from .joint.launching import conditional_entropy, mutual_information
from .montecarlo import (
    montecarlo_js_divergence,
    montecarlo_js_divergence_gradient_errors,
    montecarlo_kl_divergence,
    montecarlo_kl_divergence_gradient_errors,
)
from .nn.adam_step import nn_adam_step
from .nn.bernoulli_nll import nn_bernoulli_nll
from .nn.bias_activation import nn_bias_activation, nn_bias_activation_backward
from .nn.corrupt import nn_corrupt
from .nn.gaussian_kl_draw import nn_gaussian_kl_draw, nn_gaussian_kl_draw_backward
from .nn.gaussian_nll import nn_gaussian_nll
from .nn.sparsity_penalty import nn_sparsity_penalty
from .nn.tally import nn_tally
from .pairs.launching import (
    pairwise_js_distance,
    pairwise_js_divergence,
    pairwise_kl_divergence,
)
from .prims import SIMULATED
from .random import random_normal, random_uniform

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
    "montecarlo_js_divergence",
    "montecarlo_js_divergence_gradient_errors",
    "montecarlo_kl_divergence",
    "montecarlo_kl_divergence_gradient_errors",
    "mutual_information",
    "nn_adam_step",
    "nn_bernoulli_nll",
    "nn_bias_activation",
    "nn_bias_activation_backward",
    "nn_corrupt",
    "nn_gaussian_kl_draw",
    "nn_gaussian_kl_draw_backward",
    "nn_gaussian_nll",
    "nn_sparsity_penalty",
    "nn_tally",
    "pairwise_js_distance",
    "pairwise_js_divergence",
    "pairwise_kl_divergence",
    "random_normal",
    "random_uniform",
    "self_information",
]

Kernel.execution = _on_host if SIMULATED else _on_gpu


def __getattr__(name: str) -> Any:
    advice = "copy the arrays to host memory with cupy.asnumpy"
    raise AttributeError(f"{__name__} has no kernel {name}: {advice}")
