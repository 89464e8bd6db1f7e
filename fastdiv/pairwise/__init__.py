"""Measures of all pairs of rows of two matrices."""

from ._js_distance import js_distance as js_distance
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
