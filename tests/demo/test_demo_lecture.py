"""The lecture's chapter: its numbers against the closed form and plain sums over a grid, its moving pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv.__main__ import main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from PIL import Image
from scipy.stats import multivariate_normal

STARTS = ("(-0.7, 0.7)", "(1.55, 0.45)")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("lecture")
    assert main(["demo", "--quick", "--output", str(folder), "lecture"]) == 0
    numbers = json.loads((folder / "results.json").read_text(encoding="utf-8"))["lecture"]
    return folder, numbers


def on_a_grid(kind: str, mean: Any, covariance: Any) -> float:
    """Sum a divergence over a fine grid: slow, plain, right to many digits for smooth densities."""
    axis = np.linspace(-5, 6, 1101)
    x = np.stack(np.meshgrid(axis, axis), axis=-1)
    parts = [multivariate_normal([0, 0], [0.25**2, 0.5**2]), multivariate_normal([1, 1], 0.25**2)]
    log_p = np.logaddexp(*(part.logpdf(x) for part in parts)) - np.log(2)
    log_q = multivariate_normal(mean, covariance).logpdf(x)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    terms = {
        "forward": np.exp(log_p) * (log_p - log_q),
        "reverse": np.exp(log_q) * (log_q - log_p),
        "JS": (np.exp(log_p) * (log_p - log_m) + np.exp(log_q) * (log_q - log_m)) / 2,
    }
    return float(terms[kind].sum() * (axis[1] - axis[0]) ** 2)


def test_forward_kl_finds_the_closed_form(finished: tuple[Path, dict[str, Any]]) -> None:
    found = finished[1]["fits"]["forward KL"]
    np.testing.assert_allclose(found["mean"], [0.5, 0.5], atol=1e-2)
    np.testing.assert_allclose(found["covariance"], [[0.3125, 0.25], [0.25, 0.40625]], atol=1e-2)
    np.testing.assert_allclose(found["expected_covariance"], [[0.3125, 0.25], [0.25, 0.40625]])


def test_reverse_kl_finds_both_modes(finished: tuple[Path, dict[str, Any]]) -> None:
    for start, mode in zip(STARTS, ([0, 0], [1, 1]), strict=True):
        found = finished[1]["fits"][f"reverse KL, independent, from {start}"]
        np.testing.assert_allclose(found["mean"], mode, atol=0.05)
        assert found["covariance"][0][1] == 0


def test_divergences_and_minima_against_a_grid(finished: tuple[Path, dict[str, Any]]) -> None:
    for name, found in finished[1]["fits"].items():
        kind = name.split()[0]
        exact = on_a_grid(kind, found["mean"], found["covariance"])
        assert found["divergence"] == pytest.approx(exact, abs=4 * found["standard_error"]), name
        mean, covariance = found["expected_mean"], np.array(found["expected_covariance"])
        least = on_a_grid(kind, mean, covariance)
        assert found["expected_divergence"] == pytest.approx(least, abs=1e-6), name
        for change in ([0.02, 0], [0, 0.02], [-0.02, 0.01]):
            assert on_a_grid(kind, np.add(mean, change), covariance) > least, name
        for factor in (0.95, 1.05):
            assert on_a_grid(kind, mean, factor * covariance) > least, name


def test_natural_gradient_needs_fewer_steps(finished: tuple[Path, dict[str, Any]]) -> None:
    steps = finished[1]["steps_to_close"]
    adam, natural = (
        [count for count in steps[name].values() if count is not None]
        for name in ("adam", "natural")
    )
    assert min(natural) * 4 <= min(adam)


def test_moving_pictures(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = finished
    page = (folder / "index.html").read_text(encoding="utf-8")
    names = [
        f"lecture-{kind}{dark}.gif"
        for kind in ("forward", "reverse", "js")
        for dark in ("", "-dark")
    ]
    assert {path.name for path in folder.glob("*.gif")} == set(names)
    for name in names:
        assert f'"{name}"' in page
        with Image.open(folder / name) as movie:
            assert movie.n_frames == 16
    assert page.count("prefers-reduced-motion: reduce") == 6
    assert page.count('<div class="row">') == 1


def test_a_fit_that_misses_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastdiv.demo import _lecture as lecture

    monkeypatch.setattr(lecture.exact, "MEANS", lecture.exact.MEANS + 0.02)
    monkeypatch.setattr(lecture.figures, "animations", lambda fits: [])
    assert main(["demo", "--quick", "--output", str(tmp_path), "lecture"]) == 1
    assert "CHECK FAILED: lecture: forward KL: mean and covariance" in capsys.readouterr().err
