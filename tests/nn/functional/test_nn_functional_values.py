"""Every function of fastdiv.nn.functional gives what the plain reference gives, of any shape, layout and type."""

import math

import mpmath as mp
import numpy as np
import pytest

import nn_reference as reference
from fastdiv._array import SIMULATED
from fastdiv.nn import functional

SHAPES = [
    (1, 1),
    (3, 1),
    (7, 2),
    (300, 5),
    (20, 17),
    (33, 31),
    (65, 63),
    (130, 65),
    (257, 784),
    (2, 9000),
]
ACTIVATIONS, CORRUPTIONS = reference.ACTIVATIONS, reference.CORRUPTIONS


def close(result, expected, dtype, ulp=8, scale=None) -> bool:
    """Whether errors are so many units in the last place of the largest entry, or of given magnitudes."""
    expected = np.asarray(expected, np.float64)
    largest = np.abs(expected).max(initial=0) if scale is None else scale
    error = np.abs(np.asarray(result, np.float64) - expected)
    return bool((error <= ulp * np.finfo(dtype).eps * largest).all())


@pytest.fixture(params=SHAPES, ids=str)
def data(request, dtype, rng):
    """Matrices of one shape and type by name."""
    n, features = request.param

    def normal(*shape, scale=1.0):
        return (rng.normal(size=shape) * scale).astype(dtype)

    return {
        "x": normal(n, features, scale=3),
        "y": normal(n, features),
        "fractions": rng.random((n, features)).astype(dtype),
        "bias": normal(features),
        "row": normal(features),
        "cotangent": normal(n),
    }


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bias_activation(isa, dtype, data, activation) -> None:
    x, bias = data["x"], data["bias"]
    pre = np.empty_like(x)
    y = functional.bias_activation(x, bias, activation, pre=pre)
    assert y.dtype == dtype
    assert np.array_equal(pre, x + bias)
    assert close(y, reference.bias_activation(pre, 0 * bias, activation), dtype)

    saved = pre if activation == "gelu" else y
    for row in (None, data["row"]):
        arguments = saved, data["y"], activation
        gradient, by_bias = functional.bias_activation_backward(*arguments, column_upstream=row)
        expected, _ = reference.bias_activation_backward(*arguments, column_upstream=row)
        assert close(gradient, expected, dtype, ulp=16)
        # The sums are those of the gradients as they are written: of 32 rows one after the other, then of those sums.
        sums = np.array([math.fsum(column) for column in gradient.T])
        roundings = (32 + len(x) / 32) * np.finfo(np.float64).eps / 2
        allowed = roundings * np.abs(gradient).sum(axis=0, dtype=float)
        assert (np.abs(by_bias - sums) <= allowed + np.finfo(dtype).eps / 2 * np.abs(sums)).all()


@pytest.mark.parametrize("name", ["bernoulli_nll", "gaussian_nll"])
def test_likelihoods(isa, dtype, data, name) -> None:
    ours, theirs = getattr(functional, name), getattr(reference, name)
    options = {} if name == "bernoulli_nll" else {"scale": 0.7}
    for cotangent in (1.0, 0.3, data["cotangent"]):
        gradient, expected_gradient = np.empty_like(data["x"]), np.empty_like(data["x"])
        arguments = data["x"], data["fractions"]
        value = ours(*arguments, gradient=gradient, cotangent=cotangent, **options)
        expected = theirs(
            *map(np.float64, arguments), gradient=expected_gradient, cotangent=cotangent, **options
        )
        assert value.dtype == dtype
        assert close(value, expected, dtype)
        assert close(gradient, expected_gradient, dtype)
        assert np.array_equal(ours(*arguments, **options), value)


def test_gaussian_kl_draw(isa, dtype, data) -> None:
    mean, log_variance, upstream = data["y"], data["x"], data["fractions"]
    place = 12345, 7, 2
    kl, z = functional.gaussian_kl_draw(mean, log_variance, *place)
    expected_kl, expected_z = reference.gaussian_kl_draw(mean, log_variance, *place)
    assert kl.dtype == z.dtype == dtype
    assert close(kl, expected_kl, dtype)
    assert close(z, expected_z, dtype, scale=np.abs(mean) + np.abs(expected_z - mean))
    arguments = mean, log_variance, upstream, *place
    for cotangent in (0.3, data["cotangent"]):
        gradients = functional.gaussian_kl_draw_backward(*arguments, cotangent=cotangent)
        expected = reference.gaussian_kl_draw_backward(*arguments, cotangent=cotangent)
        factor = np.abs(np.reshape(cotangent, (-1, 1)))
        scale = upstream + factor * np.abs(mean)
        assert close(gradients[0], expected[0], dtype, scale=scale)
        scale = upstream * np.abs(expected_z - mean) + factor * np.abs(np.expm1(log_variance))
        assert close(gradients[1], expected[1], dtype, scale=scale)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_corrupt(isa, dtype, data, kind) -> None:
    for place in [(3,), (3, 9, 1), (2**64 - 1, 2**40 + 3, 2**32 - 1)]:
        expected = reference.corrupt(data["x"], kind, 0.4, *place)
        assert close(functional.corrupt(data["x"], kind, 0.4, *place), expected, dtype, ulp=2)


def test_sparsity_penalty(isa, dtype, data) -> None:
    gradient, expected_gradient = np.empty_like(data["row"]), np.empty_like(data["row"])
    arguments = data["fractions"], 0.2
    value = functional.sparsity_penalty(*arguments, gradient=gradient, cotangent=2.0)
    expected = reference.sparsity_penalty(*arguments, gradient=expected_gradient, cotangent=2.0)
    assert type(value) is (np.ndarray if SIMULATED else float)
    assert np.shape(value) == ()
    assert close(value, expected, np.float64, ulp=1000)  # the reference's terms cancel
    assert close(gradient, expected_gradient, dtype, ulp=64)


def test_adam_step(isa, dtype, data) -> None:
    state = [data["x"].ravel(), data["y"].ravel(), np.zeros(data["x"].size, dtype)]
    state.append(state[2].copy())
    expected = [array.astype(np.float64) for array in state]
    for step in range(1, 6):
        options = {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6}
        functional.adam_step(*state, step, **options)
        reference.adam_step(*expected, step, **options)
    for array, other in zip(state, expected, strict=True):
        assert array.dtype == dtype
        assert close(array, other, dtype, ulp=16)


def test_first_step_of_adam_is_the_learning_rate() -> None:
    parameters, moments = np.zeros(1000), np.zeros((2, 1000))
    gradient = np.random.default_rng(0).normal(size=1000)
    functional.adam_step(parameters, gradient, *moments, 1, learning_rate=0.25, epsilon=0.0)
    assert np.allclose(parameters, -0.25 * np.sign(gradient), rtol=1e-15)


def layouts(x):
    """Yield the same matrix in other places and types; reading it needs a copy, or not."""
    spread = np.zeros((x.shape[0], 2 * x.shape[1]), x.dtype)
    spread[:, ::2] = x
    yield spread[:, ::2]
    yield np.asfortranarray(x)
    yield x[::-1].copy()[::-1]
    halves = np.concatenate([x, x], axis=1)
    yield halves[:, x.shape[1] :]
    yield x.astype(x.dtype.newbyteorder())
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    yield unaligned


def test_any_layout_gives_the_same(dtype, rng) -> None:
    x, t, bias = rng.normal(size=(9, 7)), rng.random((9, 7)), rng.normal(size=7)
    x, t, bias = x.astype(dtype), t.astype(dtype), bias.astype(dtype)

    def results(x):
        yield functional.bias_activation(x, bias, "tanh")
        yield from functional.bias_activation_backward(x, t, "sigmoid")
        yield from functional.bias_activation_backward(t, x, "sigmoid")
        yield functional.bernoulli_nll(x, t)
        yield functional.gaussian_nll(t, x)
        yield from functional.gaussian_kl_draw(x, t, 1)
        yield from functional.gaussian_kl_draw(t, x, 1)
        yield from functional.gaussian_kl_draw_backward(t, x, x, 1)
        yield functional.corrupt(x, "gaussian", 0.1, 1)
        yield functional.sparsity_penalty(x**2 / (1 + x**2))

    expected = list(results(x))
    for layout in layouts(x):
        assert np.array_equal(layout, x)
        for result, other in zip(results(layout), expected, strict=True):
            assert np.array_equal(result, other)


def test_types_are_brought_together() -> None:
    single, double = np.ones((2, 3), np.float32), np.full((2, 3), 0.5)
    assert functional.bernoulli_nll(single, single).dtype == np.float32
    assert functional.bernoulli_nll(single, double).dtype == np.float64
    assert functional.bernoulli_nll(single, np.ones((2, 3), np.float16)).dtype == np.float32
    assert functional.bernoulli_nll([[1, 2]], [[True, False]]).dtype == np.float64
    assert functional.bias_activation(single, np.ones(3), "relu").dtype == np.float32
    assert functional.bernoulli_nll(single, single, cotangent=np.ones(2)).dtype == np.float32


def test_outputs_are_used_and_may_be_inputs(dtype, rng) -> None:
    x, t = rng.normal(size=(40, 70)).astype(dtype), rng.random((40, 70)).astype(dtype)
    bias = t[0].copy()
    for activation in ACTIVATIONS:
        expected, pre = functional.bias_activation(x, bias, activation), np.empty_like(x)
        a = x.copy()
        assert functional.bias_activation(a, bias, activation, out=a, pre=pre) is a
        assert np.array_equal(a, expected)
        a, out = x.copy(), np.empty_like(x)
        assert functional.bias_activation(a, bias, activation, out=out, pre=a) is out
        assert np.array_equal(a, x + bias) and np.array_equal(out, expected)
        expected, by_bias = functional.bias_activation_backward(t, x, activation)
        flat = np.full(100, 7, dtype)
        for k in range(2):
            arguments = [t.copy(), x.copy()]
            result = functional.bias_activation_backward(
                *arguments, activation, out=arguments[k], bias_gradient=flat[10:80]
            )
            assert result[0] is arguments[k] and np.array_equal(result[0], expected)
            assert np.array_equal(flat[10:80], by_bias) and (flat[:10] == 7).all()
    for likelihood in (functional.bernoulli_nll, functional.gaussian_nll):
        gradient, out = np.empty_like(x), np.empty(40, dtype)
        assert likelihood(x, t, gradient=gradient, out=out) is out
        for k in range(2):
            arguments = [x.copy(), t.copy()]
            assert np.array_equal(likelihood(*arguments, gradient=arguments[k]), out)
            assert np.array_equal(arguments[k], gradient)
    a = x.copy()
    assert functional.corrupt(a, "mask", 0.5, 1, out=a) is a
    assert np.array_equal(a, functional.corrupt(x, "mask", 0.5, 1))


def test_halves_of_a_matrix_are_read_and_written_in_place(dtype, rng) -> None:
    both = rng.normal(size=(50, 2 * 9)).astype(dtype)
    mean, log_variance = both[:, :9], both[:, 9:]
    kl, z = functional.gaussian_kl_draw(mean.copy(), log_variance.copy(), 5)
    kl_of_halves, z_of_halves = functional.gaussian_kl_draw(mean, log_variance, 5)
    assert np.array_equal(kl, kl_of_halves) and np.array_equal(z, z_of_halves)

    upstream = rng.normal(size=(50, 9)).astype(dtype)
    expected = functional.gaussian_kl_draw_backward(mean, log_variance, upstream, 5, cotangent=0.1)
    for target in (np.empty_like(both), both):
        by_mean, by_log_variance = functional.gaussian_kl_draw_backward(
            mean,
            log_variance,
            upstream,
            5,
            cotangent=0.1,
            mean_gradient=target[:, :9],
            log_variance_gradient=target[:, 9:],
        )
        assert np.array_equal(np.concatenate(expected, axis=1), target)
        assert by_mean.base is target and by_log_variance.base is target


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty(dtype, shape) -> None:
    x, row = np.empty(shape, dtype), np.empty(shape[1], dtype)
    assert functional.bias_activation(x, row, "gelu").shape == shape
    gradient, by_bias = functional.bias_activation_backward(x, x, "relu", column_upstream=row)
    assert gradient.shape == shape and np.array_equal(by_bias, np.zeros(shape[1]))
    assert np.array_equal(functional.bernoulli_nll(x, x, gradient=x), np.zeros(shape[0]))
    assert np.array_equal(functional.gaussian_nll(x, x), np.zeros(shape[0]))
    kl, z = functional.gaussian_kl_draw(x, x, 1)
    assert np.array_equal(kl, np.zeros(shape[0])) and z.shape == shape
    assert functional.gaussian_kl_draw_backward(x, x, x, 1)[1].shape == shape
    assert functional.corrupt(x, "mask", 0.5, 1).shape == shape
    penalty = functional.sparsity_penalty(x, 0.1, gradient=row)
    assert penalty == 0 if shape[1] == 0 else np.isnan(penalty)
    functional.adam_step(row[:0], row[:0], row[:0].copy(), row[:0].copy(), 1)


def exact_kl(mean, log_variance):
    with mp.workdps(60):
        terms = [
            mp.mpf(float(m)) ** 2 + mp.expm1(mp.mpf(float(v))) - mp.mpf(float(v))
            for m, v in zip(mean, log_variance, strict=True)
        ]
        return sum(terms) / 2


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e-6, 1e-3, 0.1, 0.4, 0.8, 1.3, 1.4, 3, 30])
def test_divergence_is_accurate_near_the_prior(isa, dtype, rng, size) -> None:
    if dtype is np.float32 and size < 1e-15:
        pytest.skip("its square is not a normal number")
    log_variance = (size * rng.uniform(-1, 1, size=(50, 4))).astype(dtype)
    mean = (0.01 * size * rng.normal(size=(50, 4))).astype(dtype)
    kl, _ = functional.gaussian_kl_draw(mean, log_variance, 1)
    assert (kl >= 0).all()
    for value, m, v in zip(kl, mean, log_variance, strict=True):
        exact = exact_kl(m, v)
        assert abs(mp.mpf(float(value)) - exact) <= 8 * np.finfo(dtype).eps * exact


@pytest.mark.parametrize("rho", [1e-3, 0.05, 0.5, 0.97])
@pytest.mark.parametrize("distance", [0, 1e-14, 1e-9, 1e-5, 0.01, 0.3])
def test_sparsity_penalty_is_accurate_near_the_target(isa, rho, distance) -> None:
    mean = rho * (1 + distance * (1 - rho))
    gradient = np.empty(1)
    value = functional.sparsity_penalty(np.array([[mean]]), rho, gradient=gradient)
    with mp.workdps(60):
        p, q = mp.mpf(rho), mp.mpf(mean)
        exact = p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))
        slope = (q - p) / (q * (1 - q))
        assert value >= 0
        assert abs(value - exact) <= 1e-14 * exact
        assert abs(gradient[0] - slope) <= 1e-14 * abs(slope)
    if mean == rho:
        assert value == 0 and gradient[0] == 0


@pytest.mark.parametrize("logit", [0.0, 1e-8, 0.3, 2.0, 17.0, 40.0, 85.0, 1e4])
def test_bernoulli_nll_is_accurate(isa, dtype, logit) -> None:
    for sign in (-1, 1):
        for target in (0.0, 1e-6, 0.25, 0.75, 1.0):
            own, x = dtype(sign * logit), dtype(target)
            gradient = np.empty((1, 1), dtype)
            (value,) = functional.bernoulli_nll(
                np.array([[own]]), np.array([[x]]), gradient=gradient
            )
            with mp.workdps(60):
                exact_l, exact_x = mp.mpf(float(own)), mp.mpf(float(x))
                t = mp.exp(-abs(exact_l))
                exact = abs(exact_l) * (1 - exact_x if own > 0 else exact_x) + mp.log1p(t)
                slope = (1 if own >= 0 else t) / (1 + t) - exact_x
                eps, tiny = np.finfo(dtype).eps, float(np.finfo(dtype).smallest_subnormal)
                assert abs(mp.mpf(float(value)) - exact) <= 4 * eps * exact + tiny
                # 1 - x is rounded
                error = abs(mp.mpf(float(gradient[0, 0])) - slope)
                assert error <= 4 * eps * abs(slope) + eps * (0 if x in (0, 1) else 1) + tiny
