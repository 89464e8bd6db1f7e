"""Pictures of two-dimensional distributions and of fits; they need Matplotlib, the extra `plot`."""

from ._animation import animate_fit as animate_fit
from ._contours import density_contours as density_contours
from ._path import fit_path as fit_path
