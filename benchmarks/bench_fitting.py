"""Whole fits by every library: they end at the same distribution, then they are timed."""

from __future__ import annotations

from typing import Any

import pytest

import fits


@pytest.mark.parametrize("library", fits.LIBRARIES)
@pytest.mark.parametrize("fit", fits.FITS, ids=lambda fit: fit.kind)
def test_fit(fit: fits.Fit, library: str, dtype: str, quick: bool, benchmark: Any) -> None:
    """A normal distribution in the plane, fitted to a mixture of two."""
    size = fits.TRIAL if quick else fits.FULL
    call = fits.call(library, fit, size, dtype)
    if call is None:
        pytest.skip(f"{library} is not installed")
    fit.require(library, call())
    benchmark.group = f"fit by {fit.title}, {dtype}"
    benchmark(call)
