"""Data of any kind and size: mapped files, pieces, types, memory; progress."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from fastdiv import nn
from fastdiv.nn import _progress, _training
from nn_cases import ESTIMATORS, data, small


@pytest.fixture
def mapped(tmp_path: Path) -> Any:
    """Return what writes an array to a file and maps it."""

    def make(X: Any, order: str = "C") -> Any:
        path = tmp_path / "X"
        file = np.memmap(path, X.dtype, "w+", shape=X.shape, order=order)  # type: ignore[call-overload]
        file[...] = X
        file.flush()
        return np.memmap(path, X.dtype, "r", shape=X.shape, order=order)  # type: ignore[call-overload]

    return make


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "u1", "?", "<i2", "<f2"])
def test_mapped_files_give_the_same_bits(mapped: Any, kind: str, order: str) -> None:
    X = (10 * data("bernoulli")).astype(kind)
    expected = small(nn.VariationalAutoencoder).fit(X.astype("f8"))
    model = small(nn.VariationalAutoencoder).fit(mapped(X, order))
    assert model._network.vectors.tobytes() == expected._network.vectors.tobytes()
    assert np.array_equal(model.transform(mapped(X, order)), expected.transform(X.astype("f8")))
    assert model.score(mapped(X, order)) == expected.score(X.astype("f8"))


def test_mapped_files_are_checked(mapped: Any) -> None:
    X = data("bernoulli", 3000).astype("f4")
    X[2900, 2] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        small(nn.Autoencoder).fit(mapped(X))
    X[2900, 2] = 1.5
    with pytest.raises(ValueError, match=r"X has the value 1.5"):
        small(nn.Autoencoder, likelihood="bernoulli").fit(mapped(X))


def test_mapped_file_larger_than_the_memory_used(mapped: Any) -> None:
    X = np.zeros((40_000, 100), np.uint8)
    X[:, ::3] = 1
    file = mapped(X)
    del X
    model = small(nn.Autoencoder, max_epochs=1, batch_size=500)
    model.partial_fit(file[:500])  # whatever is imported and made once
    tracemalloc.start()
    model.fit(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (
        peak < 5_000_000
    )  # the order of rows, a block of a million values as they are checked; 16 MB as float32


def test_strides_and_types_of_arrays() -> None:
    X = data("gaussian", 50)
    wide = np.zeros((100, 14), np.float32)
    wide[::2, ::2] = X
    expected = small(nn.Autoencoder).fit(X.astype(np.float32))._network.vectors.tobytes()
    for same in (X, X.tolist(), np.asfortranarray(X), wide[::2, ::2], X.astype(">f8")):
        assert small(nn.Autoencoder).fit(same)._network.vectors.tobytes() == expected


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_pieces_are_batches(kind: Any) -> None:
    X = data("bernoulli", 96)
    whole = small(kind, likelihood="bernoulli").partial_fit(X)
    pieces = small(kind, likelihood="bernoulli")
    for piece in (X[start : start + 32] for start in range(0, 96, 32)):
        pieces.partial_fit(piece)
    assert pieces._network.vectors.tobytes() == whole._network.vectors.tobytes()
    assert len(pieces.history_["loss"]) == 3
    assert np.mean(pieces.history_["loss"]) == pytest.approx(whole.history_["loss"][0])


def test_every_row_once_an_epoch_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    step = _training._step
    monkeypatch.setattr(
        _training, "_step", lambda model, w: (seen.append(w.rows[:, 0].copy()), step(model, w))
    )
    X = np.arange(50.0)[:, np.newaxis] / 50
    small(nn.Autoencoder, max_epochs=3).fit(X)
    assert [len(batch) for batch in seen] == 3 * [16, 16, 16, 2]
    orders = np.concatenate(seen).reshape(3, 50)
    assert np.array_equal(np.sort(orders, axis=1), np.tile(X[:, 0].astype("f4"), (3, 1)))
    assert len({order.tobytes() for order in orders}) == 3


def test_partial_fit_goes_on_after_fit_and_fit_begins_anew() -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder).fit(X)
    bits = model._network.vectors.tobytes()
    model.partial_fit(X)
    assert len(model.history_["loss"]) == 5
    assert model._network.vectors.tobytes() != bits
    assert model.fit(X)._network.vectors.tobytes() == bits
    assert len(model.history_["loss"]) == 4


def test_interrupted_fit_leaves_a_model_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    X, step, count = data("gaussian"), _training._step, [0]

    def interrupted(model: Any, workspace: Any) -> None:
        count[0] += 1
        if count[0] == 5:
            raise KeyboardInterrupt
        step(model, workspace)

    monkeypatch.setattr(_training, "_step", interrupted)
    model = small(nn.Autoencoder)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    before = model._position.rows_seen
    model.partial_fit(X)
    assert model._position.rows_seen - before == 40
    assert model.transform(X).shape == (40, 3)


def test_history_has_its_names_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(model: Any, workspace: Any) -> None:
        raise KeyboardInterrupt

    for kind in ESTIMATORS:
        names = set(small(kind).fit(data("gaussian")).history_)
        with monkeypatch.context() as patch:
            patch.setattr(_training, "_step", interrupted)
            model = small(kind)
            with pytest.raises(KeyboardInterrupt):
                model.fit(data("gaussian"))
        assert model.history_ == {name: [] for name in names}


def test_callback_sees_every_epoch_and_may_end_it() -> None:
    seen: list[int] = []

    def callback(model: Any) -> bool:
        seen.append(len(model.history_["loss"]))
        return len(seen) == 3

    small(nn.Autoencoder).fit(data("gaussian"), callback=callback)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_steps_allocate_nothing(kind: Any, activation: str) -> None:
    X = data("bernoulli", 256, 300).astype(np.float32)
    model = kind(
        (200,), 20, activation=activation, likelihood="bernoulli", batch_size=128, random_state=0
    )
    model.partial_fit(X)
    workspace = model._training_workspace(128)
    workspace.rows[...] = X[:128]
    smallest = min(array.nbytes for array in (workspace.code, *workspace.encoder.outputs))
    tracemalloc.start()
    for _ in range(3):
        _training._step(model, workspace)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(10):
        _training._step(model, workspace)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 3000  # numbers of the position
    assert peak - before < smallest / 2  # views, not arrays
    assert smallest >= 10_000


class Terminal:
    """Standard error as a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing to do."""


@pytest.mark.parametrize("verbose", [True, False])
def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch, verbose: bool) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(_progress, "_SILENCE", 0.0)
    small(nn.Autoencoder, verbose=verbose).fit(data("gaussian"))
    assert ("12/12" in terminal.text) == verbose
    assert ("loss=" in terminal.text) == verbose


def test_no_progress_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    small(nn.Autoencoder).fit(data("gaussian"))
    assert capsys.readouterr() == ("", "")


def blas_threads() -> set[int]:
    import threadpoolctl

    pools = threadpoolctl.threadpool_info()
    return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}


def test_small_products_on_one_thread() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    X = data("gaussian")
    with threadpoolctl.threadpool_limits(2, "blas"):
        seen: list[set[int]] = []
        model = small(nn.Autoencoder).fit(X, callback=lambda _: seen.append(blas_threads()))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: clone(model).fit(X), range(12)))
            list(pool.map(lambda _: model.transform(X), range(12)))
        if max(blas_threads()) == 2:  # where BLAS can have two
            assert blas_threads() == {2}
            assert seen[0] == {1}
