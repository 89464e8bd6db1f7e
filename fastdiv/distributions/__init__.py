"""Normal distributions and their mixtures, as arrays with batch dimensions; what has a closed form of them.

Normal                of a mean and a standard deviation
MultivariateNormal    of a mean and a covariance
Mixture               of such components, with weights
Distribution          any of them
kl_divergence         in closed form, with gradients
kl_divergence_bounds  of mixtures
entropy_bounds        of mixtures
fisher_information    closed or, of mixtures, by Monte Carlo
flatten               the parameters as a vector
unflatten             and back
"""

from ._bounds import entropy_bounds as entropy_bounds
from ._bounds import kl_divergence_bounds as kl_divergence_bounds
from ._distribution import Distribution as Distribution
from ._fisher_information import fisher_information as fisher_information
from ._kl_divergence import kl_divergence as kl_divergence
from ._mixture import Mixture as Mixture
from ._multivariate_normal import MultivariateNormal as MultivariateNormal
from ._normal import Normal as Normal
from ._parameters import flatten as flatten
from ._parameters import unflatten as unflatten

__all__ = [
    "Distribution",
    "Mixture",
    "MultivariateNormal",
    "Normal",
    "entropy_bounds",
    "fisher_information",
    "flatten",
    "kl_divergence",
    "kl_divergence_bounds",
    "unflatten",
]
