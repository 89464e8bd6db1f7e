"""Laws that hold for all logits, on inputs that hypothesis looks for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastdiv
import logits_cases
import logits_errors

BOTH = pytest.mark.parametrize("kind", [np.float32, np.float64], ids=["float32", "float64"])
TEMPERATURES = st.sampled_from(logits_cases.TEMPERATURES)


def close(a: Any, b: Any, kind: type, scale: float = 1.0) -> bool:
    return bool(abs(float(a) - float(b)) <= 16 * float(np.finfo(kind).eps) * max(scale, 1.0))


@BOTH
@given(data=st.data())
def test_divergences(kind: type, data: st.DataObject) -> None:
    x, y = data.draw(logits_cases.logit_pairs(kind))
    options = {"temperature": data.draw(TEMPERATURES)}
    for function in (fastdiv.logits.kl_divergence, fastdiv.logits.js_divergence):
        assert function(x, y, **options) >= 0
        assert function(x, x, **options) == 0
    one, other = (fastdiv.logits.js_divergence(*pair, **options) for pair in ((x, y), (y, x)))
    assert close(one, other, kind)
    assert one <= np.log(2) * (1 + 4 * np.finfo(kind).eps)
    divergence = fastdiv.logits.kl_divergence(x, y, **options)
    sides = fastdiv.logits.cross_entropy(x, y, **options), fastdiv.logits.entropy(x, **options)
    if np.isinf(divergence):
        assert np.isinf(sides[0])
    else:
        assert close(sides[0], sides[1] + divergence, kind, float(sides[0]))


@BOTH
@given(data=st.data())
def test_entropy(kind: type, data: st.DataObject) -> None:
    x = data.draw(st.integers(1, 70).flatmap(lambda n: logits_cases.logit_rows(kind, n)))
    options = {"temperature": data.draw(TEMPERATURES)}
    entropy = fastdiv.logits.entropy(x, **options)
    most = np.log(np.isfinite(x).sum())
    assert 0 <= entropy <= most + 4 * np.finfo(kind).eps * max(1, most)
    order = np.random.default_rng(0).permutation(x.size)
    assert close(fastdiv.logits.entropy(x[order], **options), entropy, kind, float(entropy))


@BOTH
@given(data=st.data())
def test_values_agree_with_those_of_probabilities(kind: type, data: st.DataObject) -> None:
    """Of the softmaxes in double precision; those round, so that the agreement is that of float32."""
    x, y = data.draw(logits_cases.logit_pairs(kind, max_size=20))
    p, q = (np.exp(row - row.max()) for row in (x.astype(float), y.astype(float)))
    # What underflows there is positive here, and log q counts where p is positive, however small.
    assume(np.array_equal(p > 0, x > -np.inf) and np.array_equal(q > 0, y > -np.inf))
    for name in logits_cases.MEASURES:
        ours = getattr(fastdiv.logits, name)(*logits_cases.pick(name, (x, y)))
        theirs = getattr(fastdiv, name)(*logits_cases.pick(name, (p, q)))
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-5)


@BOTH
@given(data=st.data())
def test_gradients_sum_to_zero(kind: type, data: st.DataObject) -> None:
    """A constant added to all logits of a row changes nothing."""
    x, y = data.draw(logits_cases.logit_pairs(kind))
    for name, count in logits_cases.MEASURES.items():
        arrays = logits_cases.pick(name, (x, y))
        for argnum in range(count):
            gradient = fastdiv.grad(getattr(fastdiv.logits, name), argnum)(*arrays)
            if np.isfinite(gradient).all():
                largest = float(np.abs(gradient).max())
                tolerance = logits_errors.GRADIENT_TOLERANCE[np.dtype(kind).name]
                smallest = float(np.finfo(kind).smallest_normal)
                total = abs(gradient.astype(np.longdouble).sum())
                assert total <= x.size * (tolerance * largest + smallest)


@BOTH
@given(data=st.data())
def test_a_shift_that_is_exact_changes_little(kind: type, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    whole = st.lists(st.integers(-50, 50), min_size=n, max_size=n)
    x, y = (np.array(data.draw(whole), kind) for _ in "xy")
    shift = kind(data.draw(st.sampled_from([1, -64, 4096])))
    for name in logits_cases.MEASURES:
        function = getattr(fastdiv.logits, name)
        value = function(*logits_cases.pick(name, (x, y)))
        moved = function(*logits_cases.pick(name, (x + shift, y - shift)))
        assert close(value, moved, kind, float(abs(value)))


@BOTH
@given(data=st.data())
def test_temperature_divides_logits(kind: type, data: st.DataObject) -> None:
    x, y = data.draw(logits_cases.logit_pairs(kind))
    power = data.draw(st.sampled_from([0.25, 0.5, 2.0, 8.0]))
    for name in logits_cases.MEASURES:
        function = getattr(fastdiv.logits, name)
        arrays = logits_cases.pick(name, (x, y))
        scaled = [array * kind(power) for array in arrays]
        value = function(*arrays)
        if np.isfinite(value):
            assert close(function(*scaled, temperature=power), value, kind, float(value))
