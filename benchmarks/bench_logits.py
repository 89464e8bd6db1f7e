"""Logits: values, values with gradients, and the memory that they need."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import memory
import peers
from works import LOGITS_DTYPES, WORKS, Work

LOGITS = [work for work in WORKS if work.domain == "logits"]


@pytest.mark.parametrize("library", ["fastdiv", *peers.peers_of("logits")])
@pytest.mark.parametrize("dtype", LOGITS_DTYPES)
@pytest.mark.parametrize("work", LOGITS, ids=Work.identifier)
def test_logits(
    work: Work, library: str, dtype: str, threads: int, measure: Callable[..., None]
) -> None:
    """Every measure, at the sizes of a vocabulary, a classifier, and a few very long rows."""
    measure(work, library, dtype, threads)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gradient_needs_its_own_memory_alone() -> None:
    """KL and its gradient by y, in an array that is new."""
    peak = memory.peak_of("fastdiv", quick=True)
    assert peak.beyond_gradient < 2**20
