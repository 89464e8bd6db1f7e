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
