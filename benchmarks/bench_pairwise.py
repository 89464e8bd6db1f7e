"""All pairs of rows of two matrices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from works import WORKS, Work

PAIRS = [work for work in WORKS if work.domain == "pairwise"]


@pytest.mark.parametrize("work", PAIRS, ids=Work.identifier)
def test_pairwise(
    work: Work, library: str, dtype: str, threads: int, measure: Callable[..., None]
) -> None:
    """JS distance against SciPy's `cdist`, KL against a matrix product, and others."""
    measure(work, library, dtype, threads)
