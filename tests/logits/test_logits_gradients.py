"""Gradients by every argument, on every instruction set, within a fraction of the row's largest entry."""

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


def all_gradients(name: str, arrays: Any, **options: Any) -> Any:
    """Value and gradients by every argument."""
    argnums = tuple(range(len(arrays)))
    return fastdiv.value_and_grad(getattr(fastdiv.logits, name), argnums)(*arrays, **options)


def check(name: str, pair: Any, cotangent: float = 1.0, **options: Any) -> None:
    """Compare all gradients on all instruction sets; base is None, 2 or larger."""
    arrays = logits_cases.pick(name, pair)
    dtype = arrays[0].dtype
    expected = [
        logits_errors.gradient_rows(name, arrays, k, cotangent=cotangent, **options)
        for k in range(len(arrays))
    ]
    temperature = options.get("temperature", 1.0)
    factor = abs(cotangent) / temperature
    # A probability below the smallest normal number may count as 0, whatever the slope there.
    scale = factor * max(1.0, logits_cases.spread(arrays) / temperature)
    factor /= np.log(options.get("base") or np.e)
    terms = [
        [factor * term for term in logits_errors.js_terms(arrays, k, **options)]
        if name == "js_divergence"
        else None
        for k in range(len(arrays))
    ]
    upstream = np.asarray(cotangent, dtype)
    for isa in ISAS:
        _native.set_isa(isa)
        _, actual = all_gradients(name, arrays, cotangent=upstream, **options)
        for argnum, (found, wanted) in enumerate(zip(actual, expected, strict=True)):
            error = logits_errors.worst_gradient_error(found, wanted, dtype, scale, terms[argnum])
            what = f"{isa}, {name} by {'xy'[argnum]}, {options}"
            assert error <= 1, f"{what}: {error} times the allowed error"


@pytest.mark.parametrize("n", logits_cases.SIZES + logits_cases.LONG_SIZES)
@every_measure
def test_random_rows(name: str, n: int, dtype: type, rng: np.random.Generator) -> None:
    rows = 3 if n < 200 else 1
    check(name, logits_cases.random_pair(rng, rows, n, dtype))


@pytest.mark.parametrize("n", logits_cases.VOCABULARIES)
def test_vocabularies(n: int, dtype: type, rng: np.random.Generator) -> None:
    pair = logits_cases.random_pair(rng, 1, n, dtype)
    for name in logits_cases.MEASURES:
        check(name, pair, temperature=0.7)


def adversarial() -> Iterator[Any]:
    """Every case at several sizes."""
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
        check(name, pair, cotangent=-1.5, temperature=temperature)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_whole_chunks_of_minus_inf(place: int, dtype: type, rng: np.random.Generator) -> None:
    chunk = slice(place * CHUNK, (place + 1) * CHUNK)
    x, y = (row[0] for row in logits_cases.random_pair(rng, 1, 3 * CHUNK + 5, dtype))
    masked_x, masked_y = x.copy(), y.copy()
    masked_x[chunk] = masked_y[chunk] = -np.inf
    for name in logits_cases.MEASURES:
        for pair in ((masked_x, y), (masked_x, masked_y), (x, masked_y)):
            check(name, pair)


@every_measure
def test_options(name: str, dtype: type, rng: np.random.Generator) -> None:
    pair = logits_cases.random_pair(rng, 2, 50, dtype)
    check(name, pair, base=2)
    check(name, pair, base=10.0, temperature=0.3, cotangent=-2.0)


@pytest.mark.parametrize("mask", [-1e4, -1e9, -1e10, -1e20, -1e30])
@every_measure
def test_a_peak_masked_in_the_other_row(name: str, mask: float, dtype: type) -> None:
    """Masks that are finite, as users write them, where the other row has its peak."""
    for temperature in (1.0, 0.1):
        x, y = np.array([0, 1, 5], dtype), np.array([0, 1, mask], dtype)
        check(name, (x, y), temperature=temperature)
        check(name, (y, x), temperature=temperature)


@pytest.mark.parametrize("weight", [0.0, 0.01, 0.99, 1.0])
def test_weights(weight: float, dtype: type, rng: np.random.Generator) -> None:
    for n in (8, 100):
        pair = logits_cases.random_pair(rng, 2, n, dtype)
        check("js_divergence", pair, weight=weight)
        check("js_divergence", pair, weight=weight, base=2, temperature=2.5)


@pytest.mark.parametrize("weight", [1e-6, 1 - 1e-6])
def test_a_small_share_of_close_rows(weight: float, dtype: type, rng: np.random.Generator) -> None:
    """The mixture is much closer to one of both than they are to each other."""
    for apart in (8, 64, 4096):
        x = rng.normal(size=(3, 40)).astype(dtype)
        y = x + np.spacing(x) * rng.integers(-apart, apart, x.shape)
        check("js_divergence", (x, y.astype(dtype)), weight=weight, temperature=1.7)


@pytest.mark.parametrize("temperature", [1e-30, 1e-3, 1e3, 1e30])
@every_measure
def test_temperatures(name: str, temperature: float, dtype: type, rng: np.random.Generator) -> None:
    check(name, logits_cases.random_pair(rng, 2, 8, dtype), temperature=temperature)


@every_dtype
def test_equal_rows(isa: str, dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    for n in (1, 5, 33, 1001, 20_000):
        x = np.round(rng.normal(size=(2, n)) * 10).astype(dtype)
        x[1, : n // 3] = -np.inf
        for shift in (0, 3, -64):
            for name in ("kl_divergence", "js_divergence"):
                pair = x, x + np.asarray(shift, dtype)
                _, gradients = all_gradients(name, pair, temperature=0.7)
                for gradient in gradients:
                    np.testing.assert_array_equal(gradient.astype(np.float32), 0)


@pytest.mark.parametrize("n", [1, 2, 7, 33, 150])
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_narrow_types_are_rounded_float32(
    kind: str, n: int, isa: str, rng: np.random.Generator
) -> None:
    """Computed as float32, and each entry of a gradient then rounded to the nearest, ties to even."""
    dtype = logits_cases.DTYPES[kind]
    cases = logits_cases.adversarial_rows(rng, n, dtype)
    for case, pair in cases.items():
        for name in logits_cases.MEASURES:
            arrays = logits_cases.pick(name, pair)
            wide = [array.astype(np.float32) for array in arrays]
            options = {"temperature": 0.7, "cotangent": np.float32(3)}
            value, gradients = all_gradients(name, arrays, **options)
            wide_value, wide_gradients = all_gradients(name, wide, **options)
            assert logits_errors.same_bits(value, wide_value), (case, name)
            for found, wanted in zip(gradients, wide_gradients, strict=True):
                with np.errstate(over="ignore"):
                    rounded = wanted.astype(dtype)
                assert logits_errors.same_bits(found, rounded), (case, name)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_narrow_types_in_long_rows(kind: str, isa: str, rng: np.random.Generator) -> None:
    dtype = logits_cases.DTYPES[kind]
    x, y = logits_cases.random_pair(rng, 2, 20_000, dtype)
    for strided in ((x, y), (np.asfortranarray(x), np.asfortranarray(y))):
        for name in logits_cases.MEASURES:
            arrays = logits_cases.pick(name, strided)
            wide = [array.astype(np.float32) for array in arrays]
            scale = np.float32([1000, -30_000])
            value, gradients = all_gradients(name, arrays, cotangent=scale)
            wide_value, wide_gradients = all_gradients(name, wide, cotangent=scale)
            assert logits_errors.same_bits(value, wide_value)
            for found, wanted in zip(gradients, wide_gradients, strict=True):
                assert logits_errors.same_bits(found, wanted.astype(dtype))


@every_measure
def test_one_or_both_gradients(name: str, dtype: type, rng: np.random.Generator) -> None:
    """The value does not depend on which gradients are asked for, a gradient only within its error."""
    function = getattr(fastdiv.logits, name)
    for n in (7, 100, 20_000):
        arrays = logits_cases.pick(name, logits_cases.random_pair(rng, 3, n, dtype))
        value, gradients = all_gradients(name, arrays)
        assert logits_errors.same_bits(value, function(*arrays))
        for argnum, gradient in enumerate(gradients):
            alone_value, alone = fastdiv.value_and_grad(function, argnum)(*arrays)
            (in_tuple,) = fastdiv.grad(function, (argnum,))(*arrays)
            assert logits_errors.same_bits(alone_value, value)
            assert logits_errors.same_bits(in_tuple, alone)
            expected = gradient.astype(np.longdouble)
            assert logits_errors.worst_gradient_error(alone, expected, dtype) <= 2
        turned = fastdiv.grad(function, tuple(range(len(arrays)))[::-1])(*arrays)
        assert all(map(logits_errors.same_bits, turned[::-1], gradients))


@every_measure
def test_cotangent_scales_each_row(name: str, dtype: type, rng: np.random.Generator) -> None:
    arrays = logits_cases.pick(name, logits_cases.random_pair(rng, 12, 30, dtype))
    arrays = tuple(array.reshape(3, 4, 30) for array in arrays)
    upstream = rng.normal(size=(4,)).astype(dtype)
    value, plain = all_gradients(name, arrays)
    same, scaled = all_gradients(name, arrays, cotangent=upstream)
    _, kept = all_gradients(name, arrays, cotangent=upstream[:, None], keepdims=True)
    np.testing.assert_array_equal(value, same)
    for one, other, third in zip(plain, scaled, kept, strict=True):
        np.testing.assert_array_equal(other, third)
        np.testing.assert_allclose(other, one * upstream[:, None], rtol=8 * np.finfo(dtype).eps)
    _, zero = all_gradients(name, arrays, cotangent=np.zeros(4, dtype))
    assert not any(np.any(gradient) for gradient in zero)


@every_dtype
@every_measure
def test_gradient_may_overwrite_its_argument(
    name: str, dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    argnums = tuple(range(logits_cases.MEASURES[name]))
    compute = fastdiv.value_and_grad(getattr(fastdiv.logits, name), argnums)
    shapes = (((7, 50), -1), ((50, 7), 0), ((2, 20_001), -1), ((20_001, 2), 0), ((3, 4, 5), (0, 2)))
    for shape, axis in shapes:
        for share in (0.0, 0.3):  # of -inf; some rows have infinite values then
            pair = (rng.normal(size=(2, *shape)) * 4).astype(dtype)
            pair[rng.random(pair.shape) < share] = -np.inf
            arrays = logits_cases.pick(name, pair)
            value, gradients = compute(*arrays, axis=axis)
            own = tuple(array.copy() for array in arrays)
            again, given = compute(*own, axis=axis, grad_out=own)
            assert logits_errors.same_bits(value, again)
            for out, array, gradient in zip(given, own, gradients, strict=True):
                assert out is array
                assert logits_errors.same_bits(out, gradient)


@every_dtype
def test_grad_out(dtype: np.dtype[Any], rng: np.random.Generator) -> None:
    x, y = logits_cases.random_pair(rng, 5, 300, dtype)
    for argnum in (0, 1):
        compute = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, argnum)
        _, wanted = compute(x, y)
        strided = np.empty((300, 10), dtype).T[::2]
        for out in (np.empty_like(x), strided):
            _, found = compute(x, y, grad_out=out)
            assert found is out
            assert logits_errors.same_bits(out, wanted)
        own = (x, y)[argnum].copy()
        arrays = (own, y) if argnum == 0 else (x, own)
        compute(*arrays, grad_out=own)
        assert logits_errors.same_bits(own, wanted)


def test_gradient_of_a_broadcast_argument_is_summed(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(5, 4, 6)), rng.normal(size=(4, 1))
    for name in ("cross_entropy", "kl_divergence", "js_divergence"):
        value, (by_x, by_y) = all_gradients(name, (x, y), axis=1)
        whole = np.broadcast_to(y, x.shape).copy()
        expected, (full_x, full_y) = all_gradients(name, (x, whole), axis=1)
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(by_x, full_x)
        np.testing.assert_allclose(by_y, full_y.sum(axis=(0, 2))[:, None], rtol=1e-13, atol=1e-14)
        given = np.empty_like(y)
        _, found = fastdiv.value_and_grad(getattr(fastdiv.logits, name), 1)(
            x, y, axis=1, grad_out=given
        )
        assert found is given
        np.testing.assert_array_equal(given, by_y)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_narrow_broadcast_gradients_are_summed_as_float32(
    kind: str, rng: np.random.Generator
) -> None:
    dtype = logits_cases.DTYPES[kind]
    x = (rng.normal(size=(3000, 8)) * 3).astype(dtype)
    y = rng.normal(size=8).astype(dtype)
    _, gradient = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, 1)(x, y)
    whole = np.broadcast_to(y, x.shape).astype(np.float64)
    wanted = fastdiv.grad(fastdiv.logits.kl_divergence, 1)(x.astype(np.float64), whole).sum(axis=0)
    assert gradient.dtype == dtype
    error = np.abs(gradient.astype(np.float64) - wanted).max()
    assert error <= float(logits_cases.finfo(dtype).eps) * np.abs(wanted).max()


def test_mixed_types(rng: np.random.Generator) -> None:
    """Computed in the wider type; each gradient has its argument's."""
    kinds = list(logits_cases.DTYPES.values())
    for first in kinds:
        for second in kinds:
            x, y = rng.normal(size=(2, 3, 50)) * 3
            x, y = x.astype(first), y.astype(second)
            both = {first, second}
            wide = first if len(both) == 1 else np.dtype(np.float32)
            wide = np.dtype(np.float64) if np.dtype(np.float64) in both else wide
            value, gradients = all_gradients("kl_divergence", (x, y))
            expected, wide_gradients = all_gradients(
                "kl_divergence", (x.astype(wide), y.astype(wide))
            )
            assert logits_errors.same_bits(value, expected)
            for found, wanted, dtype in zip(
                gradients, wide_gradients, (first, second), strict=True
            ):
                assert logits_errors.same_bits(found, wanted.astype(dtype))


@every_measure
def test_directional_derivative(name: str, rng: np.random.Generator) -> None:
    """A check that shares nothing with the closed forms: differences of values."""
    step = 1e-5
    function = getattr(fastdiv.logits, name)
    arrays = logits_cases.pick(name, rng.normal(size=(2, 8)) * 2)
    for argnum in range(len(arrays)):
        for options in ({}, {"temperature": 0.4}, {"temperature": 3.0, "base": 2}):
            gradient = fastdiv.grad(function, argnum)(*arrays, **options)
            direction = rng.normal(size=8)
            up, down = list(arrays), list(arrays)
            up[argnum] = arrays[argnum] + step * direction
            down[argnum] = arrays[argnum] - step * direction
            slope = (function(*up, **options) - function(*down, **options)) / (2 * step)
            assert slope == pytest.approx((gradient * direction).sum(), rel=1e-7, abs=1e-9)
