"""The two halves that a variational encoder gives: means and log-variances of the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._workspace import Workspace

Array = NDArray[Any]


def join(parts: Mapping[str, Array], suffix: str, out: Array) -> None:
    """Write both side by side."""
    width = out.shape[1] // 2
    out[:, :width], out[:, width:] = parts["mean" + suffix], parts["log_variance" + suffix]


def log_prior_ratio(block: Workspace) -> Array:
    """Return log p(z) − log q(z | x) of each row's code."""
    mean, log_variance = (block.extra[name].astype(np.float64) for name in ("mean", "log_variance"))
    code = block.code.astype(np.float64)
    standard = (code - mean) * np.exp(-log_variance / 2)
    return np.asarray((standard**2 + log_variance - code**2).sum(axis=1) / 2)
