"""All pairs of rows on the simulated GPU: the CPU's measures of single pairs, within the accuracy that is stated."""

from typing import Any

import numpy as np
import pytest

from fastdiv import _native

cuda = pytest.importorskip("fastdiv._cuda", reason="needs Numba")
from fastdiv._cuda.pairs import launching, tiles  # noqa: E402

NAMES = ["kl_divergence", "js_divergence", "js_distance"]
every_name = pytest.mark.parametrize("name", NAMES)
STATED = {np.float32: 1e-5, np.float64: 1e-12}


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of several chunks must not take the simulator long."""
    monkeypatch.setattr(tiles, "LEAST_CHUNK", 64)


def run(
    name: str, p: Any, q: Any, normalize: bool = True, base: float = 0.0, weight: float = 0.5
) -> Any:
    value = np.empty((len(p), len(q)), p.dtype)
    getattr(cuda, f"pairwise_{name}")(p, q, value, base, normalize, weight)
    return value


def singly(
    name: str, p: Any, q: Any, normalize: bool = True, base: float = 0.0, weight: float = 0.5
) -> Any:
    """Return what the CPU says of each pair."""
    value = np.empty((len(p), len(q)), p.dtype)
    pairs = np.broadcast_arrays(p[:, np.newaxis], q[np.newaxis])
    getattr(_native, name)(*pairs, value, base, normalize, weight)
    return value


def rows(rng: np.random.Generator, count: int, n: int, dtype: type) -> Any:
    """Random rows, then some that are close to each other, proportional, with zeros, and one-hot."""
    p = rng.standard_exponential((count, n)) + 1e-6
    p[1::6] = p[:1] * (1 + 1e-4 * rng.uniform(-1, 1, p[1::6].shape))
    p[2::6] = 3 * p[:1]
    p[3::6] *= rng.random(p[3::6].shape) < 0.7
    p[4::6] = np.eye(n)[np.arange(len(p[4::6])) % n]
    return (p / p.sum(axis=1).max()).astype(dtype)


@every_name
@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 1, 1), (1, 20, 3), (17, 33, 5), (16, 16, 64), (7, 5, 67), (3, 2, 150)]
)
def test_against_single_pairs(
    name: str, m: int, k: int, n: int, normalize: bool, dtype: type, rng: np.random.Generator
) -> None:
    p, q = rows(rng, m, n, dtype), rows(rng, k, n, dtype)[::-1]
    if m > 1:
        q[0] = p[0]
    actual, expected = (function(name, p, q, normalize) for function in (run, singly))
    finite = expected[np.isfinite(expected)]
    scale = np.abs(finite).max(initial=0) if not normalize else 0
    np.testing.assert_allclose(actual, expected, rtol=STATED[dtype], atol=STATED[dtype] * scale)
    if m > 1 and normalize:
        assert actual[0, 0] == 0


@every_name
@pytest.mark.parametrize("n", [40, 67])
def test_invalid_rows_spoil_no_others(
    name: str, n: int, dtype: type, rng: np.random.Generator
) -> None:
    p, q = rows(rng, 20, n, dtype), rows(rng, 19, n, dtype)
    wanted = run(name, p, q)
    p[3, 1], p[5, 0], p[18], q[0, 2], q[17, 3] = np.nan, -1, 0, np.inf, np.nan
    got = run(name, p, q)
    bad = np.zeros(got.shape, bool)
    bad[[3, 5, 18]], bad[:, [0, 17]] = True, True
    assert np.isnan(got[bad]).all()
    np.testing.assert_array_equal(got[~bad], wanted[~bad])


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@every_name
def test_bits_depend_on_nothing_but_the_pair(
    name: str,
    normalize: bool,
    dtype: type,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever adds up the chunks; but for the product of matrices, whose order is the library's."""
    p, q = rows(rng, 18, 150, dtype), rows(rng, 4, 150, dtype)
    split = run(name, p, q, normalize)
    monkeypatch.setattr(launching, "ENOUGH_BLOCKS", 1)
    np.testing.assert_array_equal(run(name, p, q, normalize), split)
    if name != "kl_divergence" or not normalize:
        np.testing.assert_array_equal(run(name, p[17:], q[1:3], normalize), split[17:, 1:3])


@every_name
def test_views(name: str, dtype: type, rng: np.random.Generator) -> None:
    p, q = rows(rng, 9, 21, dtype), rows(rng, 6, 21, dtype)
    memory = np.ones((9, 2, 23), dtype)
    strided = memory[:, 1, 1:22]
    strided[...] = p
    for normalize in (True, False):
        wanted = run(name, p, q, normalize)
        for view in (strided, np.asfortranarray(p), p[::-1].copy()[::-1]):
            np.testing.assert_array_equal(run(name, view, q, normalize), wanted)
    np.testing.assert_array_equal(run(name, p, p), run(name, p, p.copy()))


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("base", [2.0, 0.5])
def test_weight_and_base(weight: float, base: float, dtype: type, rng: np.random.Generator) -> None:
    p, q = rows(rng, 8, 30, dtype), rows(rng, 5, 30, dtype)
    actual, expected = (
        function("js_divergence", p, q, base=base, weight=weight) for function in (run, singly)
    )
    np.testing.assert_allclose(actual, expected, rtol=STATED[dtype], atol=1e-16)
    signed = run("kl_divergence", p, q, base=base)
    np.testing.assert_allclose(signed, singly("kl_divergence", p, q, base=base), rtol=STATED[dtype])


def test_entries_of_any_size(dtype: type, rng: np.random.Generator) -> None:
    """Rows whose sums overflow or are subnormal are normalised first."""
    limits = np.finfo(dtype)
    p, q = rows(rng, 5, 20, np.float64), rows(rng, 4, 20, np.float64)
    p, q = (each / each.max(axis=1, keepdims=True) for each in (p, q))
    huge, faint = (
        (p * 0.9 * float(limits.max)).astype(dtype),
        (q * 1e5 * float(limits.smallest_normal)).astype(dtype),
    )
    expected = singly("js_divergence", huge, faint)
    np.testing.assert_allclose(run("js_divergence", huge, faint), expected, rtol=STATED[dtype])
    expected = singly("kl_divergence", huge, faint)
    np.testing.assert_allclose(run("kl_divergence", huge, faint), expected, rtol=10 * STATED[dtype])
