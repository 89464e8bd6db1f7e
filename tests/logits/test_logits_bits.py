"""The same bits on v3, v4 and NEON, for any number of threads, and whatever the other rows are."""

from typing import Any

import numpy as np
import pytest

import fastdiv
import logits_cases
import logits_errors
from conftest import ISAS, THREADS
from fastdiv import _native
from logits_cases import every_dtype, every_measure

# Without fused multiply-add v2 rounds twice: equal within the error bound, not in bits.
BIT_EQUAL = [name for name in ISAS if name != "v2"]
SHAPES = [(3, 300_001), (40, 20_000), (3000, 97), (50_000, 3)]


def logits(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """A pair in which a tenth of the entries is masked, most of them in both."""
    x, y = rng.standard_normal((2, *shape), dtype=np.float32) * 4
    mask = rng.random(shape, dtype=np.float32)
    mask[..., 0] = 1
    x[mask < 0.1], y[mask < 0.08] = -np.inf, -np.inf
    return x.astype(dtype), y.astype(dtype)


def results(name: str, arrays: Any, **options: Any) -> list[Any]:
    """Value and gradients."""
    argnums = tuple(range(len(arrays)))
    compute = fastdiv.value_and_grad(getattr(fastdiv.logits, name), argnums)
    value, gradients = compute(*arrays, **options)
    return [value, *gradients]


@every_dtype
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@every_measure
def test_instruction_sets_and_threads(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    arrays = logits_cases.pick(name, logits(rng, shape, dtype))
    first = None
    for isa in BIT_EQUAL:
        _native.set_isa(isa)
        for threads in THREADS:
            fastdiv.set_num_threads(threads)
            found = results(name, arrays, temperature=0.7)
            first = first or found
            assert np.isfinite(found[0]).all()
            assert all(map(logits_errors.same_bits, found, first))
        alone = getattr(fastdiv.logits, name)(*arrays, temperature=0.7)
        assert logits_errors.same_bits(alone, first[0])


@pytest.mark.parametrize("n", [1, 2, 7, 33, 150])
def test_instruction_sets_on_adversarial_rows(
    n: int, dtype: type, rng: np.random.Generator
) -> None:
    for case, pair in logits_cases.adversarial_rows(rng, n, dtype).items():
        for name in logits_cases.MEASURES:
            first = None
            for isa in BIT_EQUAL:
                _native.set_isa(isa)
                found = results(name, logits_cases.pick(name, pair), temperature=0.3)
                first = first or found
                assert all(map(logits_errors.same_bits, found, first)), (case, name)


@every_dtype
@every_measure
def test_a_row_does_not_depend_on_the_others(
    name: str, dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    for rows, n in ((50, 1), (50, 33), (40, 1001), (9, 20_000)):
        arrays = logits_cases.pick(name, logits(rng, (rows, n), dtype))
        together = results(name, arrays)
        for row in range(rows):
            alone = results(name, [array[row].copy() for array in arrays])
            for whole, own in zip(together, alone, strict=True):
                assert logits_errors.same_bits(whole[row], own)


@every_dtype
def test_strides_change_no_bit(dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    x, y = logits(rng, (30, 9000), dtype)
    wanted = results("js_divergence", (x, y))
    strided = results("js_divergence", (np.asfortranarray(x), np.repeat(y, 2, axis=1)[:, ::2]))
    value, *gradients = results("js_divergence", (np.ascontiguousarray(x.T), y.T), axis=0)
    assert all(map(logits_errors.same_bits, strided, wanted))
    assert all(map(logits_errors.same_bits, [value, *(g.T for g in gradients)], wanted))
