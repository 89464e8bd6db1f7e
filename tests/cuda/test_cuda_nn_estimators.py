"""Autoencoders with device="cuda" on the simulated GPU learn what they learn on the CPU."""

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastdiv._cuda", reason="needs Numba")
pytest.importorskip("sklearn", reason="needs scikit-learn")

import device_arrays
import fastdiv._cuda
from fastdiv import _array, _native, nn
from fastdiv.nn import _device
from nn_cases import ACTIVATIONS, ESTIMATORS, data, small

Array = Any


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays that are as strict as CuPy's, and the simulated kernels for them."""
    places = {np.ndarray: _native, device_arrays.DeviceArray: fastdiv._cuda}
    monkeypatch.setattr(_array, "SIMULATED", False)
    monkeypatch.setattr(_array, "_BACKENDS", places)
    monkeypatch.setattr(_array, "_cuda", lambda what: fastdiv._cuda)
    monkeypatch.setattr(fastdiv._cuda, "namespace", lambda: device_arrays.namespace)
    monkeypatch.setattr(_device, "Cuda", _device.Simulated)


def both(kind: Any, X: Array, **options: Any) -> tuple[Any, Any]:
    """Models fitted on the CPU and on the GPU."""
    cpu, cuda = (small(kind, device=device, **options).fit(X) for device in ("cpu", "cuda"))
    assert type(cuda._network.vectors) is device_arrays.DeviceArray
    return cpu, cuda


def learned(model: Any) -> bytes:
    """Bits of parameters and moments."""
    vectors = np.asarray(model._network.vectors).view(np.ndarray)
    return vectors[[0, 2, 3]].tobytes()


def require_close(ours: Any, cpu: Any, rtol: float) -> None:
    assert type(ours) is type(cpu)
    scale = np.abs(cpu).max()
    np.testing.assert_allclose(ours, cpu, rtol=0, atol=rtol * scale)


@pytest.mark.usefixtures("gpu")
def test_a_variational_autoencoder_of_images(dtype: type) -> None:
    X = data("bernoulli", 64, 64).reshape(64, 8, 8).reshape(64, -1).astype(dtype)
    options = {"likelihood": "bernoulli", "dtype": dtype, "batch_size": 32, "max_epochs": 2}
    cpu, cuda = both(nn.VariationalAutoencoder, X, **options)
    rtol = 40 * np.finfo(dtype).eps
    assert list(cuda.history_) == ["loss", "reconstruction", "kl"]
    for name, losses in cpu.history_.items():
        np.testing.assert_allclose(cuda.history_[name], losses, rtol=rtol)
        assert {type(loss) for loss in cuda.history_[name]} == {float}
    require_close(cuda.transform(X), cpu.transform(X), 10 * rtol)
    require_close(cuda.sample(3), cpu.sample(3), 10 * rtol)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.usefixtures("gpu")
def test_results_are_the_cpus(kind: Any, likelihood: str) -> None:
    X = data(likelihood)
    cpu, cuda = both(kind, X, likelihood=likelihood, dtype="float64", activation="gelu")
    for name, losses in cpu.history_.items():
        np.testing.assert_allclose(cuda.history_[name], losses, rtol=1e-12)
    for method in ("transform", "reconstruct", "score"):
        require_close(getattr(cuda, method)(X), getattr(cpu, method)(X), 1e-10)
    if kind is nn.VariationalAutoencoder:
        for ours, theirs in zip(cuda.posterior(X), cpu.posterior(X), strict=True):
            require_close(ours, theirs, 1e-10)
        require_close(cuda.elbo(X, 2), cpu.elbo(X, 2), 1e-10)
        require_close(cuda.log_likelihood(X, 3), cpu.log_likelihood(X, 3), 1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.usefixtures("gpu")
def test_every_activation(activation: str) -> None:
    X = data("gaussian")
    cpu, cuda = both(nn.Autoencoder, X, activation=activation, dtype="float64", max_epochs=2)
    np.testing.assert_allclose(cuda.history_["loss"], cpu.history_["loss"], rtol=1e-12)


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.usefixtures("gpu")
def test_data_larger_than_memory(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    X = data("bernoulli", 50)
    whole = small(kind, device="cuda").fit(X)
    monkeypatch.setattr(_device.Simulated, "free_bytes", lambda self: 0)
    piecewise = small(kind, device="cuda").fit(X)
    assert learned(piecewise) == learned(whole)
    assert piecewise.history_ == whole.history_


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.usefixtures("gpu")
def test_a_step_waits_for_nothing_and_allocates_nothing(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, fetched = _device.Simulated.fetch, []

    def counted(self: Any, array: Array) -> Array:
        fetched.append(array.shape)
        return fetch(self, array)

    monkeypatch.setattr(_device.Simulated, "fetch", counted)
    found = []

    def count(model: Any) -> None:
        made = sum(device_arrays.calls[name] for name in ("empty", "zeros", "empty_like"))
        found.append((len(fetched), made, model._position.step))

    small(kind, device="cuda").fit(data("bernoulli", 100), callback=count)
    fetches, made, steps = np.diff(found, axis=0).T
    assert set(steps) == {7}
    assert set(fetches) == {1}
    assert set(made) == {0}


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.usefixtures("gpu")
def test_files_are_those_of_any_device(kind: Any, tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    model = small(kind, device="cuda").fit(X)
    model.save(path)
    for device, loaded in (("cpu", nn.load(path)), ("cuda", kind.load(path, device="cuda"))):
        assert loaded.device == loaded._network.device.name == device
        assert learned(loaded) == learned(model)
        assert loaded.history_ == model.history_
        loaded.save(tmp_path / device)
        assert learned(nn.load(tmp_path / device)) == learned(model)
        require_close(loaded.transform(X), model.transform(X), 1e-5)
        loaded.partial_fit(X)
    with pytest.raises(ValueError, match="device must be one of cpu, cuda, got 'gpu'"):
        nn.load(path, device="gpu")


@pytest.mark.usefixtures("gpu")
def test_training_is_resumed_amid_a_pass(tmp_path: Path) -> None:
    X, path = data("bernoulli", 50), tmp_path / "training"
    options: Any = {"likelihood": "bernoulli", "device": "cuda", "max_epochs": 3}
    whole = small(nn.VariationalAutoencoder, **options).fit(X)

    class Stop(Exception):
        pass

    model, steps = small(nn.VariationalAutoencoder, **options), [0]
    save = type(model).save

    def stopping(path: Any) -> None:
        save(model, path)
        steps[0] += 1
        if steps[0] == 4:  # the passes have 4 steps
            raise Stop

    model.save = stopping
    with pytest.raises(Stop):
        model.fit(X, checkpoint=path, checkpoint_steps=2)
    assert 0 < nn.load(path)._position.row < len(X)
    resumed = small(nn.VariationalAutoencoder, **options).fit(X, checkpoint=path)
    assert learned(resumed) == learned(whole)
    for name, losses in whole.history_.items():
        np.testing.assert_allclose(resumed.history_[name], losses, rtol=1e-14)


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.usefixtures("gpu")
def test_copies(kind: Any) -> None:
    X = data("gaussian")
    model = small(kind, device="cuda").fit(X)
    copy = pickle.loads(pickle.dumps(model))
    assert learned(copy) == learned(model)
    assert copy._network.device.name == "cuda"
    np.testing.assert_array_equal(
        copy.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


@pytest.mark.usefixtures("gpu")
def test_divergence_is_told_at_the_end_of_the_pass() -> None:
    model = small(nn.Autoencoder, device="cuda", learning_rate=1e30)
    with pytest.raises(FloatingPointError, match=r"the loss is (inf|nan) at step 3 .*not fitted"):
        model.fit(data("gaussian"))
    assert not model.__sklearn_is_fitted__()


def test_the_device_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    X = data("gaussian")
    with pytest.raises(ValueError, match="device must be one of cpu, cuda, got 'tpu'"):
        small(nn.Autoencoder, device="tpu").fit(X)
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(_array, "SIMULATED", False)
    expected = r"device='cuda': fastdiv computes there with CuPy, .* pip install 'fastdiv\[cuda\]'"
    with pytest.raises(ImportError, match=expected):
        small(nn.Autoencoder, device="cuda").fit(X)


@pytest.mark.usefixtures("gpu")
def test_the_device_is_the_models() -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder, device="cuda").fit(X).set_params(device="cpu")
    assert type(model.transform(X)) is np.ndarray
    with pytest.raises(ValueError, match="the estimator has device='cpu': expected 'cuda', as"):
        model.partial_fit(X)
    assert type(model.fit(X)._network.vectors) is np.ndarray
