"""The same bits on v3, v4 and NEON and for any number of threads; large inputs against long double."""

from typing import Any

import numpy as np
import pytest

import cases
import fastdiv
from conftest import ISAS, THREADS
from fastdiv import _native

# Without fused multiply-add v2 rounds twice: equal within the error bound, not in bits.
BIT_EQUAL = [name for name in ISAS if name != "v2"]
SHAPES = [(3, 300_001), (40, 20_000), (5000, 97), (100_000, 3)]


def weights(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> Any:
    array = rng.standard_exponential(shape).astype(dtype)
    array[rng.random(shape) < 0.1] = 0
    return array


def all_results(arrays: tuple[Any, ...], name: str, **options: Any) -> list[Any]:
    """Value and gradients, for every instruction set and number of threads."""
    function = getattr(fastdiv, name)
    results = []
    for isa in BIT_EQUAL:
        _native.set_isa(isa)
        for threads in THREADS:
            fastdiv.set_num_threads(threads)
            argnums = tuple(range(len(arrays)))
            value, gradients = fastdiv.value_and_grad(function, argnums)(*arrays, **options)
            alone = function(*arrays, **options)
            np.testing.assert_array_equal(value, alone)
            results.append((value, *gradients))
    return results


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", [n for n, m in cases.MEASURES.items() if m.event_axes == 1])
def test_rows(name: str, shape: tuple[int, ...], dtype: type, rng: np.random.Generator) -> None:
    p = weights(rng, shape, dtype)
    q = np.where(p > 0, weights(rng, shape, dtype) + dtype(0.01), 0).astype(dtype)
    arrays = (p, q)[: cases.MEASURES[name].arguments]
    first, *others = all_results(arrays, name)
    assert np.isfinite(first[0]).any()
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(2, 600, 500), (1, 7, 40_000), (900, 32, 32)], ids=str)
@pytest.mark.parametrize("name", ["joint_entropy", "conditional_entropy", "mutual_information"])
def test_tables(name: str, shape: tuple[int, ...], dtype: type, rng: np.random.Generator) -> None:
    first, *others = all_results((weights(rng, shape, dtype),), name)
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_strides_change_no_bit(dtype: type, rng: np.random.Generator) -> None:
    p, q = weights(rng, (30, 9000), dtype), weights(rng, (30, 9000), dtype) + dtype(0.1)
    compute = fastdiv.value_and_grad(fastdiv.js_divergence, (0, 1))
    value, gradients = compute(p, q)
    strided = compute(np.asfortranarray(p), np.repeat(q, 2, axis=1)[:, ::2])
    moved = compute(np.ascontiguousarray(p.T), q.T, axis=0)
    np.testing.assert_array_equal(strided[0], value)
    np.testing.assert_array_equal(moved[0], value)
    for k in range(2):
        np.testing.assert_array_equal(strided[1][k], gradients[k])
        np.testing.assert_array_equal(moved[1][k].T, gradients[k])


@pytest.mark.parametrize("n", [10**5 + 1, 4 * 10**6])
def test_large_rows(n: int, dtype: type, rng: np.random.Generator) -> None:
    p, q = weights(rng, (n,), dtype), weights(rng, (n,), dtype) + dtype(1e-3)
    a, b = p.astype(np.longdouble), q.astype(np.longdouble)
    a, b = a / a.sum(), b / b.sum()
    m = (a + b) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = {
            "entropy": -np.where(a > 0, a * np.log(a), 0),
            "kl_divergence": np.where(a > 0, a * np.log(a / b), 0),
            "js_divergence": (np.where(a > 0, a * np.log(a / m), 0) + b * np.log(b / m)) / 2,
        }
    for isa in ISAS:
        _native.set_isa(isa)
        for name, each in terms.items():
            arrays = (p, q)[: cases.MEASURES[name].arguments]
            error = abs(np.longdouble(getattr(fastdiv, name)(*arrays)) - each.sum())
            assert error <= 4 * np.spacing(dtype(np.abs(each).sum())), (isa, name)
