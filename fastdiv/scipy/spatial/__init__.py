"""Drop-ins for `scipy.spatial`."""

from . import distance as distance
