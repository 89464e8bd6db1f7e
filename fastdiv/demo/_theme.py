"""How the figures look, on light and on dark pages."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from ._digits import SIDE

Canvas = Figure  # a picture here; in a chapter, a figure has a caption too


@dataclass(frozen=True)
class Theme:
    """Colours; the page's own are in report.css."""

    name: str
    background: str
    text: str
    faint: str
    first: str
    second: str
    third: str
    ink: str  # colour map of images: ink on paper, or chalk on a board

    def signed_colors(self) -> LinearSegmentedColormap:
        """Return a colour map: `first` below 0, the background at 0, `second` above."""
        colors = [self.first, self.background, self.second]
        return LinearSegmentedColormap.from_list(f"signed-{self.name}", colors)

    def style(self) -> AbstractContextManager[None]:
        """Return a context in which Matplotlib draws in these colours."""
        return matplotlib.rc_context(
            {
                "figure.facecolor": self.background,
                "savefig.facecolor": self.background,
                "axes.facecolor": self.background,
                "text.color": self.text,
                "axes.labelcolor": self.text,
                "axes.titlecolor": self.text,
                "axes.edgecolor": self.faint,
                "xtick.color": self.faint,
                "ytick.color": self.faint,
                "xtick.labelcolor": self.text,
                "ytick.labelcolor": self.text,
                "grid.color": self.faint,
                "grid.alpha": 0.3,
                "legend.frameon": False,
                "axes.titlesize": 11,
                "axes.titlepad": 10,
                "axes.labelsize": 10,
                "xtick.labelsize": 9,
                "ytick.labelsize": 9,
                "legend.fontsize": 9,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "figure.constrained_layout.use": True,
                "figure.constrained_layout.w_pad": 0.12,
                "figure.constrained_layout.h_pad": 0.08,
                "savefig.dpi": 160,
            }
        )


LIGHT = Theme("light", "#ffffff", "#1c2330", "#8a93a3", "#2f6fdb", "#d9730d", "#7a5ac2", "gray_r")
DARK = Theme("dark", "#191d24", "#e4e8ef", "#7d8798", "#6ea3ff", "#ffab57", "#b79bff", "gray")


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure; sizes in inches."""
    return Figure(figsize=(width, height))


def show_image(axes: Axes, image: NDArray[Any], **options: Any) -> AxesImage:
    """Draw one 8×8 image: no ticks, a faint frame where the paper ends."""
    picture = axes.imshow(image.reshape(SIDE, SIDE), **options)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, linewidth=0.6)
    return picture


def write_cells(axes: Axes, picture: AxesImage, pattern: str = "{:.2f}", size: float = 8) -> None:
    """Write a matrix's numbers into its cells, dark on light colours and light on dark ones."""
    values = np.asarray(picture.get_array())
    for (row, column), value in np.ndenumerate(values):
        red, green, blue, _ = picture.to_rgba(value)
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
        color = "#10141b" if light else "#ffffff"
        text = axes.text(column, row, pattern.format(value), color=color, fontsize=size)
        text.set(ha="center", va="center", in_layout=False)  # laying out is the slow part
