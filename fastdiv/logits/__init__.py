"""Information measures of logits: p = softmax(x / temperature), over vocabularies of any size."""

from ._cross_entropy import cross_entropy as cross_entropy
from ._entropy import entropy as entropy
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
