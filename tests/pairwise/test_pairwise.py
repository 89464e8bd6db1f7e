"""All pairs of rows agree with the measures of single pairs, within the accuracy that they state."""

from typing import Any

import numpy as np
import pytest

import cases
import fastdiv
from conftest import ISAS, THREADS
from fastdiv import _native

NAMES = ["kl_divergence", "js_divergence", "js_distance"]
STATED = {
    ("kl_divergence", np.float64): 1e-12,
    ("kl_divergence", np.float32): 1e-5,
    ("js_divergence", np.float64): 1e-13,
    ("js_divergence", np.float32): 1e-5,
    ("js_distance", np.float64): 1e-13,
    ("js_distance", np.float32): 1e-5,
}


def rows(rng: np.random.Generator, dtype: type, n: int = 40) -> Any:
    """Rows of every kind: random, close, equal, proportional, with zeros, invalid."""
    random = rng.dirichlet(np.ones(n), 12)
    close = random[:4] * (1 + 1e-4 * rng.uniform(-1, 1, (4, n)))
    zeros = np.where(rng.random((4, n)) < 0.3, 0, random[4:8])
    bad = random[:3].copy()
    bad[0, 1], bad[1, 2], bad[2] = np.nan, -1, 0
    return np.concatenate([random, close, 3 * random[:2], zeros, np.eye(n)[:3], bad]).astype(dtype)


def single_pairs(name: str, p: Any, q: Any) -> Any:
    return getattr(fastdiv, name)(p[:, np.newaxis], q[np.newaxis])


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize("name", NAMES)
def test_against_single_pairs(
    name: str, normalize: bool, dtype: type, rng: np.random.Generator
) -> None:
    p, q = rows(rng, dtype), rows(rng, dtype)[::-1]
    function = getattr(fastdiv.pairwise, name)
    one = getattr(fastdiv, name)
    expected = one(p[:, np.newaxis], q[np.newaxis], normalize=normalize)
    for isa in ISAS:
        _native.set_isa(isa)
        actual = function(p, q, normalize=normalize)
        assert actual.dtype == dtype
        stated = STATED[name, dtype]
        scale = np.nanmax(np.abs(expected[np.isfinite(expected)])) if not normalize else 0
        np.testing.assert_allclose(actual, expected, rtol=stated, atol=stated * scale)


@pytest.mark.parametrize("name", NAMES)
def test_zero_where_equal(name: str, dtype: type, rng: np.random.Generator) -> None:
    p = rng.random((300, 33)).astype(dtype)
    for factor in (1, 3, 0.1):
        matrix = getattr(fastdiv.pairwise, name)(p, p * dtype(factor))
        assert np.count_nonzero(np.diag(matrix)) == 0
        assert np.count_nonzero(matrix) == 300 * 299


@pytest.mark.parametrize("name", NAMES)
def test_one_matrix(name: str, dtype: type, rng: np.random.Generator) -> None:
    p = rows(rng, dtype)
    function = getattr(fastdiv.pairwise, name)
    np.testing.assert_allclose(function(p), function(p, p), rtol=2 * STATED[name, dtype])
    out = np.empty((len(p), len(p)), dtype)
    assert function(p, out=out) is out
    np.testing.assert_array_equal(out, function(p))


@pytest.mark.parametrize("name", ["js_divergence", "js_distance"])
def test_weight_and_base(name: str, rng: np.random.Generator) -> None:
    p, q = cases.random_rows(rng, 5, 30, np.float64), cases.random_rows(rng, 4, 30, np.float64)
    for weight in (0.0, 0.2, 1.0):
        actual = getattr(fastdiv.pairwise, name)(p, q, weight, base=2)
        options = {"weight": weight, "base": 2}
        expected = getattr(fastdiv, name)(p[:, np.newaxis], q[np.newaxis], **options)
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-16)


def test_same_bits_for_any_threads(dtype: type, rng: np.random.Generator) -> None:
    p, q = rng.random((70, 300)).astype(dtype), rng.random((90, 300)).astype(dtype)
    results = []
    for isa in [name for name in ISAS if name != "v2"]:
        _native.set_isa(isa)
        for threads in THREADS:
            fastdiv.set_num_threads(threads)
            results.append(fastdiv.pairwise.js_divergence(p, q))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


@pytest.mark.parametrize("name", NAMES)
def test_empty_and_views(name: str, rng: np.random.Generator) -> None:
    function = getattr(fastdiv.pairwise, name)
    assert function(np.empty((0, 3)), np.ones((2, 3))).shape == (0, 2)
    assert (function(np.empty((2, 0)), np.empty((3, 0))) == 0).all()
    p = rng.random((6, 20))
    np.testing.assert_array_equal(function(p[::-2, ::2]), function(p[::-2, ::2].copy()))
    np.testing.assert_allclose(function(np.asfortranarray(p)), function(p), rtol=1e-12)
