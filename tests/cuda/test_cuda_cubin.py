"""Machine code on disk: compiled once, safe under several processes, mended where a file is broken."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fastdiv._cuda import _cubin
from fastdiv._cuda.scaling import scaling

HOPPER = (9, 0)
KERNEL = scaling("float32", True)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What is compiled from now on, by a stand-in, and kept in a new folder."""
    done: list[Any] = []

    def build(*arguments: Any) -> tuple[bytes, str]:
        done.append(arguments)
        return b"\x7fELF of " + repr(arguments[1]).encode(), ""

    monkeypatch.setattr(_cubin, "build", build)
    monkeypatch.setenv("FASTDIV_CUDA_CACHE", str(tmp_path))
    return done


def test_compiled_once_a_generation(builds: list[Any]) -> None:
    code = _cubin.cached(KERNEL, HOPPER)
    assert _cubin.cached(KERNEL, HOPPER) == code
    assert _cubin.cached(KERNEL, (8, 0)) != code
    assert len(builds) == 2


def test_a_broken_file_is_replaced(builds: list[Any], tmp_path: Path) -> None:
    code = _cubin.cached(KERNEL, HOPPER)
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"")
    assert _cubin.cached(KERNEL, HOPPER) == code == path.read_bytes()
    assert len(builds) == 2


def test_a_folder_that_cannot_be_written_to(
    builds: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FASTDIV_CUDA_CACHE", str(tmp_path / "file" / "below"))
    for count in (1, 2):
        _cubin.cached(KERNEL, HOPPER)
        assert len(builds) == count


def test_an_old_gpu() -> None:
    with pytest.raises(RuntimeError, match=r"capability 8\.0 or newer, got 7\.5"):
        _cubin.cached(KERNEL, (7, 5))


def test_another_source_is_another_file(builds: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _cubin.cached(KERNEL, HOPPER)
    monkeypatch.setattr(_cubin, "_sources", lambda: "changed")
    _cubin.cached(KERNEL, HOPPER)
    assert len(builds) == 2


PROGRAM = """
from fastdiv._cuda import _cubin
from fastdiv._cuda.scaling import scaling
code = _cubin.cached(scaling("float32", True), (9, 0))
print(len(code), _cubin.entry(code)[:4])
"""


@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="needs numba-cuda")
def test_two_processes_compile_at_once(tmp_path: Path) -> None:
    environment = {**os.environ, "FASTDIV_CUDA_CACHE": str(tmp_path), "FASTDIV_CUDA": ""}
    command = [sys.executable, "-c", PROGRAM]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    first, second = (process.communicate(timeout=120)[0].split() for process in processes)
    assert first == second
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size == int(first[0])
