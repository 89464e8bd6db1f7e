"""Monte Carlo estimates with gradients by every library: they are right, then they are timed."""

from __future__ import annotations

from typing import Any

import pytest

import estimates


@pytest.mark.parametrize("library", estimates.LIBRARIES)
@pytest.mark.parametrize(
    "estimation", estimates.ESTIMATIONS, ids=["plane", "plane-small-call", "16-D"]
)
def test_estimate(
    estimation: estimates.Estimation,
    library: str,
    dtype: str,
    threads: int,
    quick: bool,
    benchmark: Any,
) -> None:
    """Reverse KL in the plane, forward KL of larger mixtures."""
    call = estimates.call(library, estimation, quick, dtype)
    if call is None:
        pytest.skip(f"{library} is not installed")
    estimates.require(estimation, quick, library, estimates.as_arrays(library, call()))
    benchmark.group = f"{estimation.label(quick)}, {dtype}, threads: {threads}"
    benchmark(call)
