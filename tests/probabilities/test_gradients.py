"""Gradients of every measure by every argument, against closed forms in mpmath."""

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

import cases
import fastdiv
import reference
from conftest import ISAS
from fastdiv import _native


def allowed_error(
    name: str,
    arrays: tuple[Any, ...],
    argnum: int,
    entry: reference.Reference,
    dtype: type,
    **options: Any,
) -> mpf:
    """4 ulp of slope and shift, where a sum's own rounding moves every logarithm by one ulp more."""
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).smallest_normal)
    if mp.isnan(entry.value):
        return mp.zero
    unit = abs(mp.log(options["base"])) if options.get("base") else mpf(1)
    if options.get("normalize", True):
        unit *= mp.fsum(mpf(float(x)) for x in np.ravel(arrays[argnum]))
    if name != "js_distance":
        return 4 * eps * (entry.magnitude + 1 / abs(unit)) + tiny
    divergence = cases.reference_rows("js_divergence", arrays, **options)[()]
    distance = mp.sqrt(divergence.value)
    if distance == 0:
        return mpf(tiny)
    relative = cases.distance_error_bound(divergence, dtype) / distance
    own = 4 * eps * (entry.magnitude + 1 / abs(2 * distance * unit))
    return own + 2 * relative * abs(entry.value) + tiny


def check(name: str, arrays: tuple[Any, ...], dtype: type, **options: Any) -> None:
    """Compare all gradients on all instruction sets."""
    function = getattr(fastdiv, name)
    largest = float(np.finfo(dtype).max)
    for argnum in range(len(arrays)):
        expected = cases.gradient_rows(name, arrays, argnum, **options)
        limits = [allowed_error(name, arrays, argnum, e, dtype, **options) for e in expected.flat]
        for isa in ISAS:
            _native.set_isa(isa)
            _, actual = fastdiv.value_and_grad(function, argnum)(*arrays, **options)
            assert actual.dtype == dtype
            assert actual.shape == arrays[argnum].shape
            for got, entry, limit in zip(actual.flat, expected.flat, limits, strict=True):
                wanted = entry.value
                if mp.isnan(wanted):
                    assert np.isnan(got), isa
                elif abs(wanted) > largest:
                    assert abs(got) >= largest / 2, isa
                    assert (got > 0) == (wanted > 0), isa
                else:
                    assert abs(mpf(float(got)) - wanted) <= limit, (isa, argnum, got, wanted)


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize("n", [1, 2, 7, 33])
def test_adversarial_rows(n: int, normalize: bool, dtype: type, rng: np.random.Generator) -> None:
    for case, pair in cases.adversarial_rows(rng, n, dtype).items():
        for name, measure in cases.MEASURES.items():
            if measure.event_axes == 1 and not (name == "js_distance" and "subnormal" in case):
                check(name, pair[: measure.arguments], dtype, normalize=normalize)


@pytest.mark.parametrize("normalize", [True, False], ids=["normalized", "plain"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (6, 5)], ids=str)
def test_tables(
    shape: tuple[int, int], normalize: bool, dtype: type, rng: np.random.Generator
) -> None:
    for table in cases.adversarial_tables(rng, *shape, dtype).values():
        check("joint_entropy", (table,), dtype, normalize=normalize)
        check("mutual_information", (table,), dtype, normalize=normalize)
        for given in (-1, -2):
            check("conditional_entropy", (table,), dtype, normalize=normalize, given=given)


@pytest.mark.parametrize("options", [{"base": 2}, {"weight": 0.2}, {"base": 10, "weight": 0.9}])
def test_options(options: dict[str, float], dtype: type, rng: np.random.Generator) -> None:
    pair = tuple(cases.random_rows(rng, 1, 40, dtype)[0] for _ in range(2))
    for name, measure in cases.MEASURES.items():
        if measure.event_axes == 1 and ("weight" not in options or name.startswith("js")):
            check(name, pair[: measure.arguments], dtype, **options)


def test_cotangent_scales_each_event(dtype: type, rng: np.random.Generator) -> None:
    p, q = cases.random_rows(rng, 6, 30, dtype), cases.random_rows(rng, 6, 30, dtype)
    upstream = rng.normal(size=6).astype(dtype)
    for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence", "js_distance"):
        arrays = (p, q)[: cases.MEASURES[name].arguments]
        argnums = tuple(range(len(arrays)))
        compute = fastdiv.value_and_grad(getattr(fastdiv, name), argnums)
        value, plain = compute(*arrays)
        scaled_value, scaled = compute(*arrays, cotangent=upstream)
        np.testing.assert_array_equal(value, scaled_value)
        for one, other in zip(plain, scaled, strict=True):
            wanted = one * upstream[:, None]
            np.testing.assert_allclose(other, wanted, rtol=1e-5, atol=1e-6 * np.abs(wanted).max())


def test_cotangent_of_self_information(rng: np.random.Generator) -> None:
    p, c = cases.random_rows(rng, 3, 9, np.float64), rng.normal(size=(3, 9))
    _, actual = fastdiv.value_and_grad(fastdiv.self_information)(p, cotangent=c)
    for row in range(3):
        wanted = reference.gradient("self_information", [p[row]], 0, cotangent=c[row])
        np.testing.assert_allclose(actual[row], wanted.astype(float), rtol=1e-13, atol=1e-12)


def test_gradient_of_a_broadcast_argument_is_summed(rng: np.random.Generator) -> None:
    p, q = rng.random((5, 4, 6)), rng.random((4, 1))
    value, (by_p, by_q) = fastdiv.value_and_grad(fastdiv.kl_divergence, (0, 1))(p, q, axis=1)
    whole = np.broadcast_to(q, p.shape).copy()
    expected, (full_p, full_q) = fastdiv.value_and_grad(fastdiv.kl_divergence, (0, 1))(
        p, whole, axis=1
    )
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(by_p, full_p)
    np.testing.assert_allclose(by_q, full_q.sum(axis=(0, 2))[:, None], rtol=1e-13)


def test_gradient_may_overwrite_its_argument(dtype: type, rng: np.random.Generator) -> None:
    for shape, axis in (((7, 50), -1), ((50, 7), 0), ((2, 40_000), -1), ((3, 4, 5), (0, 2))):
        p, q = (rng.random(shape).astype(dtype) + dtype(0.01) for _ in range(2))
        compute = fastdiv.value_and_grad(fastdiv.js_divergence, (0, 1))
        value, gradients = compute(p, q, axis=axis)
        own_p, own_q = p.copy(), q.copy()
        again, (out_p, out_q) = compute(own_p, own_q, axis=axis, grad_out=(own_p, own_q))
        assert out_p is own_p
        assert out_q is own_q
        np.testing.assert_array_equal(again, value)
        np.testing.assert_array_equal(own_p, gradients[0])
        np.testing.assert_array_equal(own_q, gradients[1])


def test_directional_derivative(rng: np.random.Generator) -> None:
    """A check that shares nothing with the closed forms: differences of values."""
    step = 1e-5
    for name, measure in cases.MEASURES.items():
        shape = (8,) if measure.event_axes == 1 else (3, 5)
        arrays = [rng.random(shape) + 0.1 for _ in range(measure.arguments)]
        function = getattr(fastdiv, name)
        for argnum in range(measure.arguments):
            gradient = fastdiv.grad(function, argnum)(*arrays)
            direction = rng.normal(size=shape)
            up, down = list(arrays), list(arrays)
            up[argnum] = arrays[argnum] + step * direction
            down[argnum] = arrays[argnum] - step * direction
            slope = (np.sum(function(*up)) - np.sum(function(*down))) / (2 * step)
            assert slope == pytest.approx((gradient * direction).sum(), rel=1e-7, abs=1e-9)
