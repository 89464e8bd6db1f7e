"""Fits: the lecture's experiment, many starts, reproducibility, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastdiv
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal, flatten
from fastdiv.fitting import (
    Adam,
    DivergedError,
    Fit,
    GradientDescent,
    StuckWarning,
    cosine_decay,
    minimize,
)

TARGET = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
# Of TARGET: the mean of the variances, and the spread of the means, ½ each.
MEAN, COVARIANCE = [0.5, 0.5], [[0.3125, 0.25], [0.25, 0.40625]]
FULL = MultivariateNormal([-0.6, 1.3], 0.4 * np.eye(2))
DIAGONAL = Normal([[-0.7, 0.7], [1.55, 0.45]], [0.4, 0.4])
# The two minima of reverse KL among independent coordinates, by quadrature.
LOWER = [0.0195, 0.0313], [0.0715, 0.2684]
UPPER = [0.9778, 0.9913], [0.0751, 0.0655]


def settled(steps: int) -> Adam:
    return Adam(cosine_decay(0.05, steps))


def same(a: Any, b: Any) -> bool:
    return bool((flatten(a) == flatten(b)).all())


def test_forward_kl_lands_on_the_moments() -> None:
    fit = minimize(FULL, TARGET, "forward_kl", optimizer=settled(1000), steps=1000, seed=1)
    np.testing.assert_allclose(fit.distribution.mean, MEAN, atol=1e-2)
    np.testing.assert_allclose(fit.distribution.covariance, COVARIANCE, atol=1e-2)
    matched = TARGET.moment_matched()
    np.testing.assert_allclose(matched.covariance, COVARIANCE, rtol=1e-12)
    np.testing.assert_allclose(matched.mean, MEAN, rtol=1e-12)


def test_moments_numerically(rng: np.random.Generator) -> None:
    x = TARGET.sample(400_000, seed=2)
    np.testing.assert_allclose(x.mean(axis=0), MEAN, atol=5e-3)
    np.testing.assert_allclose(np.cov(x.T), COVARIANCE, atol=5e-3)


def test_reverse_kl_finds_one_mode_or_the_other() -> None:
    fit = minimize(DIAGONAL, TARGET, "reverse_kl", optimizer=settled(1000), steps=1000, seed=1)
    found = fit.distribution
    for k, (mean, variance) in enumerate((LOWER, UPPER)):
        np.testing.assert_allclose(found.mean[k], mean, atol=1e-2)
        np.testing.assert_allclose(found.std[k] ** 2, variance, atol=1e-2)


def test_js_lands_on_its_minimum() -> None:
    fit = minimize(FULL, TARGET, "js", optimizer=settled(1000), steps=1000, seed=1)
    np.testing.assert_allclose(fit.distribution.mean, [0.4733, 0.4973], atol=1e-2)
    expected = [[0.3016, 0.2378], [0.2378, 0.3751]]
    np.testing.assert_allclose(fit.distribution.covariance, expected, atol=1e-2)
    assert fit.losses[-100:].mean() == pytest.approx(0.10159, abs=3e-3)


@pytest.mark.parametrize("divergence", ["reverse_kl", "forward_kl", "js"])
@pytest.mark.parametrize("options", [{}, {"antithetic": True}, {"score_term": True}])
def test_options_lead_to_the_same_place(divergence: str, options: Any) -> None:
    target = Normal([0.5, -1.0], [0.5, 2.0])
    start = Normal([0.0, 0.0], [1.0, 1.0])
    fit = minimize(
        start, target, divergence, optimizer=settled(400), steps=400, n_samples=500, **options
    )
    np.testing.assert_allclose(fit.distribution.mean, target.mean, atol=0.05)
    np.testing.assert_allclose(fit.distribution.std, target.std, rtol=0.05)
    assert abs(fit.losses[-1]) < 0.02


def test_without_the_score_term_the_noise_goes_away() -> None:
    target = Normal([0.5, -1.0], [0.5, 2.0])
    fit = minimize(
        Normal([0.0, 0.0], [1.0, 1.0]), target, optimizer=settled(500), steps=500, n_samples=100
    )
    np.testing.assert_allclose(fit.distribution.mean, target.mean, atol=1e-4)
    np.testing.assert_allclose(fit.distribution.std, target.std, rtol=1e-4)


def test_losses_and_path_are_those_of_the_steps() -> None:
    """The first step by hand: samples from number 0 on; the second: the next multiple of the grain."""
    n, seed = 700, 9
    fit = minimize(FULL, TARGET, "forward_kl", n_samples=n, steps=2, seed=seed)
    grain = montecarlo.grain(TARGET, FULL)
    stride = -(-n // grain) * grain
    compute = fastdiv.value_and_grad(montecarlo.kl_divergence, argnums=1)
    for step, q in enumerate((FULL, fit.path[1])):
        estimate, _ = compute(TARGET, q, n_samples=n, seed=seed, first_sample=step * stride)
        assert fit.losses[step] == estimate.value
        assert fit.standard_errors[step] == estimate.standard_error
    assert same(fit.path[0], FULL)
    assert same(fit.path[2], fit.distribution)
    assert fit.steps == 2


def test_adam_moves_every_coordinate_by_its_rate_at_first() -> None:
    fit = minimize(FULL, TARGET, "forward_kl", optimizer=Adam(0.02), steps=1)
    before, after = fit.path[0], fit.path[1]
    np.testing.assert_allclose(np.abs(after.mean - before.mean), 0.02, rtol=1e-5)
    logs = np.log(np.diag(after.scale_tril)) - np.log(np.diag(before.scale_tril))
    np.testing.assert_allclose(np.abs(logs), 0.02, rtol=1e-5)
    assert abs(after.scale_tril[1, 0]) == pytest.approx(0.02, rel=1e-5)
    assert after.scale_tril[0, 1] == 0


@pytest.mark.parametrize("natural", [False, True])
@pytest.mark.parametrize("divergence", ["reverse_kl", "forward_kl", "js"])
def test_a_batch_of_starts_is_each_for_itself(divergence: str, natural: bool) -> None:
    options: Any = {"steps": 30, "n_samples": 200, "seed": 4, "natural_gradient": natural}
    both = minimize(DIAGONAL, TARGET, divergence, **options)
    assert both.losses.shape == (30, 2)
    assert both.path.batch_shape == (31, 2)
    for k in range(2):
        alone = minimize(DIAGONAL[k], TARGET, divergence, **options)
        np.testing.assert_allclose(alone.losses, both.losses[:, k], rtol=1e-9)
        np.testing.assert_allclose(flatten(alone.path), flatten(both.path[:, k]), rtol=1e-9)


def test_one_start_for_several_targets() -> None:
    targets = Normal([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], [0.5, 0.5])
    start = Normal([0.5, 0.5], [1.0, 1.0])
    fit = minimize(start, targets, optimizer=settled(300), steps=300, n_samples=200)
    assert fit.distribution.batch_shape == (3,)
    np.testing.assert_allclose(fit.distribution.mean, targets.mean, atol=1e-2)


def test_the_same_bits_again_and_on_any_number_of_threads() -> None:
    def run() -> Any:
        return minimize(DIAGONAL, TARGET, "js", steps=20, n_samples=5000, seed=3)

    fits = []
    for threads in (1, 2, 7):
        fastdiv.set_num_threads(threads)
        fits.append(run())
    for fit in fits[1:]:
        assert same(fit.path, fits[0].path)
        assert (fit.losses == fits[0].losses).all()
    other = minimize(DIAGONAL, TARGET, "js", steps=20, n_samples=5000, seed=4)
    assert not same(other.path, fits[0].path)


def test_an_optimizer_may_be_used_again() -> None:
    adam = Adam(0.05)
    first, second = (
        minimize(FULL, TARGET, "forward_kl", optimizer=adam, steps=10) for _ in range(2)
    )
    assert same(first.path, second.path)
    assert adam.steps == 0


def test_type_is_kept(dtype: type) -> None:
    components = Normal(TARGET.components.mean.astype(dtype), TARGET.components.std.astype(dtype))
    target = Mixture(np.full(2, 0.5, dtype), components)
    start = MultivariateNormal(FULL.mean.astype(dtype), FULL.scale_tril.astype(dtype))
    fit = minimize(start, target, "forward_kl", optimizer=settled(500), steps=500)
    assert fit.distribution.dtype == dtype
    assert fit.path.dtype == dtype
    assert fit.losses.dtype == np.float64
    np.testing.assert_allclose(fit.distribution.mean, MEAN, atol=2e-2)
    np.testing.assert_allclose(fit.distribution.covariance, COVARIANCE, atol=2e-2)


def test_what_is_returned_cannot_be_written_to() -> None:
    fit = minimize(FULL, TARGET, "forward_kl", steps=2)
    for array in (fit.distribution.mean, fit.distribution.scale_tril, fit.path.mean):
        assert not array.flags.writeable


def test_callback_sees_every_step_and_may_end_the_fit() -> None:
    seen = []

    def callback(step: int, q: Any, loss: Any) -> bool:
        seen.append((step, q, loss))
        return step == 6

    fit = minimize(DIAGONAL, TARGET, steps=100, callback=callback)
    assert [step for step, _, _ in seen] == list(range(7))
    assert fit.steps == 7
    assert fit.path.batch_shape == (8, 2)
    for step, q, loss in seen:
        assert same(q, fit.path[step])
        assert (loss == fit.losses[step]).all()


def test_a_fit_that_diverges_says_where_and_what_to_try() -> None:
    with pytest.raises(DivergedError, match=r"at step [1-9]\d*: try a smaller learning rate") as e:
        minimize(FULL, TARGET, "forward_kl", optimizer=GradientDescent(1e4), steps=500)
    assert f"step {e.value.step}" in str(e.value)
    assert isinstance(e.value, ArithmeticError)


def test_a_hopeless_start_says_so() -> None:
    far = Normal([[0.0, 0.0], [1e200, 0.0]], [1.0, 1.0])
    message = r"the loss of fit \[1\] is inf at step 0: try a start nearer to the target"
    with pytest.raises(DivergedError, match=message):
        minimize(far, TARGET, steps=5)


@pytest.mark.parametrize("natural", [False, True])
@pytest.mark.parametrize("distance", [15.0, 100.0])
def test_js_from_far_away_says_that_it_is_stuck(distance: float, natural: bool) -> None:
    options: Any = {"steps": 5, "natural_gradient": natural}
    with pytest.warns(StuckWarning, match="the fit is stuck at loss 0.693147: q and the target do"):
        minimize(Normal([distance], [1.0]), Normal([0.0], [1.0]), "js", **options)
    starts = Normal([[1.0], [distance]], [1.0])
    with pytest.warns(StuckWarning, match=r"fit \[1\] is stuck .* larger std, or forward_kl first"):
        minimize(starts, Normal([0.0], [1.0]), "js", **options)


def test_an_optimizer_that_does_not_move_is_warned_of() -> None:
    start = Normal([1.0], [2.0])
    with pytest.warns(StuckWarning, match="no step changed a coordinate; try a larger learning"):
        minimize(start, Normal([0.0], [1.0]), optimizer=GradientDescent(1e-300), steps=2)
    minimize(start, start, steps=2)  # at its minimum a fit may stay


def test_fields_of_a_fit_are_documented() -> None:
    for name in ("distribution", "path", "losses", "standard_errors"):
        assert f"{name} : " in str(Fit.__doc__)


def test_errors_of_the_callback_pass_through() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimize(FULL, TARGET, steps=5, callback=stop)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"q0": 3}, TypeError, "q0 must be a Normal, MultivariateNormal or Mixture, got 3"),
        ({"target": None}, TypeError, "target must be a Normal"),
        ({"divergence": "kl"}, ValueError, "divergence must be one of 'reverse_kl', 'forward_kl'"),
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"steps": 2.5}, TypeError, "steps must be an int, got 2.5"),
        ({"n_samples": 1}, ValueError, "n_samples"),
        ({"seed": -1}, ValueError, "seed"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be an optimizer, for example"),
        ({"optimizer": Adam}, TypeError, "optimizer must be an optimizer, for example"),
        ({"antithetic": 1}, TypeError, "antithetic must be True or False, got 1"),
        ({"score_term": "no"}, TypeError, "score_term must be True or False, got 'no'"),
        ({"natural_gradient": 1}, TypeError, "natural_gradient must be True or False, got 1"),
        ({"callback": 1}, TypeError, "callback must be a function or None, got 1"),
        ({"q0": Normal([0.0], [1.0])}, ValueError, "q0 with 1 and target with 2 dimensions"),
        (
            {"q0": DIAGONAL, "target": Normal(np.zeros((3, 2)), np.ones(2))},
            ValueError,
            r"q0 with batch shape \(2,\) and target with \(3,\) do not broadcast",
        ),
        (
            {"q0": Mixture([1.0, 0.0], Normal([[0, 0], [1, 1]], [1, 1]))},
            ValueError,
            "q0 has a component of weight 0",
        ),
    ],
)
def test_wrong_arguments(change: Any, error: type[Exception], message: str) -> None:
    arguments = {"q0": FULL, "target": TARGET, "divergence": "forward_kl", "steps": 2, **change}
    with pytest.raises(error, match=message):
        minimize(**arguments)
