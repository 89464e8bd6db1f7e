"""Measures of all pairs of rows of two matrices.

kl_divergence         KL(p[i] ‖ q[j])
js_divergence         JS(p[i], q[j])
js_distance           its square root, a metric
"""

from ._js_distance import js_distance as js_distance
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence

__all__ = [
    "js_distance",
    "js_divergence",
    "kl_divergence",
]
