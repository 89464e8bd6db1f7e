"""The two halves that a variational encoder gives: means and log-variances of the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def join(parts: Mapping[str, Array], suffix: str, out: Array) -> None:
    """Write both side by side."""
    width = out.shape[1] // 2
    out[:, :width], out[:, width:] = parts["mean" + suffix], parts["log_variance" + suffix]


def log_prior_ratio(log_variance: Array, code: Array, noise: Array) -> Array:
    """Return log p(z) − log q(z | x) of each row's code, drawn with this noise: ½ Σ ξ² + log σ² − z².

    The noise itself: (z − μ) / σ has lost its digits where σ is small beside μ. An infinite code gives -inf.
    """
    log_variance, code = log_variance.astype(np.float64), code.astype(np.float64)
    return np.asarray((noise.astype(np.float64) ** 2 + log_variance - code**2).sum(axis=1) / 2)
