"""Drop-ins for `scipy.spatial.distance`.

jensenshannon         of two distributions
cdist                 of all pairs of rows of two matrices
pdist                 of all pairs of rows of one matrix
"""

from ._cdist import cdist as cdist
from ._jensenshannon import jensenshannon as jensenshannon
from ._pdist import pdist as pdist

__all__ = [
    "cdist",
    "jensenshannon",
    "pdist",
]
