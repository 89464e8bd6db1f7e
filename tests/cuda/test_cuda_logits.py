"""Measures of logits on simulated lanes, against the CPU: whoever computes a row, its bits are the same."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastdiv
import logits_cases
import logits_errors
from fastdiv import _cuda
from fastdiv._cuda import executions, launching, layout
from fastdiv._cuda.logits.measures import COMPUTED
from logits_cases import every_dtype, every_measure

Array = Any
CHUNK = layout.CHUNK
LONG = 2 * CHUNK + 5  # of three chunks


def evaluate(
    name: str, arrays: Any, cotangent: Any = None, wanted: int = 3, **options: Any
) -> list[Array]:
    """Return the value and the gradients that are wanted, computed by the kernels for a GPU."""
    stored = [
        array.view(np.uint16) if array.dtype.name == "bfloat16" else array for array in arrays
    ]
    value = np.empty(arrays[0].shape[:-1], logits_cases.value_dtype(arrays[0].dtype))
    gradients = [np.empty_like(each) if wanted >> k & 1 else None for k, each in enumerate(stored)]
    given = (options.get("base", 0.0), options.get("temperature", 1.0))
    if len(arrays) == 2:
        given = (*given, options.get("weight", 0.5))
    getattr(_cuda, f"logits_{name}")(*stored, value, *given, cotangent, *gradients)
    named = [each.view(arrays[0].dtype) for each in gradients if each is not None]
    return [value, *named]


def on_the_cpu(name: str, arrays: Any, **options: Any) -> list[Array]:
    compute = fastdiv.value_and_grad(getattr(fastdiv.logits, name), tuple(range(len(arrays))))
    value, gradients = compute(*arrays, **options)
    return [value, *gradients]


def same_bits(found: list[Array], wanted: list[Array]) -> bool:
    return all(logits_errors.same_bits(a, b) for a, b in zip(found, wanted, strict=True))


def check(name: str, arrays: Any, **options: Any) -> None:
    """Compare with the CPU: values within 8 ulp of what they are made of, gradients within those of their row."""
    found, wanted = evaluate(name, arrays, **options), on_the_cpu(name, arrays, **options)
    computed = COMPUTED[arrays[0].dtype.name]
    narrow = arrays[0].dtype.itemsize == 2
    terms = np.abs(wanted[0].astype(float)) + np.log(arrays[0].shape[-1]) + 1
    assert (np.abs(found[0] - wanted[0]) <= 8 * np.finfo(computed).eps * terms).all(), name
    tolerance = logits_errors.GRADIENT_TOLERANCE[np.dtype(computed).name]
    for k, (mine, other) in enumerate(zip(found[1:], wanted[1:], strict=True)):
        one, two = mine.astype(float), other.astype(float)
        largest = np.abs(two).max(-1, keepdims=True)
        if name == "js_divergence":
            terms = logits_errors.js_terms(arrays, k, **options)
            largest = np.maximum(
                largest, np.reshape(terms, largest.shape) / options.get("temperature", 1.0)
            )
        allowed = 2 * tolerance * largest + (2**-7 * np.abs(two) if narrow else 0)
        smallest = float(logits_cases.finfo(arrays[0].dtype).smallest_normal)
        assert (np.abs(one - two) <= allowed + smallest).all(), f"{name} by {'xy'[k]}"


@pytest.fixture(params=["fused", "staged", "first_staged", "split", "grouped"])
def executed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every way to compute long rows."""
    plans = {
        "fused": (0, 0),
        "staged": (0, 2),
        "first_staged": (0, 1),
        "split": (5, 0),
        "grouped": (2, 0),
    }
    group, staged = plans[request.param]

    def plan_of(measure: Any, layout: Any, rows: int, n: int, passes: int) -> launching.Plan:
        kept = min(staged, measure.inputs)
        size = layout.staged_bytes(n, kept, np.dtype(measure.stored).itemsize)
        return launching.Plan(group, kept, size)

    monkeypatch.setattr(launching, "plan_of", plan_of)
    return str(request.param)


@pytest.fixture(scope="module")
def long_rows() -> dict[str, Any]:
    """Rows of several chunks in all types, and what is computed of them by default."""
    rng = np.random.default_rng(7)
    found = {}
    for dtype in logits_cases.DTYPES.values():
        pair = logits_cases.random_pair(rng, 5, LONG, dtype)
        for array in pair:
            array[1, :CHUNK] = -np.inf
            array[2, 3] = np.nan
        pair[1][3] = pair[0][3]
        for name in logits_cases.MEASURES:
            arrays = logits_cases.pick(name, pair)
            found[name, dtype.name] = arrays, evaluate(name, arrays)
    return found


@every_measure
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_executions_give_the_same_bits(
    name: str, dtype: str, executed: str, long_rows: dict[str, Any]
) -> None:
    arrays, wanted = long_rows[name, dtype]
    assert same_bits(evaluate(name, arrays), wanted)


@every_dtype
@every_measure
def test_long_rows_agree_with_the_cpu(
    name: str, dtype: np.dtype[Any], long_rows: dict[str, Any]
) -> None:
    arrays, _ = long_rows[name, dtype.name]
    good = [0, 1, 3, 4]
    check(name, tuple(array[good] for array in arrays))


@every_measure
def test_a_row_with_nan_spoils_no_other(name: str, long_rows: dict[str, Any]) -> None:
    arrays, found = long_rows[name, "float32"]
    good = [0, 1, 3, 4]
    alone = evaluate(name, tuple(array[good] for array in arrays))
    assert same_bits([each[good] for each in found], alone)
    assert all(np.isnan(each[2]).all() for each in found)


@every_dtype
@every_measure
@pytest.mark.parametrize("n", [1, 2, 7, 255, 1023, 1025, 5001])
def test_lengths(name: str, n: int, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    check(name, logits_cases.pick(name, logits_cases.random_pair(rng, 3, n, dtype)))


@pytest.mark.parametrize("temperature", [0.1, 0.7, 3.0, 10.0])
@every_measure
def test_temperatures(name: str, temperature: float, dtype: type, rng: np.random.Generator) -> None:
    check(
        name,
        logits_cases.pick(name, logits_cases.random_pair(rng, 3, 300, dtype)),
        temperature=temperature,
    )


def adversarial(rng: np.random.Generator, n: int, dtype: Any) -> Iterator[tuple[Array, Array]]:
    """One-hot rows, rows with -inf, rows that differ by 1e4."""
    x, y = logits_cases.random_pair(rng, 4, n, dtype)
    one_hot = x.copy()
    one_hot[:, 1] = 300
    yield one_hot, y
    yield one_hot, one_hot[:, ::-1].copy()
    masked = x.copy()
    masked[:, : n // 2] = -np.inf
    yield masked, y
    large = 100 if np.dtype(dtype).itemsize == 2 else 1e4
    yield x, (y.astype(np.float64) + large).astype(dtype)


@every_dtype
@every_measure
def test_special_rows(name: str, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    for pair in adversarial(rng, 50, dtype):
        check(name, logits_cases.pick(name, pair))


@every_dtype
@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence"])
def test_equal_rows_are_exactly_0_apart(
    name: str, dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    for n in (5, 3000, LONG):
        x = np.round(rng.normal(size=(2, n)) * 10).astype(dtype)
        x[1, : n // 3] = -np.inf
        for y in (x, x + np.asarray(64, dtype)):
            for each in evaluate(name, (x, y), temperature=0.7):
                np.testing.assert_array_equal(each.astype(np.float32), 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@every_measure
def test_narrow_types_are_rounded_float32(name: str, dtype: str, long_rows: dict[str, Any]) -> None:
    arrays, found = long_rows[name, dtype]
    wide = evaluate(name, tuple(array.astype(np.float32) for array in arrays))
    assert logits_errors.same_bits(found[0], wide[0])
    assert same_bits(found[1:], [each.astype(arrays[0].dtype) for each in wide[1:]])


@every_dtype
@every_measure
def test_rows_off_their_alignment(
    name: str, dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    """Rows of odd length behind each other, and a view that begins behind the first element."""
    for n in (301, CHUNK + 3):
        whole = logits_cases.random_pair(rng, 3, n + 1, dtype)
        views = logits_cases.pick(name, tuple(array[:, 1:] for array in whole))
        copies = tuple(np.ascontiguousarray(view) for view in views)
        assert same_bits(evaluate(name, views), evaluate(name, copies))


@every_measure
def test_cotangents_and_single_gradients(name: str, dtype: type, rng: np.random.Generator) -> None:
    arrays = logits_cases.pick(name, logits_cases.random_pair(rng, 3, 700, dtype))
    upstream = np.array([1, 0, -2], dtype)
    every = evaluate(name, arrays, upstream)
    plain = evaluate(name, arrays)
    for mine, other in zip(every[1:], plain[1:], strict=True):
        np.testing.assert_allclose(mine, other * upstream[:, None], rtol=8 * np.finfo(dtype).eps)
    for k in range(len(arrays)):
        alone = evaluate(name, arrays, upstream, 1 << k)
        assert same_bits(alone, [every[0], every[1 + k]])


@every_dtype
@every_measure
def test_constants_are_counted(name: str, dtype: np.dtype[Any]) -> None:
    """As many as a measure says are what its phases return: others would be lost between warps."""
    measure = getattr(_cuda, f"logits_{name}").make(dtype.name)
    assert max(len(phase.start) for phase in measure.phases) <= executions.WIDEST
    options = tuple(np.float64(number) for number in (1, 0.5, 2, 1, 50))
    row, wide = measure.initial(options)
    for phase, count in zip(measure.phases, measure.constants, strict=True):
        state = tuple(np.ones(1, measure.computed) for _ in phase.start)
        row, wide = phase.finish(options, wide, state)
        assert (len(row), len(wide)) == (count, measure.wides)
        assert {np.asarray(each).dtype for each in row} == {np.dtype(measure.computed)}


def test_plans() -> None:
    """Rows that fit stay in shared memory; of others so many are in flight as the cache holds."""
    single = _cuda.logits_kl_divergence.make("float32")
    narrow = _cuda.logits_kl_divergence.make("bfloat16")

    def plan(measure: Any, rows: int, n: int) -> tuple[int, int]:
        found = launching.plan_of(measure, measure.layout(n), rows, n, 3)
        assert found.bytes_kept <= layout.STAGED_BYTES
        return found.group, found.staged

    assert plan(single, 4096, 32_000) == (0, 1)
    assert plan(narrow, 4096, 32_000) == (0, 2)
    for measure, rows, n in (
        (single, 4096, 128_256),
        (narrow, 4096, 128_256),
        (single, 8, 1 << 20),
        (narrow, 8, 1 << 20),
    ):
        group, staged = plan(measure, rows, n)
        row_bytes = 2 * n * np.dtype(measure.stored).itemsize
        assert staged == 0 and group * row_bytes <= layout.GROUP_BYTES
        assert group * measure.layout(n).chunks(n) >= layout.PROCESSORS
