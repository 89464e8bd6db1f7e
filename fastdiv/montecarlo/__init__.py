"""Divergences of distributions estimated from samples: any mixtures of normal distributions, with gradients.

kl_divergence         an estimate of KL(p ‖ q)
js_divergence         an estimate of JS(p, q)
Estimate              a value with its standard error
grain                 the number of samples that shards are multiples of
"""

from ._estimate import Estimate as Estimate
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
from ._run import grain as grain

__all__ = [
    "Estimate",
    "grain",
    "js_divergence",
    "kl_divergence",
]
