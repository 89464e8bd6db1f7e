"""Tables of probabilities: values, and values with gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from works import WORKS, Work

PROBABILITIES = [work for work in WORKS if work.domain == "probabilities"]


@pytest.mark.parametrize("work", PROBABILITIES, ids=Work.identifier)
def test_probabilities(
    work: Work, library: str, dtype: str, threads: int, measure: Callable[..., None]
) -> None:
    """Every measure, at sizes for the cache, for main memory, and for the cost of a call."""
    measure(work, library, dtype, threads)
