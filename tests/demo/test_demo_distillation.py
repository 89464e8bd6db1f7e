"""The demo's chapter on distillation: its numbers by plain formulas, with PyTorch and without."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastdiv
from fastdiv.__main__ import main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from scipy import special, stats
from sklearn.datasets import load_digits

TEMPERATURE = 4
HAS_TORCH = all(importlib.util.find_spec(name) for name in ("torch", "fastdiv.torch"))


# sys.modules["torch"] = None would do for imports, but SciPy looks there for arrays of PyTorch.
HIDE_TORCH = """
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("no torch")
sys.meta_path.insert(0, Hide())
"""
RUN = """
from fastdiv.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(
    scope="module", params=["with-torch", "without-torch"] if HAS_TORCH else ["without-torch"]
)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the chapter as a user does; return its page, its numbers and whether it had PyTorch."""
    folder = tmp_path_factory.mktemp("distillation")
    has_torch = request.param == "with-torch"
    code = "import sys\n" + ("" if has_torch else HIDE_TORCH) + RUN
    arguments = ["demo", "--quick", "--output", str(folder), "distillation"]
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    numbers = json.loads((folder / "results.json").read_text(encoding="utf-8"))["distillation"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    return page, numbers, has_torch


def plain_student(numbers: dict[str, Any], seed: int, size: int, distil: bool) -> float:
    """Train a teacher and a student by formulas alone; return the student's test accuracy."""
    data = load_digits()
    images, labels = data.data[::3] / 16, data.target[::3]
    order = np.random.default_rng(seed).permutation(len(images))
    small = images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    fine, coarse = (np.column_stack([each, np.ones(len(each))])[order] for each in (images, small))
    labels = labels[order]
    learning, certain = slice(numbers["images"][-1]), np.eye(10)[labels]

    def train(inputs: Any, targets: Any, temperature: float) -> Any:
        weights, velocity = np.zeros((inputs.shape[1], 10)), 0
        for _ in range(numbers["steps"]):
            slope = special.softmax(inputs @ weights / temperature, axis=1) - targets
            velocity = 0.9 * velocity + temperature * inputs.T @ slope / len(inputs)
            weights = weights - velocity
        return weights

    targets, temperature = certain, 1
    if distil:
        teacher = train(fine[learning], certain[learning], 1)
        targets, temperature = special.softmax(fine @ teacher / TEMPERATURE, axis=1), TEMPERATURE
    student = train(coarse[:size], targets[:size], temperature)
    right = (coarse @ student).argmax(axis=1) == labels
    return float(right[learning.stop :].mean())


@pytest.mark.parametrize("distil", [False, True])
def test_accuracies_are_those_of_the_formulas(finished: Any, distil: bool) -> None:
    _, numbers, _ = finished
    found = numbers["distilled_accuracy" if distil else "hard_accuracy"]
    for seed, size in ((0, 25), (1, 100)):
        expected = plain_student(numbers, seed, size, distil)
        assert found[str(size)][seed] == pytest.approx(
            expected, abs=0.006
        )  # one image of 299 may flip


def test_teacher_is_best_and_distilling_helps(finished: Any) -> None:
    _, numbers, _ = finished
    hard, distilled = (
        np.mean(numbers[name]["100"]) for name in ("hard_accuracy", "distilled_accuracy")
    )
    assert hard < distilled < np.mean(numbers["teacher_accuracy"])
    position = numbers["temperatures"].index(TEMPERATURE)
    assert numbers["accuracy_by_temperature"][position] == numbers["distilled_accuracy"]["100"]


def test_entropies(finished: Any) -> None:
    _, numbers, _ = finished
    logits = np.array(numbers["hardest_logits"])
    expected = [stats.entropy(special.softmax(logits / t)) for t in numbers["temperatures"]]
    np.testing.assert_allclose(numbers["hardest_entropies"], expected, rtol=1e-12)


def test_peers(finished: Any) -> None:
    page, numbers, has_torch = finished
    differences = numbers["largest_differences"]
    assert differences["scipy.special.log_softmax"] <= 1e-10
    assert ("torch.nn.functional.kl_div" in differences) == has_torch
    assert all(difference <= 1e-5 for difference in differences.values())
    assert ("PyTorch is missing from the comparison" in page) != has_torch
    names = {each["name"] for each in numbers["times"]}
    assert ("fastdiv.torch.kl_divergence" in names) == has_torch
    assert names == set(numbers["peak_memory"]) == set(numbers["gradient_errors"])
    for name in names:
        threads = [each["threads"] for each in numbers["times"] if each["name"] == name]
        assert threads == ([1] if "SciPy" in name else sorted({1, fastdiv.get_num_threads()}))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_peak_memory(finished: Any) -> None:
    _, numbers, _ = finished
    gradient = 64 * 32_000 * 4
    for name, size in numbers["peak_memory"].items():
        if name.startswith("fastdiv"):
            assert abs(size - gradient) < 2**21, name
        else:
            assert size > 3 * gradient, name


def test_wrong_gradient_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastdiv.demo import _distillation_peers as peers
    from fastdiv.demo import _distillation_training as training

    correct = training.distillation_loss

    def wrong(temperature: float) -> Any:
        loss = correct(temperature)

        def slightly_wrong(targets: Any, logits: Any) -> Any:
            values, gradient = loss(targets, logits)
            return values, gradient * (1 + 1e-6)

        return slightly_wrong

    monkeypatch.setattr(training, "distillation_loss", wrong)
    monkeypatch.setattr(peers, "torch_or_why_not", lambda: (None, "not needed here"))
    assert main(["demo", "--quick", "--output", str(tmp_path), "distillation"]) == 1
    failed = capsys.readouterr().err
    assert "CHECK FAILED: distillation: losses of a training, float64: difference from" in failed
