"""Monte Carlo estimates on a GPU: draws and densities in registers, sums in the order of the CPU's leaves.

estimate       the functions of `fastdiv._native`, from parameters to records; `sources`: launches for one source
samples        the kernel: draws, densities, F, a lane's sums; `combining` puts those of a block together
mixtures  gaussians  triangles  large  divergences
               what it evaluates, by the formulas and in the order of csrc/kernels/distributions
trees          from leaves to nodes, from leaves to batches
plan  parameters  gradient
               the host's part, as csrc/drivers/montecarlo
"""

from __future__ import annotations

from functools import partial

from ... import _native
from .estimate import estimate

montecarlo_kl_divergence = partial(estimate, "kl_divergence", False)
montecarlo_js_divergence = partial(estimate, "js_divergence", True)

# From records, which are few numbers.
montecarlo_kl_divergence_gradient_errors = _native.montecarlo_kl_divergence_gradient_errors
montecarlo_js_divergence_gradient_errors = _native.montecarlo_js_divergence_gradient_errors
