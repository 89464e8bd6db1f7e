"""Checkpoints: the same bits after any interruption; files that are damaged or another's."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv import nn
from fastdiv.nn import _checkpoint_file
from nn_cases import ESTIMATORS, data, small

safetensors = pytest.importorskip("safetensors.numpy")


def bits(model: Any) -> tuple[bytes, ...]:
    """All that training changes, without the gradient, which the next step computes anew."""
    vectors = model._network.vectors[[0, 2, 3]].tobytes()
    return vectors, repr(model._position).encode(), json.dumps(model.history_).encode()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_saved_and_loaded(kind: Any, dtype: type, tmp_path: Path) -> None:
    X, path = data("bernoulli"), tmp_path / "model.safetensors"
    model = small(
        kind,
        likelihood="bernoulli",
        dtype=dtype,
        hidden_layer_sizes=[6, np.int64(5)],
        learning_rate=np.float64(1e-3),
    ).fit(X)
    model.save(path)
    loaded = kind.load(path)
    assert bits(loaded) == bits(model)
    assert loaded.n_features_in_ == 7
    assert np.array_equal(loaded.transform(X), model.transform(X))
    assert loaded.score(X) == model.score(X)
    for each in (model, loaded):
        each.partial_fit(X[:30]).partial_fit(X[30:])
    assert bits(loaded) == bits(model)
    model.save(path)
    assert bits(kind.load(path)) == bits(model)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("sizes", "loaded"), [((6, 5), (6, 5)), (np.array([6, 5]), (6, 5)), (6, 6), ((), ())]
)
def test_hidden_layers_are_a_tuple_again(sizes: Any, loaded: Any, tmp_path: Path) -> None:
    X = data("gaussian")
    small(nn.Autoencoder, hidden_layer_sizes=sizes).fit(X, checkpoint=tmp_path / "model")
    found = nn.Autoencoder.load(tmp_path / "model").hidden_layer_sizes
    assert (type(found), found) == (type(loaded), loaded)
    small(nn.Autoencoder, hidden_layer_sizes=loaded).fit(X, checkpoint=tmp_path / "model")


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_class_is_found_in_the_file(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "model"
    model = small(kind).fit(data("gaussian"), checkpoint=path)
    for name in (path, str(path)):
        loaded = nn.load(name)
        assert type(loaded) is kind
        assert bits(loaded) == bits(model)


class Mine(nn.Autoencoder):
    """A class that fastdiv does not know."""


def test_class_that_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "model"
    small(Mine).fit(data("gaussian")).save(path)
    with pytest.raises(
        ValueError, match=r"class Mine, which is not in fastdiv\.nn: use Mine\.load"
    ):
        nn.load(path)
    assert type(Mine.load(path)) is Mine
    safetensors.save_file({"weight": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="is another program's file"):
        nn.load(path)
    with pytest.raises(IsADirectoryError):
        nn.load(tmp_path)


def test_others_can_read_the_tensors(tmp_path: Path) -> None:
    model = small(nn.VariationalAutoencoder).fit(data("gaussian"))
    model.save(tmp_path / "model")
    tensors = safetensors.load_file(tmp_path / "model")
    assert tensors["encoder.0.weight"].shape == (7, 6)
    assert tensors["encoder.2.bias"].shape == (6,)
    assert tensors["decoder.2.weight"].shape == (6, 7)


class Stop(Exception):
    """What ends a training from outside."""


@pytest.mark.parametrize("checkpoint_steps", [None, 1, 2, 5])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_resumed_run_has_the_same_bits(
    kind: Any, checkpoint_steps: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastdiv.nn import _training

    X, path = data("bernoulli"), tmp_path / "model"
    expected = small(kind, likelihood="bernoulli").fit(X)
    step, count = _training._step, [0]

    def failing(model: Any, workspace: Any) -> None:
        count[0] += 1
        if count[0] % 5 == 0:
            raise Stop
        step(model, workspace)

    monkeypatch.setattr(_training, "_step", failing)
    for _ in range(20):
        model = small(kind, likelihood="bernoulli")
        try:
            model.fit(X, checkpoint=path, checkpoint_steps=checkpoint_steps)
        except Stop:
            continue
        break
    assert bits(model) == bits(expected)
    assert bits(kind.load(path)) == bits(expected)
    finished = small(kind, likelihood="bernoulli")  # nothing is left to do
    monkeypatch.setattr(_training, "_step", None)
    assert bits(finished.fit(X, checkpoint=path)) == bits(expected)


def test_more_epochs_go_on_from_the_end(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    small(nn.VariationalAutoencoder, max_epochs=3).fit(X, checkpoint=path)
    longer = small(nn.VariationalAutoencoder, max_epochs=7).fit(X, checkpoint=path)
    assert bits(longer) == bits(small(nn.VariationalAutoencoder, max_epochs=7).fit(X))


def test_seed_that_was_drawn_is_kept(tmp_path: Path) -> None:
    X, path = data("gaussian"), tmp_path / "model"
    first = small(nn.Autoencoder, random_state=None, max_epochs=2).fit(X, checkpoint=path)
    second = small(nn.Autoencoder, random_state=None, max_epochs=4).fit(X, checkpoint=path)
    assert second._position.seed == first._position.seed
    assert second.history_["loss"][:2] == first.history_["loss"]


CHILD = """
import sys
sys.path.insert(0, {tests!r})
from nn_cases import data, small
from fastdiv import nn

def told(model):
    print("epoch", flush=True)

X = data("bernoulli", 300, 30)
model = small(nn.VariationalAutoencoder, likelihood="bernoulli", max_epochs=25)
model.fit(X, checkpoint={path!r}, checkpoint_steps=3, callback=told)
print("done", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_killed_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    code = CHILD.format(tests=str(Path(__file__).parents[1]), path=str(path))
    chance, kills = random.Random(4), 0
    while True:
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            line = child.stdout.readline()
            for _ in range(chance.randrange(4)):
                line = child.stdout.readline() or line
            if "done" in line or kills == 6:
                rest = child.stdout.read()
                assert child.wait() == 0
                assert "done" in line + rest
                break
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
        if path.exists():
            nn.VariationalAutoencoder.load(path)  # never half a file
    X = data("bernoulli", 300, 30)
    expected = small(nn.VariationalAutoencoder, likelihood="bernoulli", max_epochs=25).fit(X)
    assert kills >= 3
    assert bits(nn.VariationalAutoencoder.load(path)) == bits(expected)
    left = {each.name for each in tmp_path.iterdir()}
    assert left <= {path.name, f".{path.name}.part"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    small(nn.VariationalAutoencoder).fit(data("gaussian"), checkpoint=path)
    return path


def test_failed_write_keeps_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()
    model = nn.VariationalAutoencoder.load(saved)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [each.name for each in saved.parent.iterdir()] == ["model"]


def test_damaged_files(saved: Path) -> None:
    content = saved.read_bytes()
    places = [0, 3, 7, 9, 40, 200, 800, 1500, len(content) // 2, len(content) - 1]
    for place in places:
        broken = bytearray(content)
        broken[place] ^= 0x41
        saved.write_bytes(broken)
        with pytest.raises(ValueError, match=str(saved)):
            nn.VariationalAutoencoder.load(saved)
        with pytest.raises(ValueError, match=str(saved)):
            small(nn.VariationalAutoencoder).fit(data("gaussian"), checkpoint=saved)
    for length in (0, 5, 8, 100, len(content) - 1):
        saved.write_bytes(content[:length])
        with pytest.raises(ValueError, match=str(saved)):
            nn.VariationalAutoencoder.load(saved)
    saved.write_bytes(content + b"\0")
    with pytest.raises(ValueError, match=str(saved)):
        nn.VariationalAutoencoder.load(saved)


def test_foreign_files(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="class VariationalAutoencoder: expected Autoencoder"):
        nn.Autoencoder.load(saved)
    other = tmp_path / "other"
    safetensors.save_file({"weight": np.zeros(3)}, other)
    with pytest.raises(ValueError, match="is another program's file"):
        nn.Autoencoder.load(other)
    safetensors.save_file({"weight": np.zeros(3)}, other, {"format": "pt"})
    with pytest.raises(ValueError, match="is another program's file"):
        nn.Autoencoder.load(other)
    safetensors.save_file({"weight": np.zeros(3)}, other, {"format": "fastdiv.nn", "version": "2"})
    with pytest.raises(ValueError, match="has version '2' of the format: expected '1'"):
        nn.Autoencoder.load(other)
    other.write_bytes(b"\x80\x04pickle")
    with pytest.raises(ValueError, match="is not a checkpoint, or is damaged"):
        nn.Autoencoder.load(other)
    with pytest.raises(FileNotFoundError):
        nn.Autoencoder.load(tmp_path / "none")
    with pytest.raises(IsADirectoryError, match="is a folder, expected a file"):
        nn.Autoencoder.load(tmp_path)


def test_descriptions_that_do_not_fit(saved: Path) -> None:
    description, tensors = _checkpoint_file.read(saved)
    parameters = {**description["parameters"], "depth": 3}
    _checkpoint_file.write(saved, {**description, "parameters": parameters}, tensors)
    with pytest.raises(ValueError, match="has the parameter 'depth'"):
        nn.VariationalAutoencoder.load(saved)
    wrong = {**tensors, "encoder.0.weight": np.zeros((3, 3), np.float32)}
    _checkpoint_file.write(saved, description, wrong)
    with pytest.raises(ValueError, match=r"float32 of shape \(3, 3\) for encoder.0.weight"):
        nn.VariationalAutoencoder.load(saved)
    del wrong["encoder.0.weight"]
    _checkpoint_file.write(saved, description, wrong)
    with pytest.raises(ValueError, match=r"no such tensor for encoder.0.weight"):
        nn.VariationalAutoencoder.load(saved)
    _checkpoint_file.write(saved, {"estimator": "VariationalAutoencoder"}, tensors)
    with pytest.raises(ValueError, match="lacks 'parameters'"):
        nn.VariationalAutoencoder.load(saved)


def test_checkpoint_of_another_training(saved: Path) -> None:
    X = data("gaussian")
    with pytest.raises(ValueError, match=r"training with beta=1.0: expected 2.0, as here"):
        small(nn.VariationalAutoencoder, beta=2.0).fit(X, checkpoint=saved)
    with pytest.raises(ValueError, match="training with random_state=3: expected 4"):
        small(nn.VariationalAutoencoder, random_state=4).fit(X, checkpoint=saved)
    with pytest.raises(ValueError, match=r"data of shape \(40, 7\): expected \(39, 7\), as X"):
        small(nn.VariationalAutoencoder).fit(X[1:], checkpoint=saved)
    with pytest.raises(ValueError, match="checkpoint_steps must lie between 1"):
        small(nn.VariationalAutoencoder).fit(X, checkpoint=saved, checkpoint_steps=0)


def test_parameters_that_cannot_be_saved(tmp_path: Path) -> None:
    model = small(nn.Autoencoder, random_state=np.random.RandomState(3)).fit(data("gaussian"))
    model.save(tmp_path / "model")
    assert nn.Autoencoder.load(tmp_path / "model").random_state is None
    model.verbose = object()
    with pytest.raises(TypeError, match="verbose cannot be saved"):
        model.save(tmp_path / "model")
