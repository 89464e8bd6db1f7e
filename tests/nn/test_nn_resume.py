"""What a checkpoint is refused for, and what is done before the first step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv import nn
from fastdiv.nn import _fingerprint
from nn_cases import data, small

pytest.importorskip("safetensors.numpy")
ADVICE = "remove the file to begin anew, or name another"


def mapped(X: Any, path: Path) -> Any:
    file = np.memmap(path, X.dtype, "w+", shape=X.shape)
    file[...] = X
    file.flush()
    return np.memmap(path, X.dtype, "r", shape=X.shape)


def test_other_data_of_the_same_shape(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    trained = small(nn.Autoencoder).fit(X, checkpoint=path)
    for row, column in ((0, 0), (17, 3), (39, 6)):
        other = X.copy()
        other[row, column] += 1e-3
        for same_shape in (other, X[::-1], mapped(other, tmp_path / "X")):
            with pytest.raises(ValueError, match=f"on other data of this shape.*; {ADVICE}"):
                small(nn.Autoencoder, max_epochs=6).fit(same_shape, checkpoint=path)
    again = small(nn.Autoencoder).fit(X, checkpoint=path)
    assert np.array_equal(again.transform(X), trained.transform(X))


def test_saved_models_know_their_data(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    small(nn.Autoencoder).fit(X).save(path)
    small(nn.Autoencoder, max_epochs=5).fit(X, checkpoint=path)
    with pytest.raises(ValueError, match="on other data"):
        small(nn.Autoencoder).fit(-X, checkpoint=path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_values_are_the_same_data(dtype: str, tmp_path: Path) -> None:
    X, path = np.round(10 * data("bernoulli", 600)), tmp_path / "model"
    small(nn.Autoencoder, dtype=dtype, max_epochs=1).fit(X, checkpoint=path)
    forms = (
        X.tolist(),
        np.asfortranarray(X),
        X.astype(">f4"),
        mapped(X.astype("u1"), tmp_path / "X"),
    )
    for form in forms:
        small(nn.Autoencoder, dtype=dtype, max_epochs=1).fit(form, checkpoint=path)


def test_mapped_files_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.arange(3000.0)[:, np.newaxis] + np.zeros(4)
    sizes: list[int] = []

    def hashed(parts: Any, dtype: Any) -> str:
        sizes.append(sum(len(part) for part in parts))
        return ""

    monkeypatch.setattr(_fingerprint, "_hash", hashed)
    _fingerprint.fingerprint(np.asarray(mapped(X, tmp_path / "X"))[:2000], "float32")
    assert sizes == [257]
    _fingerprint.fingerprint(X, "float32")
    assert sizes[1:] == [257, 3000]
    monkeypatch.setattr(_fingerprint, "_WHOLE", 1000)
    _fingerprint.fingerprint(X, "float32")
    assert sizes[3:] == [257]


def test_every_refusal_says_what_to_do(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    model = small(nn.Autoencoder).fit(X, checkpoint=path)
    for other, rows in (
        (small(nn.Autoencoder, random_state=4), X),
        (small(nn.Autoencoder, scale=2.0), X),
        (small(nn.Autoencoder), X[1:]),
    ):
        with pytest.raises(ValueError, match=ADVICE):
            other.fit(rows, checkpoint=path)
    for trained in (small(nn.Autoencoder).partial_fit(X), model.partial_fit(X)):
        trained.save(path)
        with pytest.raises(ValueError, match=f"by partial_fit: expected one by fit; {ADVICE}"):
            small(nn.Autoencoder, max_epochs=9).fit(X, checkpoint=path)


def test_more_passes_than_max_epochs(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    small(nn.Autoencoder, max_epochs=5).fit(X, checkpoint=path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=rf"has begun 5 passes: expected max_epochs=3.*{ADVICE}"):
        small(nn.Autoencoder, max_epochs=3).fit(X, checkpoint=path)
    assert path.read_bytes() == content

    def stopped(model: Any) -> None:
        raise KeyboardInterrupt

    path.unlink()
    with pytest.raises(KeyboardInterrupt):
        small(nn.Autoencoder).fit(X, checkpoint=path, callback=stopped)
    small(nn.Autoencoder, max_epochs=1).fit(X, checkpoint=path)


def test_pass_that_was_begun_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    model = small(nn.Autoencoder).fit(X)
    model._position.row = 16
    model.save(path)
    with pytest.raises(ValueError, match=r"has begun 5 passes: expected max_epochs=4"):
        small(nn.Autoencoder).fit(X, checkpoint=path)


def test_end_by_the_callback_is_remembered(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    calls: list[int] = []

    def third(model: Any) -> bool:
        model.history_.setdefault("validation", []).append(1.0)
        calls.append(len(model.history_["loss"]))
        return len(calls) == 3

    ended = small(nn.Autoencoder, max_epochs=9).fit(X, checkpoint=path, callback=third)
    content = path.read_bytes()
    for epochs in (9, 20):
        again = small(nn.Autoencoder, max_epochs=epochs)
        again.fit(X, checkpoint=path, callback=third)
        assert again.history_ == ended.history_
        assert np.array_equal(again.transform(X), ended.transform(X))
    assert calls == [1, 2, 3]
    assert path.read_bytes() == content
    assert len(again.partial_fit(X).history_["loss"]) == 4


def test_callback_runs_before_its_pass_is_saved(tmp_path: Path) -> None:
    """A pass is saved with what its callback said of it."""
    X, path = data("gaussian"), tmp_path / "model"
    seen: list[bool] = []
    small(nn.Autoencoder).fit(X, checkpoint=path, callback=lambda _: seen.append(path.exists()))
    assert seen == [False, True, True, True]
