"""SciPy's functions at fastdiv's speed and accuracy: change only the import.

    stats                 entropy
    special               entr, rel_entr, kl_div
    spatial               distance.jensenshannon, distance.cdist, distance.pdist

SciPy itself is optional: it is imported when something passes through to it, and by nothing else.
"""

from . import spatial as spatial
from . import special as special
from . import stats as stats

__all__ = [
    "spatial",
    "special",
    "stats",
]
