"""The references of logits against numeric derivatives, SciPy, each other and special values."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special, stats

import logits_cases
import logits_errors
import logits_long_reference
import logits_reference
import reference

INF = float("inf")
NAN = float("nan")
ARGUMENTS = [(name, k) for name, count in logits_cases.MEASURES.items() for k in range(count)]
OPTIONS = [{}, {"temperature": 0.3}, {"temperature": 2.5, "base": 2}]


def options_of(name: str) -> list[dict[str, float]]:
    weights = [{"weight": 0.2}, {"weight": 0.0}, {"weight": 1.0}, {"temperature": 0.1}]
    return OPTIONS + (weights if name == "js_divergence" else [])


@pytest.mark.parametrize(("name", "argnum"), ARGUMENTS)
def test_gradients_agree_with_central_differences(name, argnum):
    rng = np.random.default_rng(3)
    rows = logits_cases.pick(name, rng.normal(size=(2, 5)) * 3)
    rows[0][1] = -INF
    for options in options_of(name):
        closed = logits_reference.gradient(name, rows, argnum, **options)
        numeric = logits_reference.numeric_gradient(name, rows, argnum, **options)
        with mp.workdps(60):
            for exact, approximate in zip(closed, numeric, strict=True):
                assert abs(exact - approximate) <= mpf(10) ** -40


@pytest.mark.parametrize("argnum", [0, 1])
def test_js_gradients_at_minus_inf(argnum):
    rows = [-INF, 0.5, 1.0, -INF], [1.0, -INF, 0.25, -INF]
    closed = logits_reference.gradient("js_divergence", rows, argnum, weight=0.3)
    numeric = logits_reference.numeric_gradient("js_divergence", rows, argnum, weight=0.3)
    np.testing.assert_allclose(closed.astype(float), numeric.astype(float), rtol=1e-15)
    assert closed[argnum] == closed[3] == 0


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_values_agree_with_scipy(temperature):
    x, y = np.random.default_rng(4).normal(size=(2, 3, 20)) * 2
    p, q = (special.softmax(logits / temperature, axis=-1) for logits in (x, y))
    m = 0.3 * p + 0.7 * q
    expected = [
        ("entropy", (x,), {"base": 2}, stats.entropy(p, axis=-1, base=2)),
        ("cross_entropy", (x, y), {}, special.xlogy(-p, q).sum(-1)),
        ("kl_divergence", (x, y), {}, stats.entropy(p, q, axis=-1)),
        (
            "js_divergence",
            (x, y),
            {"weight": 0.3},
            0.3 * stats.entropy(p, m, axis=-1) + 0.7 * stats.entropy(q, m, axis=-1),
        ),
    ]
    for name, arrays, options, values in expected:
        found = logits_errors.reference_rows(name, arrays, temperature=temperature, **options)
        assert np.allclose([float(each.value) for each in found], values, rtol=1e-11), name


def test_values_agree_with_the_reference_of_probabilities():
    x, y = np.log([0.25, 0.5, 0.125, 0.125]), np.log([0.5, 0.125, 0.125, 0.25])
    p, q = np.exp(x), np.exp(y)
    for name, count in logits_cases.MEASURES.items():
        ours = getattr(logits_reference, name)(*(x, y)[:count])
        theirs = getattr(reference, name)(*(p, q)[:count])
        assert float(ours.value) == pytest.approx(float(theirs.value), rel=1e-14)
        assert float(ours.magnitude) == pytest.approx(float(theirs.magnitude), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "rows", "options", "value"),
    [
        ("entropy", [[]], {}, 0),
        ("js_divergence", [[], []], {}, 0),
        ("entropy", [[5]], {}, 0),
        ("entropy", [[-INF, 1e30]], {}, 0),
        ("entropy", [[-INF, -INF]], {}, NAN),
        ("entropy", [[0, NAN]], {}, NAN),
        ("entropy", [[0, INF]], {}, NAN),
        ("kl_divergence", [[0, -INF], [0, 0]], {}, np.log(2)),
        ("kl_divergence", [[0, 0], [0, -INF]], {}, INF),
        ("kl_divergence", [[NAN, 0], [0, -INF]], {}, NAN),
        ("kl_divergence", [[0, -INF], [0, -INF]], {}, 0),
        ("cross_entropy", [[0, 0], [0, -INF]], {"base": 2}, INF),
        ("cross_entropy", [[0, -INF], [0, -INF]], {}, 0),
        ("cross_entropy", [[0, 0], [0, -1e30]], {}, 0.5e30),
        ("js_divergence", [[0, -INF], [-INF, 0]], {"base": 2}, 1),
        ("js_divergence", [[0, -INF], [-INF, 0]], {"weight": 0.0}, 0),
        ("js_divergence", [[0, -INF], [-INF, 0]], {"weight": 1.0}, 0),
        ("js_divergence", [[0, 1], [0, INF]], {"weight": 1.0}, NAN),
    ],
)
def test_special_values(name, rows, options, value):
    for found in (
        getattr(logits_reference, name)(*rows, **options),
        logits_long_reference.value(name, rows, **options),
    ):
        np.testing.assert_allclose(float(found.value), float(value), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "argnum", "rows", "expected"),
    [
        ("kl_divergence", 0, [[-INF, 2, 2], [0, -INF, 2]], [0, INF, -INF]),
        ("kl_divergence", 1, [[-INF, 2, 2], [0, -INF, 0]], [0.5, -0.5, 0]),
        ("cross_entropy", 0, [[-INF, 2, 2], [0, -INF, 2]], [0, INF, -INF]),
        ("cross_entropy", 1, [[-INF, 2, 2], [0, -INF, 0]], [0.5, -0.5, 0]),
        ("entropy", 0, [[-INF, 2, 2]], [0, 0, 0]),
        ("entropy", 0, [[-INF, -INF]], [NAN, NAN]),
        ("js_divergence", 1, [[0, 0], [0, NAN]], [NAN, NAN]),
        ("js_divergence", 0, [[-INF, 0], [0, -INF]], [0, 0]),
    ],
)
def test_special_gradients(name, argnum, rows, expected):
    exact = logits_reference.gradient(name, rows, argnum).astype(float)
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-60)
    found = logits_long_reference.gradient(name, rows, argnum)
    np.testing.assert_allclose(found, np.array(expected), rtol=0, atol=1e-19)


@pytest.mark.parametrize(
    ("n", "temperature"), [(1, 1.0), (2, 1.0), (2, 10.0), (7, 0.1), (7, 3.0), (16, 0.7)]
)
def test_long_reference(n, temperature):
    """Extended precision comes several times closer to mpmath than what it is to judge."""
    rows = logits_cases.adversarial_rows(np.random.default_rng(n), n, np.float64)
    smallest = mpf(float(np.finfo(np.float64).smallest_normal))
    for case, pair in rows.items():
        for name in logits_cases.MEASURES:
            arrays = logits_cases.pick(name, pair)
            exact = getattr(logits_reference, name)(*arrays, temperature=temperature)
            found = logits_long_reference.value(name, arrays, temperature=temperature)
            assert (
                mp.isnan(exact.value)
                == mp.isnan(found.value)
                == (not logits_cases.is_valid(name, case))
            )
            if mp.isfinite(exact.value):
                bound = mpf(10) ** -16 * exact.magnitude + smallest / 16
                assert abs(found.value - exact.value) <= bound, (case, name)
                assert abs(found.magnitude - exact.magnitude) <= bound, (case, name)
            else:
                assert mp.isnan(exact.value) or found.value == exact.value
            for argnum in range(len(arrays)):
                options = {"temperature": temperature, "weight": 0.3, "cotangent": -1.5}
                exact_row = logits_errors.exact_gradient(name, arrays, argnum, **options)
                found_row = logits_long_reference.gradient(name, arrays, argnum, **options)
                if not np.isfinite(exact_row).all():
                    np.testing.assert_array_equal(found_row, exact_row)
                    continue
                limit = 5e-15 * np.abs(exact_row).max() + float(smallest / 16)
                assert np.abs(found_row - exact_row).max() <= limit, (case, name, argnum)


@pytest.mark.parametrize("dtype", logits_cases.DTYPES.values(), ids=str)
@pytest.mark.parametrize("n", [1, 2, 8])
def test_adversarial_rows_are_what_their_names_say(n, dtype):
    rows = logits_cases.adversarial_rows(np.random.default_rng(9), n, dtype)
    for case, (x, y) in rows.items():
        assert x.dtype == y.dtype == dtype and x.shape == y.shape == (n,)
        value = logits_reference.kl_divergence(x, y).value
        assert mp.isnan(value) == (not logits_cases.is_valid("kl_divergence", case))
        assert mp.isinf(value) == (case in logits_cases.INFINITE)
    assert logits_reference.kl_divergence(*rows["equal"]).value == 0
    if n > 1 and dtype == np.float64:
        assert 0 < logits_reference.kl_divergence(*rows["nearly_equal_1e-06"]).value < 1e-11


def test_errors_are_found():
    one = reference.Reference(mpf(1), mpf(1))
    objects = np.array([one], dtype=object)
    epsilon = 2.0**-23
    assert logits_errors.worst_value_error(np.float32([1 + 8 * epsilon]), objects, np.float32) == 2
    beyond = np.array([reference.Reference(mpf(1e39), mpf(1e39))], dtype=object)
    assert logits_errors.worst_value_error(np.float32([INF]), beyond, np.float32) == 0
    assert logits_errors.worst_value_error(np.float32([NAN]), beyond, np.float32) == INF
    expected = np.array([[1.0, -0.5, 0.0], [INF, -INF, 0.0]], np.longdouble)
    actual = expected.astype(np.float32)
    assert logits_errors.worst_gradient_error(actual, expected, np.float32) == 0
    actual[0, 2] = 2e-5
    assert logits_errors.worst_gradient_error(actual, expected, np.float32) == pytest.approx(2)
    actual[1, 2] = 1e-30
    assert logits_errors.worst_gradient_error(actual, expected, np.float32) == INF
