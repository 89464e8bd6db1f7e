"""What random numbers are compared with: their distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from works import Work

# The square root of n times the largest distance of the distribution functions; chance exceeds it once in 20,000.
_ALLOWED = 2.3


class Distribution:
    """The distribution that a work draws from."""

    def __init__(self, work: Work) -> None:
        self.name = {"normal": "norm", "uniform": "uniform"}[work.name]

    def errors(self, results: Sequence[Any]) -> tuple[float, ...]:
        """Return Kolmogorov's and Smirnov's distance in the unit that chance makes it have."""
        numbers = np.asarray(results[0], np.float64)
        if np.ptp(numbers) == 0:  # memory that nobody filled
            return (float("inf"),)
        return (float(stats.kstest(numbers, self.name).statistic * np.sqrt(numbers.size)),)

    def require(self, library: str, errors: Sequence[float], work: Work) -> None:
        """Refuse numbers of another distribution: nothing is timed before it is right."""
        if not errors[0] <= _ALLOWED:
            raise AssertionError(f"{library}: {work.title} have a distance of {errors[0]:.3g}")
