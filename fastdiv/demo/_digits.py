"""The data: scikit-learn's handwritten digits, 8×8 pixels with 17 grey values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

SIDE = 8
GREY_VALUES = 17
CLASSES = 10


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 grey values, 0 (paper) to 16 (ink), and the digit that each shows."""

    images: NDArray[np.float64]
    labels: NDArray[np.int64]

    def mean_images(self) -> NDArray[np.float64]:
        """Return the mean image of each digit, shape (10, 64)."""
        return np.stack(
            [self.images[self.labels == digit].mean(axis=0) for digit in range(CLASSES)]
        )

    def joint_counts(self) -> NDArray[np.float64]:
        """Return how often each pixel has each grey value in each digit, shape (64, 17, 10)."""
        pixels = self.images.shape[1]
        counts = np.zeros((pixels, GREY_VALUES, CLASSES))
        values = self.images.astype(np.int64)
        np.add.at(counts, (np.arange(pixels), values, self.labels[:, np.newaxis]), 1)
        return counts


def load(every: int = 1) -> Digits:
    """Load the images that come with scikit-learn, or every third of them, say."""
    data: Any = load_digits()
    return Digits(np.ascontiguousarray(data.data[::every]), data.target[::every].astype(np.int64))
