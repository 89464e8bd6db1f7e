"""scikit-learn's conventions, shapes, bits, hyper-parameters."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastdiv import nn
from nn_cases import ACTIVATIONS, ESTIMATORS, data, small


@parametrize_with_checks([kind(max_epochs=5) for kind in ESTIMATORS])
@pytest.mark.filterwarnings("ignore")  # scikit-learn's own, about its checks
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.filterwarnings("ignore:the posterior has collapsed")  # grey values are worth no code
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fit_lowers_the_loss(kind: Any) -> None:
    X = data("bernoulli", 200)
    model = small(kind, likelihood="bernoulli", max_epochs=60, learning_rate=0.01).fit(X)
    history = model.history_
    assert {len(values) for values in history.values()} == {60}
    assert history["loss"][-1] < history["loss"][0]
    best_constant = np.log(2) * 7
    assert -model.score(X) < best_constant
    error = np.abs(model.reconstruct(X) - X).mean()
    assert error < np.abs(X.mean(axis=0) - X).mean()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_shapes_and_types(kind: Any, dtype: type) -> None:
    X = data("bernoulli")
    model = small(kind, likelihood="bernoulli", dtype=dtype).fit(X)
    codes = model.transform(X)
    assert codes.shape == (40, 3)
    assert codes.dtype == dtype
    back = model.inverse_transform(codes)
    assert back.shape == X.shape
    assert back.dtype == dtype
    assert np.array_equal(back, model.reconstruct(X))
    assert ((back > 0) & (back < 1)).all()
    assert isinstance(model.score(X), float)
    assert model.get_feature_names_out().shape == (3,)
    assert model.n_features_in_ == 7


def test_variational_shapes(dtype: type) -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder, dtype=dtype).fit(X)
    assert model.elbo(X).shape == model.log_likelihood(X, 3).shape == (40,)
    assert model.elbo(X).dtype == model.log_likelihood(X, 3).dtype == np.float64
    assert model.sample(5).shape == (5, 7)
    assert model.sample(5).dtype == dtype
    assert np.array_equal(model.sample(5), model.sample(5))
    assert not np.array_equal(model.sample(5), model.sample(5, seed=8))
    assert np.array_equal(model.sample(5, seed=3), model.sample(5))  # the seed of training
    for seed in (-1, 2**64 - 1, 2**200 - 1):
        assert np.array_equal(model.sample(5, seed=seed), model.sample(5, seed=2**64 - 1))
    assert np.array_equal(model.sample(5, seed=np.int32(8)), model.sample(5, seed=8))
    assert [part.dtype for part in model.posterior(X)] == [dtype, dtype]


def test_importance_weighted_bound_lies_above_the_elbo() -> None:
    X = data("gaussian", 200)
    model = small(nn.VariationalAutoencoder, scale=0.5, max_epochs=100, learning_rate=0.01).fit(X)
    assert model.history_["kl"][-1] > 1
    one = model.log_likelihood(X, 1)
    many, elbo = model.log_likelihood(X, 300), model.elbo(X, 300)
    error = one.std() / np.sqrt(len(X))
    assert abs(one.mean() - elbo.mean()) < 4 * error
    assert many.mean() > elbo.mean()
    assert model.score(X) == pytest.approx(model.elbo(X).mean())


def test_same_seed_same_bits() -> None:
    X = data("bernoulli")
    for kind in ESTIMATORS:
        models = [small(kind, likelihood="bernoulli", random_state=s).fit(X) for s in (7, 7, 8)]
        bits = [model._network.vectors.tobytes() for model in models]
        assert bits[0] == bits[1] != bits[2]
        for state in (None, np.random.RandomState(5)):
            small(kind, random_state=state).fit(X)


def test_threads_do_not_change_bits() -> None:
    import threadpoolctl

    import fastdiv

    X = data("bernoulli", 300)
    found = set()
    with threadpoolctl.threadpool_limits(1):  # products have bits of their own for each number
        for threads in (1, 2, 7):
            fastdiv.set_num_threads(threads)
            model = small(nn.VariationalAutoencoder, likelihood="bernoulli").fit(X)
            found.add(model._network.vectors.tobytes())
    assert len(found) == 1


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_copies_go_on_alike(kind: Any) -> None:
    X = data("bernoulli")
    model = small(kind, likelihood="bernoulli").fit(X)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    assert len(pickle.dumps(model)) < 60_000  # no buffers
    for each in copies:
        assert np.array_equal(each.transform(X), model.transform(X))
    for each in (model, *copies):
        each.partial_fit(X)
    for each in copies:
        assert each._network.vectors.tobytes() == model._network.vectors.tobytes()
    assert not hasattr(clone(model), "history_")


def test_in_pipeline_and_grid_search() -> None:
    X = 100 * data("gaussian", 60)
    pipeline = make_pipeline(
        MinMaxScaler(clip=True), small(nn.VariationalAutoencoder, likelihood="bernoulli")
    )
    search = GridSearchCV(pipeline, {"variationalautoencoder__n_components": [1, 2]}, cv=2)
    search.fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.transform(X).shape[1] in (1, 2)


def test_data_frames_keep_their_names() -> None:
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(data("gaussian"), columns=list("abcdefg"))
    model = small(nn.Autoencoder).fit(X)
    assert list(model.feature_names_in_) == list("abcdefg")
    with pytest.raises(ValueError, match="feature names"):
        model.transform(X.rename(columns={"a": "z"}))


def test_several_threads_transform_at_once() -> None:
    X = data("gaussian", 500)
    model = small(nn.VariationalAutoencoder).fit(X)
    expected = model.transform(X)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: model.transform(X), range(40)))
    for codes in found:
        assert np.array_equal(codes, expected)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_trains(activation: str) -> None:
    X = data("gaussian")
    model = small(nn.Autoencoder, activation=activation, max_epochs=30, learning_rate=0.01).fit(X)
    assert model.history_["loss"][-1] < model.history_["loss"][0]


def test_sizes_of_batches_and_layers() -> None:
    X = data("gaussian")
    for sizes in ((), 5, [4, 4], np.int64(3)):
        for batch_size in (1, 7, 40, 1000):
            model = small(
                nn.VariationalAutoencoder, hidden_layer_sizes=sizes, batch_size=batch_size
            )
            assert model.fit(X).transform(X[:1]).shape == (1, 3)


def test_collapsed_posterior_is_warned_of() -> None:
    X = 0.1 * data("bernoulli", 200)
    options = {"max_epochs": 60, "learning_rate": 0.01}
    with pytest.warns(UserWarning, match=r"collapsed.* nats a row.*a scale below 1, ") as caught:
        model = small(nn.VariationalAutoencoder, **options).fit(X)
    assert [each.filename for each in caught] == [__file__]
    assert model.history_["kl"][-1] < 0.01
    for option in ({"beta": 0.0}, {"scale": 0.01}):  # nothing to say: warnings are errors
        small(nn.VariationalAutoencoder, **option, **options).fit(X)
    small(nn.VariationalAutoencoder, **options).partial_fit(X)


def test_warm_up_raises_the_weight() -> None:
    X = data("gaussian")
    model = small(nn.VariationalAutoencoder, beta=2.0, warm_up_steps=4, batch_size=20, max_epochs=1)
    weights = []
    for _ in range(3):
        model.partial_fit(X[:20])
        weights.append(model._kl_weight())
    assert weights == [1.0, 1.5, 2.0]
    model.partial_fit(X)
    assert model._kl_weight() == 2.0


def test_saturated_units_keep_a_finite_loss() -> None:
    X = 1e4 * data("gaussian")
    model = small(nn.SparseAutoencoder, hidden_layer_sizes=(), max_epochs=50).fit(X)
    assert np.isfinite(model.history_["penalty"]).all()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_documented(kind: Any) -> None:
    assert ">>>" in kind.__doc__
    for name in kind().get_params():
        assert f"    {name} : " in kind.__doc__, name
    for name in dir(kind):
        member = getattr(kind, name)
        if not name.startswith("_") and getattr(member, "__module__", "").startswith("fastdiv"):
            assert member.__doc__, name
