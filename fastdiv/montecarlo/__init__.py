"""Divergences of distributions estimated from samples: any mixtures of normal distributions, with gradients."""

from ._estimate import Estimate as Estimate
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
from ._run import grain as grain
