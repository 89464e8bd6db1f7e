"""Random numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import peers
from works import WORKS, Work

RANDOM = [work for work in WORKS if work.domain == "random"]


@pytest.mark.parametrize("library", ["fastdiv", *peers.peers_of("random")])
@pytest.mark.parametrize("work", RANDOM, ids=Work.identifier)
def test_random(
    work: Work, library: str, dtype: str, threads: int, measure: Callable[..., None]
) -> None:
    """Normal and uniform numbers."""
    measure(work, library, dtype, threads)
