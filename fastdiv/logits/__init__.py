"""Information measures of logits: p = softmax(x / temperature), over vocabularies of any size.

    entropy               H(p)
    cross_entropy         H(p, q)
    kl_divergence         KL(p ‖ q), the loss of distillation
    js_divergence         JS(p, q), symmetric and finite

`fastdiv.value_and_grad` gives their gradients; `fastdiv.torch` has them for tensors, with autograd.
"""

from ._cross_entropy import cross_entropy as cross_entropy
from ._entropy import entropy as entropy
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence

__all__ = [
    "cross_entropy",
    "entropy",
    "js_divergence",
    "kl_divergence",
]
