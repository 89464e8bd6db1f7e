"""Training, in small: gradients equal torch's, losses fall."""

from __future__ import annotations

import pytest

import fashion
import training


@pytest.mark.skipif(bool(fashion.missing()), reason=fashion.missing() or "found")
def test_training(quick: bool) -> None:
    """A variational autoencoder beside torch; sparse and denoising models."""
    results = training.measure(quick=quick)
    assert results.errors["DenoisingAutoencoder"] < results.errors["corrupted images"]
    assert results.runs["fastdiv"].negative_elbo < 550
    assert len(training.section(results, {}, quick)) > 8
