"""Drop-ins for `scipy.spatial`.

distance              jensenshannon, cdist, pdist
"""

from . import distance as distance

__all__ = [
    "distance",
]
