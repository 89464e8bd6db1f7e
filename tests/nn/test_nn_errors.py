"""What is refused, and how it is named."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from fastdiv import nn
from nn_cases import ESTIMATORS, data, small

TINY = np.finfo(np.float64).tiny


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("hidden_layer_sizes", (3, 0), ValueError),
        ("hidden_layer_sizes", "3", TypeError),
        ("hidden_layer_sizes", (3.5,), TypeError),
        ("hidden_layer_sizes", np.array([3.0]), TypeError),
        ("hidden_layer_sizes", np.array([[3]]), TypeError),
        ("n_components", 0, ValueError),
        ("n_components", 2.0, TypeError),
        ("activation", "swish", ValueError),
        ("likelihood", "poisson", ValueError),
        ("scale", 0.0, ValueError),
        ("learning_rate", -1.0, ValueError),
        ("learning_rate", float("nan"), ValueError),
        ("batch_size", 0, ValueError),
        ("max_epochs", 0, ValueError),
        ("dtype", "float16", TypeError),
        ("random_state", -1, ValueError),
        ("random_state", "seed", ValueError),
        ("corruption", "blur", ValueError),
        ("corruption_level", 1.0, ValueError),
        ("corruption_level", -0.1, ValueError),
        ("sparsity", 0.0, ValueError),
        ("sparsity_weight", -1.0, ValueError),
        ("beta", -0.1, ValueError),
        ("warm_up_steps", -1, ValueError),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_wrong_hyper_parameters(method: str, name: str, value: Any, error: type) -> None:
    for kind in ESTIMATORS:
        if name in kind().get_params():
            model = small(kind, **{name: value})
            word = "RandomState" if value == "seed" else name
            with pytest.raises(error, match=word):
                getattr(model, method)(data("gaussian"))


def test_excluded_ends_are_named() -> None:
    X = data("gaussian")
    with pytest.raises(
        ValueError, match=r"sparsity must lie in \(0, 1\), both ends excluded, got 0"
    ):
        small(nn.SparseAutoencoder, sparsity=0).fit(X)
    message = r"corruption_level must lie in \[0, 1\), 1 excluded, got 1\.0"
    with pytest.raises(ValueError, match=message):
        small(nn.DenoisingAutoencoder, corruption_level=1.0).fit(X)
    plain = small(nn.Autoencoder).fit(X).transform(X)
    for corruption in ("mask", "gaussian", "salt_and_pepper"):  # no noise at all
        model = small(nn.DenoisingAutoencoder, corruption=corruption, corruption_level=0).fit(X)
        assert np.array_equal(model.transform(X), plain)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "score", "elbo", "log_likelihood"])
@pytest.mark.parametrize("value", [-TINY, 1.0000001, 255.0])
def test_values_outside_the_range(method: str, value: float) -> None:
    X = data("bernoulli")
    model = small(nn.VariationalAutoencoder, likelihood="bernoulli", dtype="float64")
    if "fit" not in method:
        model.fit(X)
    X[17, 3] = value
    with pytest.raises(ValueError, match=rf"X has the value {value:.6g}.*\[0, 1\]"):
        getattr(model, method)(X)


@pytest.mark.parametrize("method", ["fit", "transform", "score"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(method: str, value: float) -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder).fit(X)
    X[17, 3] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        getattr(model, method)(X)


@pytest.mark.parametrize(
    "method",
    ["partial_fit", "transform", "reconstruct", "score", "elbo", "log_likelihood", "posterior"],
)
def test_wrong_number_of_features(method: str) -> None:
    model = small(nn.VariationalAutoencoder).fit(data("gaussian"))
    with pytest.raises(ValueError, match=r"6 features.*expecting 7 features"):
        getattr(model, method)(data("gaussian")[:, :6])


class Loader:
    """Batches, as PyTorch's DataLoader."""

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Any]:
        return iter([data("gaussian"), data("gaussian")])


@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform"])
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda X: (piece for piece in (X, X)), "generator"),
        (lambda X: iter([X, X]), "list_iterator"),
        (lambda X: [X[:30], X[30:]], "list of arrays"),
        (lambda X: (X, X), "tuple of arrays"),
        (lambda X: {"X": X}, "dict"),
        (lambda _: Loader(), "Loader"),
    ],
)
def test_data_in_pieces(make: Any, kind: str, method: str) -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder).fit(X)
    message = (
        rf"X is a {kind}: expected one array .*for piece in pieces: model\.partial_fit\(piece\)"
    )
    with pytest.raises(TypeError, match=message):
        getattr(model, method)(make(X))


def test_wrong_codes_and_counts() -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder).fit(X)
    with pytest.raises(ValueError, match="X has 2 columns: expected 3 components"):
        model.inverse_transform(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((4, 3), np.nan))
    for count in (0, -3):
        with pytest.raises(ValueError, match="n_samples must lie between 1"):
            model.sample(count)
        with pytest.raises(ValueError, match="n_importance must lie between 1"):
            model.log_likelihood(X, count)
    with pytest.raises(TypeError, match="n_samples must be an int"):
        model.elbo(X, 2.5)
    with pytest.raises(TypeError, match=r"seed must be an int, got 1\.5"):
        model.sample(1, seed=1.5)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_unfitted(kind: Any, tmp_path: Any) -> None:
    model = small(kind)
    calls = ["transform", "inverse_transform", "reconstruct", "score"]
    if kind is nn.VariationalAutoencoder:
        calls += ["elbo", "log_likelihood", "posterior"]
        with pytest.raises(NotFittedError):
            model.sample(3)
    for name in calls:
        with pytest.raises(NotFittedError):
            getattr(model, name)(data("gaussian"))
    with pytest.raises(NotFittedError):
        model.save(tmp_path / "model")


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_loss_that_is_no_number(kind: Any) -> None:
    X = 1e25 * data("gaussian")  # its squares are beyond float32
    before = small(kind)
    advice = (
        r"at step 1 \(epoch 1\): scale the data .*0 to 255.*scale above 1.*the model is not fitted"
    )
    for train in (before.fit, before.partial_fit):
        with pytest.raises(FloatingPointError, match=advice):
            train(X)
        with pytest.raises(NotFittedError):
            before.transform(X)
    small(kind, dtype="float64").fit(1e-25 * X)


def test_loss_that_diverges_names_its_step() -> None:
    model = small(nn.VariationalAutoencoder, learning_rate=30.0, max_epochs=400)
    with pytest.raises(
        FloatingPointError, match=r"at step \d+ \(epoch \d+\): try a learning_rate below 30, data"
    ):
        model.fit(data("gaussian"))


def test_divergence_keeps_what_was_learned_in_whole_passes() -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder).fit(X)
    expected = model.transform(X)
    with pytest.raises(FloatingPointError, match="left as before that step, likely spoilt"):
        model.partial_fit(1e25 * X)
    assert np.array_equal(model.transform(X), expected)
    assert len(model.partial_fit(X).history_["loss"]) == 5


@pytest.mark.parametrize("size", [1e15, 1e19, 1e25, 3e38])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_huge_rows_are_minus_infinity(kind: Any, size: float) -> None:
    """Warnings are errors here."""
    X, far = data("gaussian"), data("gaussian")
    far[5] = size * np.sign(far[5])
    model = small(kind).fit(X)
    assert model.score(far) < -1e27
    model.reconstruct(far)
    if kind is not nn.VariationalAutoencoder:
        return
    others = np.arange(40) != 5
    for method in (model.elbo, model.log_likelihood):
        values = method(far)
        assert values[5] == -np.inf
        assert np.array_equal(values[others], method(X)[others])
    assert model.posterior(far)[1].shape == (40, 3)


def test_values_too_large_for_the_type() -> None:
    for X in (1e300 * data("gaussian"), (1e300 * data("gaussian")).tolist()):
        with pytest.raises(ValueError, match="value too large for dtype"):
            small(nn.Autoencoder).fit(X)


def spoilt_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step make the parameters infinite, as a finite loss of great slope does."""

    def update(model: Any) -> None:
        if model._position.step == step:
            model._network.vectors[0, 5] = np.inf

    monkeypatch.setattr(nn.Autoencoder, "_update", update)


@pytest.mark.parametrize("step", [1, 7, 12])  # of 12
def test_parameters_that_are_not_finite(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt_at(step, monkeypatch)
    model = small(nn.Autoencoder)
    with pytest.raises(FloatingPointError, match=r"at step \d+ .*the model is not fitted"):
        model.fit(data("gaussian"))
    assert len(model.history_["loss"]) == (step - 1) // 3
    with pytest.raises(NotFittedError):
        model.reconstruct(data("gaussian"))


@pytest.mark.parametrize("checkpoint_steps", [None, 1])
def test_divergence_leaves_the_checkpoint(
    checkpoint_steps: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("safetensors")
    spoilt_at(6, monkeypatch)
    options = {"checkpoint": tmp_path / "model", "checkpoint_steps": checkpoint_steps}
    with pytest.raises(FloatingPointError):
        small(nn.Autoencoder).fit(data("gaussian"), **options)
    kept = nn.Autoencoder.load(tmp_path / "model")
    assert kept._position.step == (5 if checkpoint_steps else 3)
    assert np.isfinite(kept.transform(data("gaussian"))).all()


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in ("Autoencoder", "VariationalAutoencoder"):
        monkeypatch.delitem(vars(nn), name, raising=False)
        with pytest.raises(ImportError, match=r"pip install 'fastdiv\[nn\]'"):
            getattr(nn, name)
    assert "Autoencoder" in dir(nn)
    with pytest.raises(AttributeError, match="no attribute 'Transformer'"):
        _ = nn.Transformer
