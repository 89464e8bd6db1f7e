"""Tensors on other devices: what can be missing there, by stand-ins."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import fake_cupy
from fastdiv import _array

torch = pytest.importorskip("torch", reason="needs PyTorch")

from fastdiv.torch import _device  # noqa: E402


@pytest.fixture(autouse=True)
def _not_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_array, "SIMULATED", False)
    _device._require_cuda.cache_clear()


def somewhere(device: str) -> Any:
    return SimpleNamespace(device=torch.device(device))


def test_cupy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ImportError, match=r"x is in GPU memory .* CuPy, .*'fastdiv\[cuda\]'"):
        _device.check_device("x", somewhere("cuda:0"))
    assert not _device.has_kernels(somewhere("cuda:0"))


def test_a_gpu_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_array, "_cuda", lambda what: fake_cupy.Backend(fake_cupy.module(1)))
    assert _device.has_kernels(somewhere("cuda:1"))


def test_several_devices() -> None:
    tensors = {"x": somewhere("cuda:0"), "y": somewhere("cuda:1")}
    expected = r"y is on device cuda:1: expected cuda:0, where x is; move it with .to\('cuda:0'\)"
    with pytest.raises(ValueError, match=expected):
        _device.check_same_device(tensors)


def test_an_unknown_device() -> None:
    with pytest.raises(TypeError, match=r"x is on device xpu.*the CPU and on CUDA.*move it"):
        _device.check_device("x", somewhere("xpu:0"))
