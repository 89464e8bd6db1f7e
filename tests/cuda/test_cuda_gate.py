"""The compiled kernels' machine code, and that its check would notice what it is for."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def missing() -> str:
    """Say what the gate needs and does not find, in a new process: this one simulates."""
    program = (
        "import numba_cuda, cuda.bindings.nvjitlink, cuda_gate; print(cuda_gate.disassembler())"
    )
    found = run("-c", program, check=False)
    if found.returncode:
        return found.stderr.strip().splitlines()[-1]
    return "nvdisasm is missing" if found.stdout.strip() == "None" else ""


def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "FASTDIV_CUDA"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tools"), str(Path(__file__).parent)])
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=check)


@cache
def needs() -> str:
    return missing()


@pytest.fixture(autouse=True)
def _needs() -> None:
    if needs():
        pytest.skip(f"pip install '.[cuda-gate]': {needs()}")


def gate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run(str(ROOT / "tools" / "cuda_gate.py"), *arguments, check=False)


@pytest.fixture(scope="module")
def planted() -> dict[str, str]:
    """What the gate says of each planted kernel."""
    found = gate("--module", "planted_kernels", "--only", "planted")
    assert found.returncode == 1, found.stderr
    return dict(re.findall(r"^planted_(\w+) +90 .*\.\d s(.*)$", found.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", ["nothing", "nothing_a_row"])
def test_kernels_without_fault_pass(planted: dict[str, str], name: str) -> None:
    assert planted[name] == ""


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("float64", "float64 instructions in element loops"),
        ("scalar_load", "no LDG.128 in an element loop"),
        ("spill", "spill"),
    ],
)
def test_planted_faults_are_found(planted: dict[str, str], name: str, what: str) -> None:
    assert what in planted[name]


def test_a_kernel_passes() -> None:
    """All that stand for the others take two minutes: .ci/run looks at them."""
    found = gate("--only", "logits_entropy")
    assert found.returncode == 0, found.stdout + found.stderr
    assert re.search(r"^logits_entropy_float32\w* +90 ", found.stdout, re.MULTILINE)
    assert " 2 passed, 0 failed" in "\n " + found.stdout.splitlines()[-1]
