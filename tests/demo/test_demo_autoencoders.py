"""The demo's chapter on autoencoders: its numbers hold together, and a wrong one fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv import nn
from fastdiv.__main__ import main

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")
pytest.importorskip("scipy")
pytest.importorskip("sklearn")


def test_numbers(tmp_path: Path) -> None:
    assert main(["demo", "--quick", "--output", str(tmp_path), "autoencoders"]) == 0
    numbers = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["autoencoders"]
    errors = numbers["errors"]
    assert errors["plain"] < errors["principal_components"] < errors["corrupted"]
    assert errors["denoised"] < errors["plain_of_corrupted"]
    assert numbers["activation"] == pytest.approx(0.05, abs=0.01)
    assert numbers["elbo"] < numbers["importance_weighted_bound"] < 0
    assert numbers["elbo"] == pytest.approx(numbers["plain_elbo"], abs=0.1)
    for losses in numbers["losses"].values():
        assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert len(numbers["test_elbo"]) == len(numbers["losses"]["variational"])


def test_wrong_bound_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    correct = nn.VariationalAutoencoder.elbo

    def wrong(self: Any, X: Any, n_samples: int = 1) -> Any:
        return correct(self, X, n_samples) + 1

    monkeypatch.setattr(nn.VariationalAutoencoder, "elbo", wrong)
    assert main(["demo", "--quick", "--output", str(tmp_path), "autoencoders"]) == 1
    failed = capsys.readouterr().err
    assert "CHECK FAILED: autoencoders: ELBO: difference from NumPy’s formula" in failed
    assert "CHECK FAILED: autoencoders: ELBO minus importance-weighted bound" in failed
