"""Arrays in GPU memory: the way to their back end, what can be missing on it, and that nothing leaves the device."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fake_cupy
import fastdiv
from fastdiv import _array
from fastdiv.nn import functional

P = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])
Q = np.array([0.25, 0.5, 0.25])


def on_gpu(array: Any, device: int = 0) -> Any:
    return fake_cupy.ndarray(np.array(array), device)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the back end be looked for again."""
    monkeypatch.setattr(_array, "_BACKENDS", {np.ndarray: _array._host()})
    monkeypatch.setattr(_array, "SIMULATED", False)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The native kernels behind the fake CuPy."""
    found = fake_cupy.Backend(fake_cupy.module())
    monkeypatch.setattr(_array, "_cuda", lambda what: found)
    return found


def install(monkeypatch: pytest.MonkeyPatch, devices: int, numba_cuda: bool = True) -> None:
    """Put a fake CuPy in place, and numba-cuda or not."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.module(devices))
    find = importlib.util.find_spec

    def find_spec(name: str) -> Any:
        return numba_cuda or None if name == "numba_cuda" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_missing_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    expected = r"p is in GPU memory \(cupy.ndarray\).* CuPy, .*pip install 'fastdiv\[cuda\]'"
    with pytest.raises(ImportError, match=expected):
        fastdiv.entropy(on_gpu(P))


def test_missing_numba_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, 1, numba_cuda=False)
    with pytest.raises(ImportError, match=r"numba-cuda, .*pip install 'fastdiv\[cuda\]'"):
        fastdiv.entropy(on_gpu(P))


def test_missing_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, -1)
    with pytest.raises(RuntimeError, match=r"no driver \(cudaErrorInsufficientDriver.*nvidia-smi"):
        fastdiv.entropy(on_gpu(P))


def test_missing_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, 0)
    with pytest.raises(RuntimeError, match="finds no GPU: see nvidia-smi and CUDA_VISIBLE_DEVICES"):
        fastdiv.entropy(on_gpu(P))


BAD_CALLS: dict[str, Callable[[], Any]] = {
    r"q is on GPU 1: expected GPU 0, where p is; copy it": lambda: fastdiv.kl_divergence(
        on_gpu(P), on_gpu(Q, 1)
    ),
    r"p in GPU memory \(cupy.ndarray\) and q in host memory \(numpy.ndarray\)": (
        lambda: fastdiv.kl_divergence(on_gpu(P), Q)
    ),
    r"p in host memory .* and q in GPU memory": lambda: fastdiv.kl_divergence(P, on_gpu(Q)),
    r"x in host memory .* and y in GPU": lambda: fastdiv.logits.kl_divergence(P, on_gpu(P)),
    r"p in host memory .* and q in GPU ": lambda: fastdiv.pairwise.js_divergence(P, on_gpu(P)),
    r"p has dtype complex128: expected": lambda: fastdiv.entropy(on_gpu(P.astype(complex))),
    r"out must be an array of cupy, .* got numpy.ndarray": lambda: fastdiv.entropy(
        on_gpu(P), out=np.empty(2)
    ),
    r"cotangent is in host memory \(numpy.ndarray\): expected a cupy array": (
        lambda: fastdiv.grad(fastdiv.entropy)(on_gpu(P), cotangent=np.ones(2))
    ),
    r"grad_out must be an array of cupy, .* got numpy.ndarray": (
        lambda: fastdiv.grad(fastdiv.entropy)(on_gpu(P), grad_out=np.empty_like(P))
    ),
    r"p is in the memory of a device that fastdiv does not know": (
        lambda: fastdiv.entropy(OnAnotherDevice(P))
    ),
    r"logits in GPU memory .* and x in host memory": (
        lambda: fastdiv.nn.functional.bernoulli_nll(on_gpu(P), P)
    ),
    r"x is on GPU 1: expected GPU 0, where logits is": (
        lambda: fastdiv.nn.functional.bernoulli_nll(on_gpu(P), on_gpu(P, 1))
    ),
    r"bias in host memory .* and x in GPU memory": (
        lambda: fastdiv.nn.functional.bias_activation(on_gpu(P), Q, "relu")
    ),
}


class OnAnotherDevice(fake_cupy.ndarray):
    def __dlpack_device__(self) -> tuple[int, int]:
        return 10, 0


@pytest.mark.parametrize("message", BAD_CALLS)
@pytest.mark.usefixtures("backend")
def test_bad_calls(message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        BAD_CALLS[message]()


def test_overlaps_are_found(backend: Any) -> None:
    p = on_gpu(P)
    with pytest.raises(ValueError, match="out overlaps p"):
        fastdiv.self_information(p, out=p)
    gradient = fastdiv.grad(fastdiv.entropy)(p, grad_out=p)  # its own memory is allowed
    assert gradient is p
    np.testing.assert_array_equal(p.host, fastdiv.grad(fastdiv.entropy)(P))


def test_values_and_gradients_stay_on_the_gpu(backend: Any) -> None:
    p, q = on_gpu(P, 1), on_gpu(Q, 1)
    compute = fastdiv.value_and_grad(fastdiv.kl_divergence, (0, 1))
    value, gradients = compute(p, q, cotangent=on_gpu([1.0, 2.0], 1), axis=1)
    expected, wanted = compute(P, Q, cotangent=np.array([1.0, 2.0]))
    np.testing.assert_array_equal(value.host, expected)
    for gradient, right in zip(gradients, wanted, strict=True):
        np.testing.assert_array_equal(gradient.host, right)
        assert gradient.device.id == 1
    assert backend.launches == [("kl_divergence", 1)]
    assert fake_cupy.Device.current == 0


def test_functions_of_training_stay_on_the_gpu(backend: Any) -> None:
    logits, x, gradient = on_gpu(3 * P, 1), on_gpu(P, 1), on_gpu(P, 1)
    value = functional.bernoulli_nll(logits, x, gradient=gradient, cotangent=0.5)
    expected = np.empty_like(P)
    np.testing.assert_array_equal(
        value.host, functional.bernoulli_nll(3 * P, P, gradient=expected, cotangent=0.5)
    )
    np.testing.assert_array_equal(gradient.host, expected)
    y = functional.bias_activation(x, [0.0, 1.0, 2.0], "tanh", out=x)
    assert y is x
    np.testing.assert_array_equal(y.host, functional.bias_activation(P, [0.0, 1.0, 2.0], "tanh"))
    functional.adam_step(logits, gradient, on_gpu(0 * P, 1), on_gpu(0 * P, 1), 1)
    assert value.device.id == 1
    launched = ["nn_bernoulli_nll", "nn_bias_activation", "nn_adam_step"]
    assert backend.launches == [(name, 1) for name in launched]
    memory = on_gpu(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="gradient overlaps logits in memory"):
        functional.bernoulli_nll(memory[:2], on_gpu(P), gradient=memory[1:])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32])
def test_layouts_and_types(backend: Any, dtype: type) -> None:
    x = (np.arange(24).reshape(2, 3, 4) % 5).astype(dtype)
    out = np.empty((1, 3, 1), np.float32 if dtype != np.int32 else np.float64)
    value = fastdiv.entropy(on_gpu(x), axis=(0, 2), keepdims=True, out=fake_cupy.ndarray(out))
    np.testing.assert_array_equal(value.host, fastdiv.entropy(x, axis=(0, 2), keepdims=True))
    for axis in (0, -1):
        compute = fastdiv.value_and_grad(fastdiv.logits.entropy)
        value, gradient = compute(on_gpu(x), axis=axis)
        expected, wanted = compute(x, axis=axis)
        np.testing.assert_array_equal(value.host, expected)
        np.testing.assert_array_equal(gradient.host, wanted)
        assert gradient.dtype == wanted.dtype


def test_lists_go_where_arrays_are(backend: Any) -> None:
    value = fastdiv.kl_divergence(on_gpu(P), Q.tolist())
    np.testing.assert_array_equal(value.host, fastdiv.kl_divergence(P, Q))


@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence", "js_distance"])
def test_pairs(backend: Any, name: str) -> None:
    function = getattr(fastdiv.pairwise, name)
    value = function(on_gpu(P), on_gpu(P[::-1]))
    np.testing.assert_allclose(value.host, function(P, P[::-1]), 1e-12, 1e-15)
    np.testing.assert_allclose(function(on_gpu(P)).host, function(P), 1e-12, 1e-15)


def test_importing_fastdiv_imports_no_gpu_library() -> None:
    program = "import sys, fastdiv; print(*(n for n in sys.modules if n in ('cupy', 'numba', 'llvmlite', 'torch')))"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_random_numbers_are_drawn_where_the_output_is(backend: Any) -> None:
    for draw in (fastdiv.random.normal, fastdiv.random.uniform):
        out = on_gpu(np.zeros((2, 3)), 1)
        assert draw(7, (2, 3), 5, 1, out=out) is out
        assert backend.launches[-1] == (f"random_{draw.__name__}", 1)
        assert out.host.tolist() == draw(7, (2, 3), 5, 1).tolist()
        made = draw(7, 4, dtype=np.float32, device="cuda")
        assert type(made) is type(out)
        assert made.host.tolist() == draw(7, 4, dtype=np.float32, device="cpu").tolist()
    with pytest.raises(ValueError, match="out is not in the memory of device 'cpu'"):
        fastdiv.random.normal(7, 3, out=on_gpu(np.zeros(3)), device="cpu")
    with pytest.raises(ValueError, match="out is not in the memory of device 'cuda'"):
        fastdiv.random.normal(7, 3, out=np.zeros(3), device="cuda")


def test_random_numbers_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, 0)
    with pytest.raises(RuntimeError, match="device is 'cuda', but CuPy finds no GPU"):
        fastdiv.random.uniform(7, 3, device="cuda")
