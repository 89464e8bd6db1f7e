"""The demo on fewer images: its files, and its numbers against SciPy's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastdiv
from fastdiv import demo
from fastdiv.__main__ import main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from scipy import stats
from scipy.spatial import distance
from sklearn.datasets import load_digits

QUICK = 3  # --quick takes every third image


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demo once, as a user does; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", "-m", "fastdiv", "demo", "--quick"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder / "fastdiv-demo", done.stdout


@pytest.fixture(scope="module")
def results(finished: tuple[Path, str]) -> dict[str, Any]:
    text = (finished[0] / "results.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    data = load_digits()
    return data.data[::QUICK], data.target[::QUICK]


def test_page_and_what_it_points_to(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    page = (folder / "index.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'(?:src|srcset|href)="([^"#]+)"', page))
    assert len(linked) > 10
    for name in linked:
        assert (folder / name).stat().st_size > 500, name
    assert {path.name for path in folder.iterdir()} == linked | {"index.html"}
    for figure in folder.glob("*.png"):
        assert figure.read_bytes().startswith(b"\x89PNG")
    for movie in folder.glob("*.gif"):
        assert movie.read_bytes().startswith(b"GIF89a")
    assert "checks passed" in page
    assert "checks failed" not in page
    for name in demo.CHAPTERS:
        assert f'<section id="{name}">' in page
    assert "nan" not in re.sub(r"[Nn]aN", "", page)


def test_progress(finished: tuple[Path, str]) -> None:
    *steps, last = finished[1].splitlines()
    assert len(steps) > len(demo.CHAPTERS)
    for line in steps:
        assert re.fullmatch(r".+ \.+ +\d+\.\d\d s", line), line
    assert last == f"Report: {Path('fastdiv-demo') / 'index.html'}"


def test_mutual_information(results: dict[str, Any], digits: tuple[Any, Any]) -> None:
    images, labels = digits
    edges = (np.arange(18) - 0.5, np.arange(11) - 0.5)
    expected = []
    for pixel in images.T:
        table, *_ = np.histogram2d(pixel, labels, bins=edges)
        apart = stats.entropy(table.sum(0), base=2) + stats.entropy(table.sum(1), base=2)
        expected.append(apart - stats.entropy(table.ravel(), base=2))
    np.testing.assert_allclose(results["mutual-information"]["bits"], expected, atol=1e-12)


def test_distances(results: dict[str, Any], digits: tuple[Any, Any]) -> None:
    images, labels = digits
    found = results["distances"]
    means = np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])
    expected = [[distance.jensenshannon(p, q, base=2) for q in means] for p in means]
    np.testing.assert_allclose(found["mean_images"], expected, atol=1e-7)

    for name, metric in (
        ("Jensen-Shannon distance", "jensenshannon"),
        ("Euclidean distance", "euclidean"),
    ):
        pairs = distance.cdist(images, images, metric)
        np.fill_diagonal(pairs, np.inf)
        accuracy = np.mean(labels[np.nanargmin(pairs, axis=1)] == labels)
        assert found["accuracies"][name] == pytest.approx(accuracy, abs=1e-12)
    assert found["nan"]["fastdiv, pairs"] == found["nan"]["fastdiv, inked"] == 0
    with np.errstate(invalid="ignore"):
        inked = [distance.cdist([image], [3 * image], "jensenshannon") for image in images]
    assert found["nan"]["scipy, inked"] == np.isnan(inked).sum()


def test_gradients(results: dict[str, Any], digits: tuple[Any, Any]) -> None:
    images, labels = digits
    p, q = (images[labels == digit].mean(axis=0) + 0.5 for digit in (3, 8))
    p, q = p / p.sum(), q / q.sum()
    found = results["gradients"]
    assert found["value"] == pytest.approx(stats.entropy(p, q), rel=1e-12)
    np.testing.assert_allclose(found["gradient"], 1 - p / q, atol=1e-12)  # normalised: −p/q + 1
    np.testing.assert_allclose(found["slopes"], [3, 2], atol=0.02)


def test_times_are_told_with_their_threads(results: dict[str, Any]) -> None:
    for chapter in ("mutual-information", "distances"):
        times = results[chapter]["times"]
        assert all(each["seconds"] > 0 and each["runs"] >= 3 for each in times)
        ours = [each["threads"] for each in times if each["name"].startswith("fastdiv")]
        assert ours == sorted({1, fastdiv.get_num_threads()})


def test_one_chapter_in_a_folder_that_exists(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "index.html").write_text("old")
    assert main(["demo", "--quick", "--output", str(tmp_path), "gradients"]) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<section id="([^"]+)">', page) == ["gradients"]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "all-distances.png").exists()


def test_wrong_numbers_fail_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    correct = fastdiv.mutual_information
    monkeypatch.setattr(fastdiv, "mutual_information", lambda counts: correct(counts) + 1e-9)
    arguments = ["demo", "--quick", "--output", str(tmp_path), "mutual-information"]
    assert main(arguments) == 1
    assert "CHECK FAILED: mutual-information: largest difference from" in capsys.readouterr().err
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "2 of 2 checks failed" in page


def test_nan_fails_a_check() -> None:
    from fastdiv.demo._chapter import Check

    assert not Check("x", float("nan"), 1).passed
    assert Check("x", 1, 1).passed


@pytest.mark.parametrize("place", ["file", "file/below", "loop"])
def test_output_that_cannot_be_written(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "loop").symlink_to("loop")
    assert main(["demo", "--output", str(tmp_path / place)]) == 2
    printed = capsys.readouterr()
    assert f"cannot write to the folder {tmp_path / place}: " in printed.err
    assert printed.out == ""


def test_unknown_chapter_by_name() -> None:
    with pytest.raises(ValueError, match=r"no chapter 'x': expected mutual-information, "):
        demo.run("unused", ["x"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.234, "1.23 s"), (0.05, "50 ms"), (1.05e-4, "105 µs"), (2e-8, "20 ns")],
)
def test_seconds_text(seconds: float, text: str) -> None:
    from fastdiv.demo._numbers import seconds_text

    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (3.74e-16, 1, "3.7·10⁻¹⁶"),
        (1e-8, 0, "10⁻⁸"),
        (0.0, 1, "0"),
        (float("nan"), 1, "nan"),
        (float("inf"), 1, "inf"),
        (-25.0, 1, "-2.5·10¹"),
    ],
)
def test_scientific(value: float, digits: int, text: str) -> None:
    from fastdiv.demo._numbers import scientific

    assert scientific(value, digits) == text
