"""Values of logits, on every instruction set, within the stated 4 ulp: short rows against mpmath."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastdiv
import logits_cases
import logits_errors
from conftest import ISAS
from fastdiv import _native
from logits_cases import CHUNK, every_dtype, every_measure


def check(name: str, pair: Any, **options: Any) -> None:
    """Compare the value on every instruction set with the reference."""
    arrays = logits_cases.pick(name, pair)
    expected = logits_errors.reference_rows(name, arrays, **options)
    dtype = logits_cases.value_dtype(arrays[0].dtype)
    for isa in ISAS:
        _native.set_isa(isa)
        actual = getattr(fastdiv.logits, name)(*arrays, **options)
        error = logits_errors.worst_value_error(actual, expected, dtype)
        assert error <= 1, f"{isa}, {name}, {options}: {error} times the allowed error"


@every_dtype
@pytest.mark.parametrize("n", logits_cases.SIZES + logits_cases.LONG_SIZES)
@every_measure
def test_random_rows(name: str, n: int, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    rows = 3 if n < 200 else 1
    check(name, logits_cases.random_pair(rng, rows, n, dtype))


@every_dtype
@pytest.mark.parametrize("n", logits_cases.VOCABULARIES)
def test_vocabularies(n: int, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    pair = logits_cases.random_pair(rng, 1, n, dtype)
    for name in logits_cases.MEASURES:
        check(name, pair, temperature=0.7)


def adversarial() -> Iterator[Any]:
    """Every case at several sizes, as it is and at another temperature."""
    for n, temperature in ((1, 10.0), (2, 3.0), (7, 0.1), (33, 0.7), (150, 3.0)):
        for case in logits_cases.adversarial_rows(np.random.default_rng(0), n, np.float64):
            yield pytest.param(n, case, temperature, id=f"{case}-{n}")


@pytest.mark.parametrize(("n", "case", "temperature"), list(adversarial()))
def test_adversarial_rows(
    n: int, case: str, temperature: float, dtype: type, rng: np.random.Generator
) -> None:
    if case in logits_cases.BELOW_NORMAL:
        pytest.skip("a probability below the smallest normal number may count as 0")
    pair = logits_cases.adversarial_rows(rng, n, dtype)[case]
    for name in logits_cases.MEASURES:
        check(name, pair)
        check(name, pair, temperature=temperature)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_whole_chunks_of_minus_inf(place: int, dtype: type, rng: np.random.Generator) -> None:
    chunk = slice(place * CHUNK, (place + 1) * CHUNK)
    x, y = (row[0] for row in logits_cases.random_pair(rng, 1, 3 * CHUNK + 5, dtype))
    masked_x, masked_y = x.copy(), y.copy()
    masked_x[chunk] = masked_y[chunk] = -np.inf
    only_chunk = np.full_like(x, -np.inf)
    only_chunk[chunk] = x[chunk]
    for name in logits_cases.MEASURES:
        for pair in ((masked_x, y), (masked_x, masked_y), (x, masked_y), (only_chunk, y)):
            check(name, pair)
    check("js_divergence", (only_chunk, masked_y))


def test_largest_logit_in_any_chunk(dtype: type, rng: np.random.Generator) -> None:
    """What has been added up must be rescaled when a later chunk has larger logits."""
    x, y = (row[0] for row in logits_cases.random_pair(rng, 1, 3 * CHUNK + 5, dtype))
    for height in (20, 60, 200, 2000):
        for place in (3, CHUNK + 3, 3 * CHUNK + 3):
            high_x, high_y = x.copy(), y.copy()
            high_x[place] = high_y[place - 1] = height
            for name in logits_cases.MEASURES:
                check(name, (high_x, y))
                check(name, (x, high_y))
                check(name, (high_x, high_y))


@pytest.mark.parametrize(
    "temperature", [1e-300, 1e-38, 1e-5, *logits_cases.TEMPERATURES, 1e5, 1e38, 1e300]
)
@every_measure
def test_temperatures(name: str, temperature: float, dtype: type, rng: np.random.Generator) -> None:
    pair = logits_cases.random_pair(rng, 3, 8, dtype)
    pair[1][0] = pair[0][0]
    check(name, pair, temperature=temperature)


@pytest.mark.parametrize("mask", [-1e4, -1e9, -1e10, -1e20, -1e30])
@every_measure
def test_a_peak_masked_in_the_other_row(name: str, mask: float, dtype: type) -> None:
    """Masks that are finite, as users write them, where the other row has its peak."""
    for temperature in (1.0, 0.1):
        x, y = np.array([0, 1, 5], dtype), np.array([0, 1, mask], dtype)
        check(name, (x, y), temperature=temperature)
        check(name, (y, x), temperature=temperature)


@pytest.mark.parametrize("weight", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_weights(weight: float, dtype: type, rng: np.random.Generator) -> None:
    for n in (7, 33):
        for case, pair in logits_cases.adversarial_rows(rng, n, dtype).items():
            if n > 7 or not case.startswith(("huge", "lowest")):
                check("js_divergence", pair, weight=weight)


@pytest.mark.parametrize("base", [2, 10.0, 0.5])
@every_measure
def test_base(name: str, base: float, dtype: type, rng: np.random.Generator) -> None:
    check(name, logits_cases.random_pair(rng, 2, 50, dtype), base=base)
    check(name, logits_cases.adversarial_rows(rng, 7, dtype)["minus_inf_in_y"], base=base)


@every_dtype
def test_equal_rows(isa: str, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    """Exactly 0, also where logits differ by a constant that the type holds exactly."""
    for n in (1, 5, 33, 1001, 20_000):
        for temperature in logits_cases.TEMPERATURES:
            x = np.round(rng.normal(size=(2, n)) * 10).astype(dtype)
            x[1, : n // 3] = -np.inf
            for shift in (0, 3, -64):
                y = x + np.asarray(shift, dtype)
                for name in ("kl_divergence", "js_divergence"):
                    value = getattr(fastdiv.logits, name)(x, y, temperature=temperature)
                    np.testing.assert_array_equal(value, 0)


def test_never_negative(isa: str, dtype: type, rng: np.random.Generator) -> None:
    for size in (1e-6, 1e-3, 1e-1, 10):
        x = (rng.normal(size=(2000, 50)) * 4).astype(dtype)
        y = (x + size * rng.normal(size=x.shape)).astype(dtype)
        assert (fastdiv.logits.kl_divergence(x, y) >= 0).all()
        assert (fastdiv.logits.js_divergence(x, y) >= 0).all()


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("n", [200, 20_000])
def test_relative_accuracy_of_close_rows(
    n: int, size: float, dtype: type, rng: np.random.Generator
) -> None:
    """The divergence of rows that differ by `size` has the order size^2, and KL its digits nonetheless."""
    x = (rng.normal(size=(2, n)) * 3).astype(dtype)
    y = (x + size * rng.uniform(-1, 1, x.shape)).astype(dtype)
    check("js_divergence", (x, y))
    expected = logits_errors.reference_rows("kl_divergence", (x, y))
    values = [float(each.value) for each in expected]
    relative = 1e-6 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(fastdiv.logits.kl_divergence(x, y), values, rtol=relative)
