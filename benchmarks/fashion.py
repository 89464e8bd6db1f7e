"""Fashion-MNIST, as Debian's package dataset-fashion-mnist installs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdiv.nn.datasets import load_idx

VARIABLE = "FASTDIV_FASHION_MNIST"
FOLDER = Path(os.environ.get(VARIABLE, "/usr/share/datasets/fashion-mnist"))
_FILES = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")


def missing() -> str:
    """Say what is missing, or nothing."""
    if all((FOLDER / name).exists() for name in _FILES):
        return ""
    return f"no Fashion-MNIST in {FOLDER}: install dataset-fashion-mnist, or set {VARIABLE}"


def images(quick: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return learning and test images: rows of 784 pixels in [0, 1], float32; a tenth of them to be quick."""
    every = 10 if quick else 1
    learning, test = (load_idx(FOLDER / name)[::every] for name in _FILES)
    return tuple(  # type: ignore[return-value]
        np.ascontiguousarray(part.reshape(len(part), -1).astype(np.float32) / 255)
        for part in (learning, test)
    )
