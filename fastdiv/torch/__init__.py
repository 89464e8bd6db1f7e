"""fastdiv for PyTorch: measures of logits with autograd, and drop-ins under PyTorch's own paths.

    entropy               H(p) of p = softmax(x / temperature)
    cross_entropy         H(p, q)
    kl_divergence         KL(p ‖ q), the loss of distillation
    js_divergence         JS(p, q), symmetric and finite
    kl_estimate           KL(p ‖ q) from log-probabilities of samples
    nn                    nn.functional.kl_div, a drop-in
    distributions         kl_divergence, a drop-in

`import fastdiv` does not import this; ``import fastdiv.torch`` does, and PyTorch with it.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("fastdiv.torch needs PyTorch: pip install 'fastdiv[torch]'") from error

from . import distributions as distributions
from . import nn as nn
from ._cross_entropy import cross_entropy as cross_entropy
from ._entropy import entropy as entropy
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
from ._kl_estimate import kl_estimate as kl_estimate

__all__ = [
    "cross_entropy",
    "distributions",
    "entropy",
    "js_divergence",
    "kl_divergence",
    "kl_estimate",
    "nn",
]
