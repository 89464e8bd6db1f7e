"""Self-information on the simulated GPU: the CPU's values and gradients, whatever the rows' length and place."""

from typing import Any

import numpy as np
import pytest

from fastdiv import _native

cuda = pytest.importorskip("fastdiv._cuda", reason="needs Numba")


def run(
    backend: Any, p: Any, cotangent: Any = None, base: float = 0.0, normalize: bool = True
) -> Any:
    value, gradient = np.empty(p.shape, p.dtype), np.empty(p.shape, p.dtype)
    backend.self_information(p, value, base, normalize, cotangent=cotangent, grad_p=gradient)
    return value, gradient


def weights(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> Any:
    """Some of them are 0, subnormal or large."""
    p = rng.random(shape)
    p[..., 1::5] = 0
    p[..., 2::7] *= float(np.finfo(dtype).smallest_normal) / 8
    p[..., 3::11] *= 1e6
    return p.astype(dtype)


def assert_close(actual: Any, expected: Any, dtype: type) -> None:
    for got, wanted in zip(actual, expected, strict=True):
        size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1)
        np.testing.assert_allclose(
            got, wanted, rtol=4 * np.finfo(dtype).eps, atol=size * np.finfo(dtype).eps
        )


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize("n", [1, 2, 33, 1025, 16_400])
def test_against_the_cpu(n: int, normalize: bool, dtype: type, rng: np.random.Generator) -> None:
    p, c = weights(rng, (3, n), dtype), rng.normal(size=(3, n)).astype(dtype)
    p[:, 0] = 1
    for cotangent, base in ((None, 0.0), (c, 2.0), (c, 0.5)):
        ours, cpus = (run(each, p, cotangent, base, normalize) for each in (cuda, _native))
        assert_close(ours, cpus, dtype)


@pytest.mark.parametrize("n", [9, 1025])
def test_rows_do_not_spoil_each_other(n: int, dtype: type, rng: np.random.Generator) -> None:
    p, c = rng.random((6, n)).astype(dtype), rng.normal(size=(6, n)).astype(dtype)
    wanted = run(cuda, p, c)
    p[1, 3], p[2, 4], p[3], p[4, 0] = np.nan, -1, 0, np.inf
    for got, good in zip(run(cuda, p, c), wanted, strict=True):
        assert np.isnan(got[1:5]).all()
        np.testing.assert_array_equal(got[[0, 5]], good[[0, 5]])


@pytest.mark.parametrize("n", [7, 64, 1030])
def test_bits_depend_on_nothing_but_the_row(n: int, dtype: type, rng: np.random.Generator) -> None:
    p, c = rng.random((5, n)).astype(dtype), rng.normal(size=(5, n)).astype(dtype)
    wanted = run(cuda, p, c)
    views = np.ones((5, 3, n + 3), dtype)
    strided = views[:, 1, 1 : n + 1]
    strided[...] = p
    for shown in (strided, np.asfortranarray(p)):
        for got, value in zip(run(cuda, shown, c), wanted, strict=True):
            np.testing.assert_array_equal(got, value)
    for row in range(5):
        for got, value in zip(run(cuda, p[row], c[row]), wanted, strict=True):
            np.testing.assert_array_equal(got, value[row])
    # the value is the same whether a gradient is asked for or not
    alone = np.empty_like(p)
    cuda.self_information(p, alone, 0.0, True)
    np.testing.assert_array_equal(alone, wanted[0])


def test_outputs_in_strided_memory(dtype: type, rng: np.random.Generator) -> None:
    p = rng.random((4, 50)).astype(dtype)
    wanted = run(cuda, p)
    memory = np.full((2, 50, 4), -7, dtype)
    cuda.self_information(p, memory[0].T, 0.0, True, grad_p=memory[1].T)
    np.testing.assert_array_equal(memory[0].T, wanted[0])
    np.testing.assert_array_equal(memory[1].T, wanted[1])
    own = p.copy()
    cuda.self_information(own, memory[0].T, 0.0, True, grad_p=own)
    np.testing.assert_array_equal(own, wanted[1])


@pytest.mark.parametrize("scale", [1e-38, 3e38])
def test_sums_beyond_the_range(scale: float, rng: np.random.Generator) -> None:
    p = (rng.uniform(0.1, 1, (2, 40)) * scale).astype(np.float32)
    value, gradient = run(cuda, p)
    whole = p.astype(np.float64)
    expected = np.log(whole.sum(axis=1, keepdims=True) / whole)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    slope = 40 / whole.sum(axis=1, keepdims=True) - 1 / whole
    inside = np.abs(slope) < float(np.finfo(np.float32).max)
    np.testing.assert_allclose(gradient[inside], slope[inside], rtol=1e-5, atol=2e-6 / scale)
