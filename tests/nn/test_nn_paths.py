"""Where checkpoints go: found out before there is work to lose."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from fastdiv import nn
from fastdiv.nn import _checkpoint_file, _training
from nn_cases import data, small

pytest.importorskip("safetensors.numpy")


def both(path: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """`fit`, which must not come to a step, and `save` of a fitted model."""
    model = small(nn.Autoencoder).fit(data("gaussian"))
    monkeypatch.setattr(_training, "_step", None)
    return [
        lambda: small(nn.Autoencoder).fit(data("gaussian"), checkpoint=path),
        lambda: model.save(path),
    ]


def test_paths_that_cannot_be_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    cases: list[tuple[Any, type, str]] = [
        ("", ValueError, "is empty: expected the path of a file"),
        (5, TypeError, "must be the path of a file, got 5"),
        (b"model", TypeError, "must be the path of a file, got b'model'"),
        (tmp_path, IsADirectoryError, "is a folder, expected a file: '{path}'"),
        (f"{tmp_path}/new/", IsADirectoryError, "is a folder, expected a file: '{path}'"),
        (tmp_path / "no" / "model", FileNotFoundError, r"the folder .*no does not exist: '{path}'"),
        (tmp_path / "file" / "model", NotADirectoryError, "Not a directory: '{path}'"),
        (tmp_path / ("x" * 300), OSError, "File name too long: '{path}'"),
    ]
    for path, error, message in cases:
        for use in both(path, monkeypatch):
            with pytest.raises(error, match=message.format(path=path)):
                use()
        monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    with pytest.raises(ValueError, match="path is empty"):
        nn.Autoencoder.load("")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = data("gaussian")
    small(nn.Autoencoder).fit(X, checkpoint=tmp_path / "old")
    tmp_path.chmod(0o500)
    try:
        for use in both(tmp_path / "model", monkeypatch):
            with pytest.raises(PermissionError, match=f"'{tmp_path}/model'"):
                use()
        small(nn.Autoencoder).fit(X, checkpoint=tmp_path / "old")  # at its end: only read
        with pytest.raises(PermissionError, match=f"'{tmp_path}/old'"):
            small(nn.Autoencoder, max_epochs=9).fit(X, checkpoint=tmp_path / "old")
    finally:
        tmp_path.chmod(0o700)


def test_errors_of_the_system_name_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", ".model.part")

    monkeypatch.setattr(Path, "open", refused)
    for use in both(tmp_path / "model", monkeypatch):
        with pytest.raises(PermissionError, match=f"Permission denied: '{tmp_path}/model'"):
            use()


def test_refusal_leaves_a_fitted_model_alone(tmp_path: Path) -> None:
    model = small(nn.Autoencoder).fit(data("gaussian"))
    before = model._network
    with pytest.raises(FileNotFoundError):
        model.fit(data("gaussian"), checkpoint=tmp_path / "no" / "model")
    assert model._network is before


def test_without_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for use in both(tmp_path / "model", monkeypatch):
        with pytest.raises(ImportError, match="checkpoints need safetensors"):
            use()


def test_options_of_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, model = data("gaussian"), small(nn.Autoencoder)
    monkeypatch.setattr(_training, "_step", None)
    with pytest.raises(TypeError, match="callback must be a function of the estimator, got 5"):
        model.fit(X, callback=5)
    with pytest.raises(ValueError, match="checkpoint_steps=3 without a file: expected checkpoint"):
        model.fit(X, checkpoint_steps=3)
    assert _checkpoint_file.path_of("path", str(tmp_path / "model")) == tmp_path / "model"
