"""What set_params says after a fit: refused or used, never half of each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv import nn
from nn_cases import ESTIMATORS, data, small

CHANGES = [
    ("hidden_layer_sizes", (4,)),
    ("n_components", 2),
    ("activation", "tanh"),
    ("likelihood", "gaussian"),
    ("scale", 0.5),
    ("dtype", "float64"),
    ("random_state", 4),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fitted_model_stays_what_it_was(kind: Any, name: str, value: Any) -> None:
    X = data("bernoulli")
    model, same = (small(kind, likelihood="bernoulli").fit(X) for _ in range(2))
    model.set_params(**{name: value})
    assert np.array_equal(model.reconstruct(X), same.reconstruct(X))
    assert model.score(X) == same.score(X)
    assert model.transform(X).dtype == np.float32


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_training_and_saving_refuse_another_model(name: str, value: Any, tmp_path: Path) -> None:
    X = data("bernoulli")
    model = small(nn.VariationalAutoencoder, likelihood="bernoulli").fit(X)
    own = model.get_params()[name]
    model.set_params(**{name: value})
    before = model._network.vectors.copy()
    for use in (lambda: model.partial_fit(X), lambda: model.save(tmp_path / "model")):
        with pytest.raises(ValueError, match=f"{name}=.*: expected .*as the model was fitted"):
            use()
    assert np.array_equal(model._network.vectors, before)
    model.set_params(**{name: own}).partial_fit(X).save(tmp_path / "model")
    model.set_params(**{name: value}).fit(X).save(tmp_path / "model")
    nn.VariationalAutoencoder.load(tmp_path / "model").partial_fit(X)


def test_hyper_parameters_of_training_may_change(tmp_path: Path) -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder).fit(X)
    changed = {"learning_rate": 1e-4, "batch_size": 7, "beta": 0.5, "max_epochs": 9}
    model.set_params(**changed).partial_fit(X).save(tmp_path / "model")
    loaded = nn.VariationalAutoencoder.load(tmp_path / "model")
    assert {name: loaded.get_params()[name] for name in changed} == changed
    same = [(6, 5), [6, 5], (np.int64(6), 5)]  # as they were written
    for sizes in same:
        model.set_params(hidden_layer_sizes=sizes, dtype=np.float32, scale=1).partial_fit(X)


def test_training_that_cannot_be_is_not_saved(tmp_path: Path) -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder).fit(X)
    expected = model.transform(X)
    model.set_params(batch_size=0)
    assert np.array_equal(model.transform(X), expected)
    with pytest.raises(ValueError, match="batch_size must lie between 1"):
        model.save(tmp_path / "model")


def test_callback_may_change_the_training_but_not_the_model() -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder).fit(X, callback=lambda m: m.set_params(learning_rate=1e-5) and 0)
    assert model.learning_rate == 1e-5
    with pytest.raises(ValueError, match="n_components=2: expected 3"):
        small(nn.Autoencoder).fit(X, callback=lambda m: m.set_params(n_components=2) and 0)
    with pytest.raises(ValueError, match="batch_size must lie between 1"):
        small(nn.Autoencoder).fit(X, callback=lambda m: m.set_params(batch_size=0) and 0)
