"""Pictures of two-dimensional distributions and of fits; they need Matplotlib, the extra `plot`.

density_contours      lines of equal density
fit_path              the way that a fit went
animate_fit           the same as a GIF
"""

from ._animation import animate_fit as animate_fit
from ._contours import density_contours as density_contours
from ._path import fit_path as fit_path

__all__ = [
    "animate_fit",
    "density_contours",
    "fit_path",
]
