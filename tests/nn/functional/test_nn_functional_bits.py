"""The bits of fastdiv.nn.functional do not depend on the instruction set (but for v2), threads, or memory around."""

import numpy as np
import pytest

import fastdiv
import nn_reference as reference
from conftest import ISAS, THREADS
from fastdiv import _native
from fastdiv.nn import functional

SHAPES = [(1, 1), (5, 3), (70, 20), (129, 65), (600, 500), (3, 40000), (100_000, 2)]
FUSED = [name for name in ISAS if name != "v2"]


def results(n, features, dtype):
    """Yield the results of every function at the same arguments."""
    rng = np.random.default_rng(n + features)
    x = (3 * rng.normal(size=(n, features))).astype(dtype)
    t = rng.random((n, features)).astype(dtype)
    bias, row = x[0].copy(), t[0].copy()
    for activation in reference.ACTIVATIONS:
        yield functional.bias_activation(x, bias, activation)
        yield from functional.bias_activation_backward(t, x, activation)
        yield from functional.bias_activation_backward(t, x, activation, column_upstream=row)
    for likelihood in (functional.bernoulli_nll, functional.gaussian_nll):
        gradient = np.empty_like(x)
        yield likelihood(x, t, gradient=gradient, cotangent=0.37)
        yield gradient
    yield from functional.gaussian_kl_draw(x, t, 3, 1, 2)
    yield from functional.gaussian_kl_draw_backward(t, x, x, 3, 1, 2, cotangent=0.37)
    for kind in reference.CORRUPTIONS:
        yield functional.corrupt(x, kind, 0.3, 3, 1, 2)
    yield np.array(functional.sparsity_penalty(t, 0.2, gradient=row))
    yield row
    state = [x.ravel().copy(), t.ravel(), 0 * x.ravel(), 0 * x.ravel()]
    functional.adam_step(*state, 3)
    yield from state


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits_on_instruction_sets(dtype, shape) -> None:
    found = []
    for name in FUSED:
        _native.set_isa(name)
        found.append(list(results(*shape, dtype)))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits_on_threads(dtype, shape) -> None:
    found = []
    for threads in THREADS:
        fastdiv.set_num_threads(threads)
        found.append(list(results(*shape, dtype)))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("features", [1, 3, 20, 64, 65, 8193])
def test_rows_do_not_know_of_each_other(dtype, features) -> None:
    rng = np.random.default_rng(features)
    x, t = rng.normal(size=(2, 30, features)).astype(dtype)
    t = np.abs(t) / 10
    for part in (slice(0, 1), slice(7, 19)):
        start = 5 + part.start * features
        assert np.array_equal(
            functional.bernoulli_nll(x, t)[part], functional.bernoulli_nll(x[part], t[part])
        )
        whole = functional.gaussian_kl_draw(x, t, 1, 5)
        alone = functional.gaussian_kl_draw(x[part], t[part], 1, start)
        assert all(np.array_equal(a[part], b) for a, b in zip(whole, alone, strict=True))
        assert np.array_equal(
            functional.corrupt(x, "gaussian", 0.2, 1, 5)[part],
            functional.corrupt(x[part], "gaussian", 0.2, 1, start),
        )


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (9, 17), (33, 67)], ids=str)
def test_nothing_is_written_beside_the_outputs(isa, dtype, shape) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.random(shape).astype(dtype), rng.random(shape).astype(dtype)
    memory: list[np.ndarray] = []

    def guarded(*shape):
        memory.append(np.full(int(np.prod(shape)) + 128, -7, dtype))
        return memory[-1][64:-64].reshape(shape)

    n, features = shape
    for activation in reference.ACTIVATIONS:
        functional.bias_activation(x, x[0], activation, out=guarded(*shape), pre=guarded(*shape))
        functional.bias_activation_backward(
            x, t, activation, out=guarded(*shape), bias_gradient=guarded(features)
        )
    functional.bernoulli_nll(x, t, gradient=guarded(*shape), out=guarded(n))
    functional.gaussian_nll(x, t, gradient=guarded(*shape), out=guarded(n))
    functional.gaussian_kl_draw(x, t, 1, z=guarded(*shape), out=guarded(n))
    functional.gaussian_kl_draw_backward(
        x, t, t, 1, mean_gradient=guarded(*shape), log_variance_gradient=guarded(*shape)
    )
    for kind in reference.CORRUPTIONS:
        functional.corrupt(x, kind, 0.5, 1, out=guarded(*shape))
    functional.sparsity_penalty(x, gradient=guarded(features))
    functional.adam_step(guarded(features), x[0], guarded(features), guarded(features), 1)
    for array in memory:
        assert (array[:64] == -7).all() and (array[-64:] == -7).all()
