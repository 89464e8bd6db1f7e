"""Likelihoods of data given the decoder's output."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import functional

Array = NDArray[Any]
_BLOCK = 1 << 20  # values looked at in one go


@dataclass(frozen=True)
class Bernoulli:
    """p(x | output) = Π σ(output)^x (1 − σ(output))^(1 − x): the outputs are logits, x lies in [0, 1]."""

    mean_activation = "sigmoid"

    def require(self, X: Array) -> None:
        """Refuse values outside the likelihood's range."""
        for block in blocks(X):
            low, high = block.min(), block.max()
            if low < 0 or high > 1:
                found = low if low < 0 else high
                raise ValueError(
                    f"X has the value {found:.6g}: likelihood='bernoulli' expects values in [0, 1]; "
                    f"scale X, or choose likelihood='gaussian'"
                )

    def nll(self, outputs: Array, x: Array, **options: Any) -> Array:
        """Return the negative log-likelihood of each row."""
        return functional.bernoulli_nll(outputs, x, **options)


@dataclass(frozen=True)
class Gaussian:
    """p(x | output) = N(x; output, scale²), independently in each feature: the outputs are means."""

    scale: float
    mean_activation = "identity"

    def require(self, X: Array) -> None:
        """Refuse nothing: every finite number is in range."""

    def nll(self, outputs: Array, x: Array, **options: Any) -> Array:
        """Return the negative log-likelihood of each row."""
        return functional.gaussian_nll(outputs, x, self.scale, **options)


Likelihood = Bernoulli | Gaussian


def likelihood_of(estimator: Any) -> Likelihood:
    """Return what an estimator's hyper-parameters say."""
    return Bernoulli() if estimator.likelihood == "bernoulli" else Gaussian(float(estimator.scale))


def blocks(X: Array) -> Iterator[Array]:
    """Cut rows into blocks that fit into memory, whatever the size of a mapped file."""
    rows = max(1, _BLOCK // max(1, math.prod(X.shape[1:])))
    return (X[start : start + rows] for start in range(0, len(X), rows))


def require_finite(X: Array) -> None:
    """Refuse NaN and infinity, block by block."""
    for block in blocks(X):
        if not np.isfinite(block).all():
            raise ValueError("X contains NaN or infinity: expected finite numbers")
