"""Random distributions for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastdiv.distributions import Mixture, MultivariateNormal, Normal

FAMILIES = ("normal", "multivariate_normal", "mixture", "mixture_of_logits", "multivariate_mixture")
CLOSED = ("normal", "multivariate_normal")


def distribution(
    family: str,
    rng: np.random.Generator,
    dimension: int = 2,
    batch: tuple[int, ...] = (),
    *,
    components: int = 3,
    spread: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Any:
    """Return one of the family: means `spread` apart, scales that differ by a factor of two or so."""
    if family in ("normal", "multivariate_normal"):
        mean = spread * rng.normal(size=(*batch, dimension))
        scales = np.exp(0.5 * rng.normal(size=(*batch, dimension)))
        if family == "normal":
            return Normal(mean.astype(dtype), scales.astype(dtype))
        factor = np.tril(0.5 * rng.normal(size=(*batch, dimension, dimension)), -1)
        factor += scales[..., None] * np.eye(dimension)
        return MultivariateNormal(mean.astype(dtype), factor.astype(dtype))
    inner = "multivariate_normal" if family == "multivariate_mixture" else "normal"
    shape = (*batch, components)
    parts = distribution(inner, rng, dimension, shape, spread=spread, dtype=dtype)
    if family == "mixture_of_logits":
        return Mixture(logits=rng.normal(size=shape).astype(dtype), components=parts)
    weights = rng.dirichlet(np.ones(components), size=batch)
    return Mixture(weights.astype(dtype), parts)
