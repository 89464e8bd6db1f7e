"""Measures of probability tables: arrays of probabilities, weights or counts; public as those of `fastdiv`.

self_information      -log p of every entry
entropy               H(p)
cross_entropy         H(p, q)
kl_divergence         KL(p ‖ q)
js_divergence         JS(p, q), symmetric and finite
js_distance           the square root of JS, a metric
joint_entropy         H(X, Y) of a joint table
conditional_entropy   H(Y | X) or H(X | Y) of a joint table
mutual_information    I(X; Y) of a joint table
"""

from ._conditional_entropy import conditional_entropy as conditional_entropy
from ._cross_entropy import cross_entropy as cross_entropy
from ._entropy import entropy as entropy
from ._joint_entropy import joint_entropy as joint_entropy
from ._js_distance import js_distance as js_distance
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
from ._mutual_information import mutual_information as mutual_information
from ._self_information import self_information as self_information

__all__ = [
    "conditional_entropy",
    "cross_entropy",
    "entropy",
    "joint_entropy",
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "mutual_information",
    "self_information",
]
