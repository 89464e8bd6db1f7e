"""Values of every measure, on every instruction set, against mpmath within the stated 4 ulp."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import cases
import fastdiv
from conftest import ISAS
from fastdiv import _native

ROW_MEASURES = [name for name, measure in cases.MEASURES.items() if measure.event_axes == 1]
TABLE_MEASURES = [name for name, measure in cases.MEASURES.items() if measure.event_axes == 2]


def bounds(name: str, arrays: cases.Sequence[Any], dtype: type, **options: Any) -> Any:
    """Allowed errors where they are not just 4 ulp of the terms."""
    if name != "js_distance":
        return None
    divergences = cases.reference_rows("js_divergence", arrays, **options)
    return [cases.distance_error_bound(each, dtype) for each in divergences.flat]


def check(name: str, arrays: tuple[Any, ...], dtype: type, **options: Any) -> None:
    """Compare the value on every instruction set with the reference."""
    expected = cases.reference_rows(name, arrays, **options)
    allowed = bounds(name, arrays, dtype, **options)
    for isa in ISAS:
        _native.set_isa(isa)
        actual = getattr(fastdiv, name)(*arrays, **options)
        assert np.asarray(actual).dtype == dtype
        ratio = cases.worst_error_ratio(actual, expected, dtype, allowed)
        assert ratio <= 1, f"{isa}: {ratio} times the allowed error"


def pick(name: str, pair: cases.Pair) -> tuple[Any, ...]:
    """As many arrays as the measure takes."""
    return pair[: cases.MEASURES[name].arguments]


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize("n", cases.SIZES)
@pytest.mark.parametrize("name", ROW_MEASURES)
def test_random_rows(
    name: str, n: int, normalize: bool, dtype: type, rng: np.random.Generator
) -> None:
    rows = 3 if n < 200 else 1
    pair = cases.random_rows(rng, rows, n, dtype), cases.random_rows(rng, rows, n, dtype)
    check(name, pick(name, pair), dtype, normalize=normalize)


def adversarial() -> Iterator[Any]:
    """Every case at several sizes."""
    for n in (1, 2, 7, 33, 150):
        for case in cases.adversarial_rows(np.random.default_rng(0), n, np.float64):
            yield pytest.param(n, case, id=f"{case}-{n}")


@pytest.mark.parametrize(("n", "case"), list(adversarial()))
def test_adversarial_rows(n: int, case: str, dtype: type, rng: np.random.Generator) -> None:
    pair = cases.adversarial_rows(rng, n, dtype)[case]
    for name in ROW_MEASURES:
        for normalize in (True, False):
            check(name, pick(name, pair), dtype, normalize=normalize)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (5, 7), (16, 9)], ids=str)
def test_tables(shape: tuple[int, int], dtype: type, rng: np.random.Generator) -> None:
    for table in cases.adversarial_tables(rng, *shape, dtype).values():
        for name in TABLE_MEASURES:
            givens = [{"given": -1}, {"given": -2}] if name == "conditional_entropy" else [{}]
            for options in givens:
                for normalize in (True, False):
                    check(name, (table,), dtype, normalize=normalize, **options)


@pytest.mark.parametrize("weight", [0.0, 1e-3, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("name", ["js_divergence", "js_distance"])
def test_weights(name: str, weight: float, dtype: type, rng: np.random.Generator) -> None:
    for case in ("random", "zeros_more_in_p", "infinite", "one_hot_disjoint", "huge_range"):
        pair = cases.adversarial_rows(rng, 33, dtype)[case]
        check(name, pair, dtype, weight=weight)


@pytest.mark.parametrize("base", [2, 10.0, 0.5])
def test_base(base: float, rng: np.random.Generator) -> None:
    pair = cases.random_rows(rng, 2, 50, np.float64), cases.random_rows(rng, 2, 50, np.float64)
    for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence", "self_information"):
        check(name, pick(name, pair), np.float64, base=base)
    if base > 1:
        check("js_distance", pair, np.float64, base=base)


def test_proportional_rows_are_equal(isa: str, dtype: type, rng: np.random.Generator) -> None:
    for factor in (3, 0.1, 7.3, 1e-3):
        p = rng.random((2000, 50)).astype(dtype)
        q = p * dtype(factor)
        for name in ("kl_divergence", "js_divergence", "js_distance"):
            assert np.count_nonzero(getattr(fastdiv, name)(p, q)) == 0
            assert np.count_nonzero(getattr(fastdiv, name)(q, p)) == 0


def test_relative_accuracy_of_close_rows(isa: str, rng: np.random.Generator) -> None:
    p = cases.random_rows(rng, 4, 200, np.float64)
    q = p * (1 + 1e-6 * rng.uniform(-1, 1, p.shape))
    for name in ("kl_divergence", "js_divergence"):
        expected = [each.value for each in cases.reference_rows(name, (p, q))]
        np.testing.assert_allclose(getattr(fastdiv, name)(p, q), np.array(expected, float), 1e-9)


def test_symmetry_to_the_bit(dtype: type, rng: np.random.Generator) -> None:
    p, q = cases.random_rows(rng, 9, 77, dtype), cases.random_rows(rng, 9, 77, dtype)
    for name in ("js_divergence", "js_distance"):
        function = getattr(fastdiv, name)
        np.testing.assert_array_equal(function(p, q), function(q, p))
