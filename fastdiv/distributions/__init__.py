"""Normal distributions and their mixtures, as arrays with batch dimensions; what has a closed form of them."""

from ._distribution import Distribution as Distribution
from ._kl_divergence import kl_divergence as kl_divergence
from ._mixture import Mixture as Mixture
from ._multivariate_normal import MultivariateNormal as MultivariateNormal
from ._normal import Normal as Normal
from ._parameters import flatten as flatten
from ._parameters import unflatten as unflatten
