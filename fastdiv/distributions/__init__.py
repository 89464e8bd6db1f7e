"""Normal distributions and their mixtures, as arrays with batch dimensions; what has a closed form of them."""

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
