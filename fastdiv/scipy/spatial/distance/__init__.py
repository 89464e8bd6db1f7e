"""Drop-ins for `scipy.spatial.distance`."""

from ._cdist import cdist as cdist
from ._jensenshannon import jensenshannon as jensenshannon
from ._pdist import pdist as pdist
