"""What a kernel of samples is made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .gaussians import entries
from .mixtures import Traits
from .triangles import SMALL

P, Q, SURROGATE_P, SURROGATE_Q = range(4)


@dataclass(frozen=True)
class Variant:
    """What a kernel is made for."""

    estimator: str
    source: int
    """Which mixture samples are of."""
    kind: str
    dimension: int
    triangular: tuple[bool, ...]
    """Of p, q and, with a control variate, their surrogates."""
    mixed: tuple[bool, bool]
    direct: tuple[bool, bool]
    moved: bool
    weightless: bool
    shared: bool
    """Whether all columns are in shared memory."""

    @property
    def T(self) -> Any:
        """The type of numbers."""
        return np.dtype(self.kind).type

    @property
    def control(self) -> bool:
        """Whether there is a control variate."""
        return len(self.triangular) > 2

    def traits(self, m: int) -> Traits:
        """Return those of a mixture."""
        if m > Q:
            return Traits(self.dimension, self.triangular[m], False, False, False, False, 0)
        return Traits(
            self.dimension,
            self.triangular[m],
            self.mixed[m],
            self.weightless and self.mixed[m],
            self.direct[m],
            self.moved,
            -1 if m == P else 1,
        )

    @property
    def moved_sums(self) -> int:
        """Count the sums by the place of samples."""
        triangular = self.triangular[self.source]
        return self.dimension + entries(self.dimension, triangular) if self.moved else 0

    @property
    def slim(self) -> bool:
        """Whether what a sample needs of the parameters has room in registers, beside the sample."""
        return self.dimension < SMALL and not self.control

    @property
    def blocks(self) -> int:
        """Return how many blocks share a processor's registers."""
        gradients = any(self.direct) or self.moved
        return 3 if self.slim and (self.estimator == "kl_divergence" or not gradients) else 2

    @property
    def name(self) -> str:
        """Return a name for the kernel."""
        forms = "".join("dt"[each] for each in self.triangular)
        mixed = "".join("1k"[each] for each in self.mixed)
        parts = [f"montecarlo_{self.estimator}_of_{'pq'[self.source]}_{self.kind}_{self.dimension}"]
        parts += [forms, mixed] + ["p"] * self.direct[P] + ["q"] * self.direct[Q]
        parts += ["moved"] * self.moved + ["weightless"] * self.weightless
        return "_".join([*parts, "shared" if self.shared else "columns"])
