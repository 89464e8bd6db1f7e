"""Drop-ins for `scipy.stats`."""

from ._entropy import entropy as entropy
