"""Normal distributions and their mixtures, as arrays with batch dimensions; what has a closed form of them."""

from ._distribution import Distribution as Distribution
from ._mixture import Mixture as Mixture
from ._multivariate_normal import MultivariateNormal as MultivariateNormal
from ._normal import Normal as Normal
