"""SciPy's functions at fastdiv's speed and accuracy: change only the import.

SciPy itself is optional: it is imported when something passes through to it, and by nothing else.
"""

from . import spatial as spatial
from . import special as special
from . import stats as stats
