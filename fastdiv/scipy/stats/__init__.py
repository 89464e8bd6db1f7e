"""Drop-ins for `scipy.stats`.

entropy               of a distribution, or relative to another
"""

from ._entropy import entropy as entropy

__all__ = [
    "entropy",
]
