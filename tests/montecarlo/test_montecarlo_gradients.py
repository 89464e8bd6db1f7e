"""Gradients against difference quotients of the estimate itself, and in expectation against quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal, flatten

STEP = 2e-4


def moved(d: Any, name: str, index: tuple[int, ...], change: float) -> Any:
    """Return d with one number changed; weights are divided by their sum, as gradients count them."""
    if isinstance(d, Mixture):
        if name in ("weights", "logits"):
            array = getattr(d, name).copy()
            array[index] += change
            array = array / array.sum() if name == "weights" else array
            return Mixture(**{name: array}, components=d.components)
        own = {"weights": d.weights} if d.logits is None else {"logits": d.logits}
        return Mixture(**own, components=moved(d.components, name, index, change))
    fields = {k: v.copy() for k, v in cases.parameters(d).items()}
    fields[name][index] += change
    return type(d)(**fields)


def quotient(f: Any, d: Any, name: str, index: tuple[int, ...]) -> float:
    """Differentiate numerically from six points, with an error of the sixth order."""
    change = STEP * max(1.0, abs(cases.parameters(d)[name][index]))
    slopes = [
        f(moved(d, name, index, k * change)) - f(moved(d, name, index, -k * change))
        for k in (1, 2, 3)
    ]
    return float((45 * slopes[0] - 9 * slopes[1] + slopes[2]) / (60 * change))


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize(
    ("forms", "shape"),
    [
        (("diagonal", "triangular"), (0, 0)),
        (("triangular", "triangular"), (3, 0)),
        (("triangular", "diagonal"), (0, 2)),
        (("diagonal", "triangular"), (3, 2)),
    ],
)
@pytest.mark.parametrize("name", cases.NAMES)
def test_difference_quotients_at_the_same_random_numbers(
    name: str, forms: Any, shape: Any, antithetic: bool, rng: Any
) -> None:
    pair = [
        cases.mixture(rng, form, count, 2, logits=count == 2)
        for form, count in zip(forms, shape, strict=True)
    ]
    estimator = cases.function(name)
    options = {"antithetic": antithetic} | ({"weight": 0.3} if name == "js_divergence" else {})
    _, gradients = fastdiv.value_and_grad(estimator, (0, 1))(*pair, 400, 5, **options)
    for position, gradient in enumerate(gradients):

        def value(d: Any, position: int = position) -> float:
            arguments = [d if k == position else each for k, each in enumerate(pair)]
            return float(estimator(*arguments, 400, 5, **options).value)

        for field, array in cases.parameters(gradient).items():
            scale = np.abs(array).max()
            for index in np.ndindex(array.shape):
                if field == "scale_tril" and index[-1] > index[-2]:
                    assert array[index] == 0
                    continue
                expected = quotient(value, pair[position], field, index)
                assert array[index] == pytest.approx(expected, rel=1e-6, abs=1e-8 * scale)


def density(d: Any, x: Any) -> Any:
    parts = d.components if isinstance(d, Mixture) else d
    means, stds = parts.mean.reshape(-1, 1), parts.std.reshape(-1, 1)
    weights = d.weights if isinstance(d, Mixture) else np.ones(1)
    each = np.exp(-0.5 * ((x - means) / stds) ** 2) / (stds * np.sqrt(2 * np.pi))
    return np.asarray(weights) @ each


def by_quadrature(name: str, p: Any, q: Any) -> float:
    """Integrate over a grid so fine and wide that nothing is left of the error."""
    x = np.linspace(-14, 15, 58_001)
    a, b = density(p, x), density(q, x)
    if name == "kl_divergence":
        y = a * np.log(a / b)
    else:
        m = (a + b) / 2
        y = a / 2 * np.log(a / m) + b / 2 * np.log(b / m)
    return float(y.sum() * (x[1] - x[0]))  # both ends are 0


@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("name", cases.NAMES)
def test_expectation_is_the_gradient_of_the_integral(name: str, score: bool) -> None:
    p = Mixture([0.3, 0.7], Normal([[-1.0], [1.5]], [[0.8], [1.1]]))
    q = Mixture([0.6, 0.4], Normal([[0.0], [2.0]], [[1.5], [0.9]]))
    f = fastdiv.value_and_grad(cases.function(name), (0, 1))
    estimate, gradients = f(p, q, 2_000_000, 1, score_term=score)
    assert abs(estimate.value - by_quadrature(name, p, q)) < 4 * estimate.standard_error
    pair = (p, q)
    for position, gradient in enumerate(gradients):
        errors = cases.parameters(estimate.gradient_standard_errors[position])

        def value(d: Any, position: int = position) -> float:
            arguments = [d if k == position else each for k, each in enumerate(pair)]
            return by_quadrature(name, *arguments)

        for field, array in cases.parameters(gradient).items():
            for index in np.ndindex(array.shape):
                expected = quotient(value, pair[position], field, index)
                error = errors[field][index]
                assert 0 < error < 0.01
                assert abs(array[index] - expected) < 4.5 * error, (field, index, error)


def test_standard_errors_of_gradients_are_their_spread() -> None:
    p = Mixture([0.3, 0.7], Normal([[-1.0, 0.0], [1.5, 0.5]], [[0.8, 1.0], [1.1, 0.7]]))
    q = MultivariateNormal([0.3, 0.4], [[1.5, 0.0], [0.3, 1.2]])
    for name in cases.NAMES:
        f = fastdiv.value_and_grad(cases.function(name), (0, 1))
        runs = [f(p, q, 40_000, seed) for seed in range(100)]
        for position in (0, 1):
            found = [cases.parameters(run[1][position]) for run in runs]
            errors = [cases.parameters(run[0].gradient_standard_errors[position]) for run in runs]
            for field in found[0]:
                spread = np.std([each[field] for each in found], axis=0, ddof=1)
                stated = np.sqrt(np.mean([each[field] ** 2 for each in errors], axis=0))
                some = spread > 0
                assert (stated[~some] == 0).all()
                np.testing.assert_allclose(stated[some], spread[some], rtol=0.3)


def test_without_the_score_term_the_gradient_vanishes_where_both_are_equal(rng: Any) -> None:
    p = cases.mixture(rng, "triangular", 3, 2)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, 0)
    _, gradient = f(p, p, 1000, 1, score_term=False)
    for array in cases.parameters(gradient).values():
        assert np.abs(array).max() < 1e-14
    _, gradient = f(p, p, 1000, 1)
    assert np.abs(gradient.components.mean).max() > 1e-4


def test_one_batch_tells_nothing_of_the_spread(rng: Any) -> None:
    p, q = cases.gaussian(rng, "triangular", 2), cases.gaussian(rng, "diagonal", 2)
    f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, (0, 1))
    estimate, _ = f(p, q, 200, 1)
    by_p, by_q = estimate.gradient_standard_errors
    assert np.isinf(by_p.mean).all() and np.isinf(by_q.std).all()
    assert by_p.scale_tril[0, 1] == 0  # which is no parameter
    assert fastdiv.montecarlo.kl_divergence(p, q, 200, 1).gradient_standard_errors == ()


@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence"])
def test_errors_of_merged_gradients(name: str) -> None:
    p = Mixture(logits=[0.0, 1.0], components=Normal([[0.0], [2.0]], [[0.5], [1.0]]))
    q = MultivariateNormal([1.0], [[1.2]])
    f = fastdiv.value_and_grad(getattr(montecarlo, name), (0, 1))
    size = montecarlo.grain(p, q) * 50
    counts = [size, 3 * size, 2 * size]
    first = [0, size, 4 * size]
    shards = [f(p, q, n, 1, first_sample=k)[0] for k, n in zip(first, counts, strict=True)]
    for merged in (shards[2].merge(*shards[:2]), shards[1].merge(shards[2]).merge(shards[0])):
        whole = f(p, q, 6 * size, 1)[0]
        assert merged == whole
        for k, errors in enumerate(merged.gradient_standard_errors):
            assert type(errors) is type((p, q)[k])
            parts = [flatten(each.gradient_standard_errors[k]) for each in shards]
            expected = np.hypot.reduce(
                [n / (6 * size) * e for n, e in zip(counts, parts, strict=True)]
            )
            np.testing.assert_allclose(flatten(errors), expected, rtol=1e-14)
            # rough, from 64 parts
            known = flatten(whole.gradient_standard_errors[k])
            np.testing.assert_allclose(flatten(errors), known, rtol=0.5)


def test_errors_of_gradients_that_only_some_shards_have() -> None:
    p, q = Normal([0.0], [1.0]), Normal([1.0], [1.5])
    shards = [montecarlo.kl_divergence(p, q, 512, 1, first_sample=512 * k) for k in range(2)]
    assert shards[0].merge(shards[1]).gradient_standard_errors == ()
    for argnums in (0, 1, (0, 1)):
        f = fastdiv.value_and_grad(montecarlo.kl_divergence, argnums)
        estimate, _ = f(p, q, 512, 1, first_sample=1024)
        merged = shards[0].merge(estimate).merge(shards[1])
        assert merged == montecarlo.kl_divergence(p, q, 1536, 1)
        with pytest.raises(ValueError, match="differ in the arguments that they have gradients by"):
            merged.gradient_standard_errors  # noqa: B018
