"""Logits: values, values with gradients, and the memory that they need."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import memory
import peers
from measurement import thread_counts
from works import LOGITS_DTYPES, WORKS, Work

LOGITS = [
    pytest.param(work, count, id=f"{work.identifier()}-threads-{count}")
    for work in WORKS
    if work.domain == "logits"
    for count in thread_counts(work)
]


@pytest.mark.parametrize("library", ["fastdiv", *peers.peers_of("logits")])
@pytest.mark.parametrize("dtype", LOGITS_DTYPES)
@pytest.mark.parametrize(("work", "threads"), LOGITS, indirect=["threads"])
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
