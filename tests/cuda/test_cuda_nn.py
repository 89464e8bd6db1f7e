"""Training's kernels on the simulated GPU against the CPU's: the same bits wherever no order of sums is involved."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fastdiv import _native
from fastdiv._cuda.nn import columns, rows
from fastdiv._cuda.prims._simulated import KernelFault

gpu = pytest.importorskip("fastdiv._cuda", reason="needs Numba")

ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")
SHAPES = [(1, 1), (3, 1), (7, 2), (300, 5), (33, 31), (130, 64), (600, 20), (3, 784), (2, 2100)]
PLACES = [(7, 0, 3), (2**64 - 1, 5, 0), (9, 2**40 + 2, 2**32 - 1)]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 20.0, -90.0, 1e-30, 5e-324, 1e-40, 3e38, -3e38]
SPECIAL += [np.inf, -np.inf, np.nan, 88.8, -103.9, 709.9, -745.2, 1e308]
Array = Any


def numbers(shape: Any, dtype: type, rng: np.random.Generator, scale: float = 1.0) -> Array:
    return (rng.normal(size=shape) * scale).astype(dtype)


def shifted(array: Array) -> Array:
    """The same numbers at an address that is no multiple of 16."""
    memory = np.empty(array.size + 1, array.dtype)
    memory[1:] = array.ravel()
    return memory[1:].reshape(array.shape)


def both(call: Callable[[Any, Any], None], *empty: Array) -> Iterator[tuple[Array, Array]]:
    """Yield what the GPU and the CPU write to arrays that begin as these."""
    written = []
    for backend in (gpu, _native):
        results = [array.copy() for array in empty]
        with np.errstate(all="ignore"):
            call(backend, results)
        written.append(results)
    return zip(*written, strict=True)


def require_bits(call: Callable[[Any, Any], None], *empty: Array) -> None:
    for ours, cpu in both(call, *empty):
        np.testing.assert_array_equal(ours, cpu)
        assert (np.signbit(ours) == np.signbit(cpu))[~np.isnan(cpu)].all()


def require_close(ours: Array, cpu: Array, ulp: float) -> None:
    eps = np.finfo(cpu.dtype).eps
    np.testing.assert_allclose(ours, cpu, rtol=ulp * eps, atol=0)


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("activation", range(6), ids=ACTIVATIONS)
def test_bias_activation(
    shape: tuple[int, int], dtype: type, activation: int, rng: np.random.Generator
) -> None:
    x, upstream = numbers(shape, dtype, rng, 3), numbers(shape, dtype, rng)
    bias, row = numbers(shape[1], dtype, rng), numbers(shape[1], dtype, rng)
    empty = np.full(shape, -7, dtype)
    require_bits(lambda m, to: m.nn_bias_activation(x, bias, activation, to[0], None), empty)
    require_bits(lambda m, to: m.nn_bias_activation(x, bias, activation, *to), empty, empty)
    for shift in (None, row):

        def backward(m: Any, to: Any, shift: Array | None = shift) -> None:
            m.nn_bias_activation_backward(x, upstream, shift, activation, *to)

        (gradient, expected), (sums, _) = both(backward, empty, bias)
        np.testing.assert_array_equal(gradient, expected)
        exact = np.array([math.fsum(column) for column in gradient.T])
        allowed = np.finfo(dtype).eps / 2 * np.abs(exact)
        # what a sum in two parts loses: a few units of the second
        allowed += 16 * np.finfo(dtype).eps ** 2 * np.abs(gradient).sum(axis=0, dtype=float)
        assert (np.abs(sums - exact) <= allowed).all()


def test_likelihoods(shape: tuple[int, int], dtype: type, rng: np.random.Generator) -> None:
    outputs, x = numbers(shape, dtype, rng, 3), rng.random(shape).astype(dtype)
    value, gradient = np.empty(shape[0], dtype), np.empty(shape, dtype)
    for cotangent in (np.array(0.3, dtype), numbers(shape[0], dtype, rng)):
        for name, options in (("bernoulli", ()), ("gaussian", (0.7,))):

            def run(m: Any, to: Any, name: str = name, options: Any = options) -> None:
                kernel = getattr(m, f"nn_{name}_nll")
                kernel(outputs, x, *options, cotangent, *to)

            (ours, cpu), (slope, expected) = both(run, value, gradient)
            require_close(ours, cpu, 3)
            np.testing.assert_array_equal(slope, expected)
            getattr(gpu, f"nn_{name}_nll")(outputs, x, *options, cotangent, value, None)
            np.testing.assert_array_equal(value, ours)


def test_one_factor_in_gpu_memory(
    dtype: type, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read for each row; the simulator's arrays of no axes are in host memory otherwise."""
    x, value, gradient = numbers((9, 5), dtype, rng), np.empty(9, dtype), np.empty((9, 5), dtype)
    factor, expected = np.array(0.3, dtype), np.empty((9, 5), dtype)
    gpu.nn_gaussian_nll(x, x[::-1].copy(), 1.0, factor, value, expected)
    monkeypatch.setattr(rows, "_factors", lambda T, cotangent: (cotangent.reshape(1), 0, T(1)))
    gpu.nn_gaussian_nll(x, x[::-1].copy(), 1.0, factor, value, gradient)
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_gaussian_kl_draw(
    shape: tuple[int, int], dtype: type, place: Any, rng: np.random.Generator
) -> None:
    mean, log_variance = numbers(shape, dtype, rng), numbers(shape, dtype, rng, 2)
    upstream, cotangent = numbers(shape, dtype, rng), numbers(shape[0], dtype, rng)
    empty = np.empty(shape, dtype)
    (kl, expected), (z, expected_z) = both(
        lambda m, to: m.nn_gaussian_kl_draw(mean, log_variance, *place, *to), cotangent, empty
    )
    require_close(kl, expected, 3)
    np.testing.assert_array_equal(z, expected_z)
    arguments = mean, log_variance, upstream, *place
    for factor in (cotangent, cotangent[:1].reshape(())):
        require_bits(
            lambda m, to, factor=factor: m.nn_gaussian_kl_draw_backward(*arguments, factor, *to),
            empty,
            empty,
        )


@pytest.mark.parametrize("kind", range(3))
def test_corrupt(shape: tuple[int, int], dtype: type, kind: int, rng: np.random.Generator) -> None:
    x = numbers(shape, dtype, rng)
    for place in PLACES:
        require_bits(lambda m, to, place=place: m.nn_corrupt(x, kind, 0.4, *place, *to), x)


@pytest.mark.parametrize("size", [1, 3, 255, 1024, 70_001])
def test_adam_step(size: int, dtype: type, rng: np.random.Generator) -> None:
    state = [numbers(size, dtype, rng), np.zeros(size, dtype), np.zeros(size, dtype)]
    gradients = numbers((4, size), dtype, rng)

    def steps(m: Any, to: Any) -> None:
        for k, gradient in enumerate(gradients):
            theta, first, second = to
            m.nn_adam_step(theta, gradient, first, second, 3**k, 0.01, 0.9 * (k > 0), 0.99, 1e-6)

    require_bits(steps, *state)


@pytest.mark.parametrize("columns", [1, 30, 257, 700])
@pytest.mark.parametrize("rows", [1, 200, 600])
def test_sparsity_penalty(rows: int, columns: int, dtype: type, rng: np.random.Generator) -> None:
    x, gradient = rng.random((rows, columns)).astype(dtype), np.empty(columns, dtype)
    (slope, expected), (value, penalty) = both(
        lambda m, to: to[1].fill(m.nn_sparsity_penalty(x, 0.2, 2.0, to[0])), gradient, np.empty(1)
    )
    means = x.mean(axis=0, dtype=float)
    # a mean near the target loses the digits of a sum of 64 bits
    scale = 2 / rows * (means + 0.2) / (means * (1 - means))
    assert (np.abs(slope - expected) <= 4 * np.finfo(dtype).eps * scale).all()
    require_close(value, penalty, 16)
    found = gpu.nn_sparsity_penalty(x, 0.2, 2.0, None)
    assert found.shape == () and found.dtype == np.float64 and found == value[0]


@pytest.mark.parametrize("rows", [1, 3, 256, 700])
def test_tally(rows: int, dtype: type, rng: np.random.Generator) -> None:
    first, second = rng.random((2, rows)).astype(dtype)
    sums, expected = np.zeros(3 * 256), np.zeros(3)
    for n in (rows, 1):
        for other, weight, recorded in (
            (None, 0.0, 1.0),
            (second[:n], 0.3, 1.0),
            (np.array(2.5), 5.0, 4.0),
        ):
            gpu.nn_tally(first[:n], other, weight, recorded, sums)
            by_first = first[:n].sum(dtype=float)
            by_other = 0.0 if other is None else np.broadcast_to(other, n).sum(dtype=float)
            expected += by_first + weight * by_other, by_first, recorded * by_other
    np.testing.assert_allclose(sums.reshape(3, 256).sum(axis=1), expected, rtol=1e-13)


def test_special_numbers(dtype: type) -> None:
    with np.errstate(over="ignore"):
        special = np.array(SPECIAL).astype(dtype)
    x, y = (np.ascontiguousarray(part) for part in np.meshgrid(special, special))
    bias, one = np.zeros(len(special), dtype), np.array(1, dtype)
    value = bias.copy()
    for activation in range(6):
        require_bits(lambda m, to, f=activation: m.nn_bias_activation(x, bias, f, to[0], None), x)
        ((ours, cpu), (sums, expected)) = both(
            lambda m, to, f=activation: m.nn_bias_activation_backward(x, y, None, f, *to), x, bias
        )
        np.testing.assert_array_equal(ours, cpu)
        np.testing.assert_array_equal(np.isnan(sums), np.isnan(expected))
    column = [array.reshape(-1, 1) for array in (x, y)]  # a row each, so that values tell all
    values = np.empty(x.size, dtype)
    gradient = np.empty((x.size, 1), dtype)
    for name, options in (("bernoulli", ()), ("gaussian", (1e-200,)), ("gaussian", (1e200,))):

        def nll(m: Any, to: Any, name: str = name, options: Any = options) -> None:
            getattr(m, f"nn_{name}_nll")(*column, *options, one, *to)

        require_bits(nll, values, gradient)
    require_bits(lambda m, to: m.nn_gaussian_kl_draw(*column, 1, 0, 0, *to), values, gradient)
    require_bits(
        lambda m, to: m.nn_gaussian_kl_draw_backward(*column, column[0], 1, 0, 0, one, *to),
        gradient,
        gradient,
    )
    (slope, expected), (penalties, cpu) = both(
        lambda m, to: (
            to[1].__setitem__(
                slice(None),
                [m.nn_sparsity_penalty(each.reshape(1, 1), 0.3, 1.0, None) for each in special],
            )
            or m.nn_sparsity_penalty(special.reshape(1, -1), 0.3, 1.0, to[0])
        ),
        value,
        np.empty(len(special)),
    )
    np.testing.assert_array_equal(slope, expected)
    np.testing.assert_array_equal(penalties, cpu)


def test_addresses_make_no_difference(dtype: type, rng: np.random.Generator) -> None:
    """Vectors and single loads, numbers in step and out of it: the same lanes have the same elements."""
    for shape in ((40, 64), (4, 512)):
        x, y = numbers(shape, dtype, rng), rng.random(shape).astype(dtype)
        row, one = numbers(shape[1], dtype, rng), np.array(1, dtype)
        value, empty = np.empty(shape[0], dtype), np.empty(shape, dtype)

        def every(x: Array, y: Array, row: Array, move: Any) -> list[Array]:
            results = [move(each) for each in (empty,) * 8 + (value,) * 3 + (row,) * 2]
            a, b, c, d, e, f, g, h, u, v, w, s, t = results
            gpu.nn_bias_activation(x, row, 5, a, b)
            gpu.nn_bias_activation_backward(x, y, row, 5, c, s)
            gpu.nn_bernoulli_nll(x, y, one, u, d)
            gpu.nn_gaussian_nll(x, y, 0.5, one, v, e)
            gpu.nn_gaussian_kl_draw(x, y, 1, 0, 0, w, f)
            gpu.nn_gaussian_kl_draw_backward(x, y, x, 1, 0, 0, one, g, h)
            gpu.nn_sparsity_penalty(y, 0.1, 1.0, t)
            return results

        aligned, unaligned = every(x, y, row, np.array), every(*map(shifted, (x, y, row)), shifted)
        for one_result, other in zip(aligned, unaligned, strict=True):
            np.testing.assert_array_equal(one_result, other)


def test_neither_rows_nor_columns_depend_on_others(dtype: type, rng: np.random.Generator) -> None:
    x, y = numbers((300, 40), dtype, rng), rng.random((300, 40)).astype(dtype)
    value, single = np.empty(300, dtype), np.empty(1, dtype)
    one, out, sums = np.array(1, dtype), np.empty_like(x), np.empty(40, dtype)
    gpu.nn_bernoulli_nll(x, y, one, value, None)
    gpu.nn_bias_activation_backward(x, y, None, 2, out, sums)
    for k in (0, 17, 39):
        gpu.nn_bernoulli_nll(x[k : k + 1], y[k : k + 1], one, single, None)
        assert single[0] == value[k]
        column = [np.ascontiguousarray(array[:, k : k + 1]) for array in (x, y)]
        gpu.nn_bias_activation_backward(*column, None, 2, np.empty_like(column[0]), single)
        assert single[0] == sums[k]


def test_rows_that_lie_apart(dtype: type, rng: np.random.Generator) -> None:
    """Halves of a matrix, and rows backwards, are read and written where they are."""
    both_halves = numbers((50, 2 * 12), dtype, rng)
    upstream, cotangent = numbers((50, 12), dtype, rng), np.array(0.1, dtype)
    for matrix in (both_halves, both_halves[::-1]):
        mean, log_variance = matrix[:, :12], matrix[:, 12:]
        target, kl, z = (
            np.full((50, 30), 7, dtype),
            np.empty(50, dtype),
            np.full((50, 15), 7, dtype),
        )
        gpu.nn_gaussian_kl_draw(mean, log_variance, 5, 0, 0, kl, z[:, 3:])
        halves = target[:, 3:15], target[:, 18:]
        arguments = mean, log_variance, upstream, 5, 0, 0, cotangent
        gpu.nn_gaussian_kl_draw_backward(*arguments, *halves)
        expected_z, expected = np.empty((50, 12), dtype), np.empty((2, 50, 12), dtype)
        _native.nn_gaussian_kl_draw(mean, log_variance, 5, 0, 0, np.empty(50, dtype), expected_z)
        _native.nn_gaussian_kl_draw_backward(*arguments, *expected)
        np.testing.assert_array_equal(z[:, 3:], expected_z)
        np.testing.assert_array_equal(halves, expected)
        assert (
            (z[:, :3] == 7).all() and (target[:, :3] == 7).all() and (target[:, 15:18] == 7).all()
        )


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)], ids=str)
def test_empty(shape: tuple[int, int], dtype: type) -> None:
    x, row, value, one = (np.ones(each, dtype) for each in (shape, shape[1], shape[0], ()))
    require_bits(lambda m, to: m.nn_bias_activation(x, row, 5, *to), x, x)
    require_bits(lambda m, to: m.nn_bias_activation_backward(x, x, row, 5, *to), x, row)
    require_bits(lambda m, to: m.nn_bernoulli_nll(x, x, one, *to), value, x)
    require_bits(lambda m, to: m.nn_gaussian_nll(x, x, 0.5, one, *to), value, x)
    require_bits(lambda m, to: m.nn_gaussian_kl_draw(x, x, 1, 0, 0, *to), value, x)
    require_bits(lambda m, to: m.nn_corrupt(x, 0, 0.5, 1, 0, 0, *to), x)
    for ours, cpu in both(
        lambda m, to: to[0].fill(m.nn_sparsity_penalty(x, 0.1, 1.0, to[1])), np.empty(1), row
    ):
        np.testing.assert_array_equal(ours, cpu)


def test_results_may_be_arguments(dtype: type, rng: np.random.Generator) -> None:
    x, y, row = (
        numbers((40, 70), dtype, rng),
        rng.random((40, 70)).astype(dtype),
        np.ones(70, dtype),
    )
    one, value = np.array(1, dtype), np.empty(40, dtype)
    calls: list[Callable[[Array, Array, Array], None]] = [
        lambda a, b, to: gpu.nn_bias_activation(a, row, 5, to, None),
        lambda a, b, to: gpu.nn_bias_activation_backward(a, b, row, 5, to, row.copy()),
        lambda a, b, to: gpu.nn_bernoulli_nll(a, b, one, value, to),
        lambda a, b, to: gpu.nn_gaussian_kl_draw(a, b, 1, 0, 0, value, to),
        lambda a, b, to: gpu.nn_gaussian_kl_draw_backward(
            a, b, b, 1, 0, 0, one, to, np.empty_like(to)
        ),
    ]
    for call in calls:
        expected = np.empty_like(x)
        call(x, y, expected)
        for k in range(2):
            arguments = [x.copy(), y.copy()]
            call(*arguments, arguments[k])
            np.testing.assert_array_equal(arguments[k], expected)


def test_a_missing_barrier(monkeypatch: pytest.MonkeyPatch) -> None:
    x, sums = np.ones((64, 8)), np.empty(8)
    gpu.nn_bias_activation_backward(x, x, None, 0, x.copy(), sums)
    assert (sums == 64).all()
    monkeypatch.setattr(columns, "barrier", lambda: None)
    with pytest.raises(KernelFault, match="no barrier"):
        gpu.nn_bias_activation_backward(x, x, None, 0, x.copy(), sums)
