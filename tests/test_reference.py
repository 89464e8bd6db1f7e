"""The references against numeric derivatives, SciPy and the documented special values."""

import numpy as np
import pytest
from hypothesis import given, settings
from mpmath import mp
from scipy import special, stats
from scipy.spatial import distance

import reference
from cases import (
    INVALID_CASES,
    MEASURES,
    adversarial_rows,
    adversarial_tables,
    distance_error_bound,
    error_ratio,
    gradient_rows,
    probability_pairs,
    probability_tables,
    reference_rows,
    tolerance,
    ulp_error_bound,
    worst_error_ratio,
)

INFINITY = float("inf")
NAN = float("nan")

OPTIONS = {
    "js_divergence": [{}, {"weight": 0.3}, {"weight": 0.0}, {"weight": 1.0, "base": 2}],
    "js_distance": [{}, {"weight": 0.3, "base": 2}],
    "conditional_entropy": [{"given": -1}, {"given": -2}, {"given": 1}, {"given": 0, "base": 2}],
}
GRADIENTS = [
    (name, argnum, normalize, options)
    for name, measure in MEASURES.items()
    for argnum in range(measure.arguments)
    for normalize in (True, False)
    for options in OPTIONS.get(name, [{}, {"base": 2}])
]


def as_floats(numbers: np.ndarray) -> list[float]:
    return [float(number) for number in numbers.flat]


def values_of(references: np.ndarray) -> np.ndarray:
    return np.array([float(item.value) for item in references.flat]).reshape(references.shape)


def random_slices(name: str, rng: np.random.Generator) -> list[np.ndarray]:
    shape = (5,) if MEASURES[name].event_axes == 1 else (2, 3)
    return [rng.exponential(size=shape) for _ in range(MEASURES[name].arguments)]


@pytest.mark.parametrize(("name", "argnum", "normalize", "options"), GRADIENTS)
def test_gradients_agree_with_central_differences(name, argnum, normalize, options):
    rng = np.random.default_rng(7)
    arrays = random_slices(name, rng)
    options = {**options, "normalize": normalize}
    if name == "self_information":
        options["cotangent"] = rng.normal(size=5)
    elif name not in ("js_divergence", "js_distance"):
        arrays[0].flat[1] = 0
    closed = reference.gradient(name, arrays, argnum, **options)
    numeric = reference.numeric_gradient(name, arrays, argnum, **options)
    assert closed.shape == arrays[argnum].shape
    with mp.workdps(60):
        for exact, approximate in zip(closed.flat, numeric.flat, strict=True):
            assert abs(exact - approximate) <= mp.mpf(10) ** -40


@pytest.mark.parametrize("argnum", [0, 1])
@pytest.mark.parametrize("normalize", [True, False])
def test_divergence_gradients_with_zeros(argnum, normalize):
    p, q = [0.0, 0.25, 0.5], [0.125, 0.0, 0.75]
    for name in ("js_divergence", "js_distance"):
        closed = reference.gradient(name, [p, q], argnum, normalize, weight=0.3)
        options = {"normalize": normalize, "weight": 0.3}
        numeric = reference.numeric_gradient(name, [p, q], argnum, **options)
        assert as_floats(closed) == as_floats(numeric)
        assert closed[argnum] == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_agree_with_scipy(dtype):
    rng = np.random.default_rng(8)
    p, q = (rng.exponential(size=(3, 20)).astype(dtype) for _ in "pq")
    wide_p, wide_q = p.astype(np.float64), q.astype(np.float64)
    plain_cross = -special.xlogy(wide_p, wide_q).sum(-1)
    table = wide_p / wide_p.sum(-1, keepdims=True)
    tables = table.reshape(3, 4, 5)
    h_x, h_y = (stats.entropy(tables.sum(axis), axis=-1) for axis in (2, 1))
    h_xy = stats.entropy(table, axis=-1)
    js = distance.jensenshannon(wide_p, wide_q, axis=-1)
    expected = [
        ("self_information", [p], {}, -np.log(table)),
        ("entropy", [p], {"base": 2}, stats.entropy(wide_p, axis=-1, base=2)),
        ("entropy", [p], {"normalize": False}, special.entr(wide_p).sum(-1)),
        ("kl_divergence", [p, q], {}, stats.entropy(wide_p, wide_q, axis=-1)),
        ("kl_divergence", [p, q], {"normalize": False}, special.rel_entr(wide_p, wide_q).sum(-1)),
        ("cross_entropy", [p, q], {"normalize": False}, plain_cross),
        ("cross_entropy", [p, q], {}, h_xy + stats.entropy(wide_p, wide_q, axis=-1)),
        ("js_distance", [p, q], {}, js),
        ("js_divergence", [p, q], {"base": 2}, js**2 / np.log(2)),
        ("joint_entropy", [p.reshape(3, 4, 5)], {}, h_xy),
        ("conditional_entropy", [p.reshape(3, 4, 5)], {}, h_xy - h_y),
        ("conditional_entropy", [p.reshape(3, 4, 5)], {"given": -2}, h_xy - h_x),
        ("mutual_information", [p.reshape(3, 4, 5)], {}, h_x + h_y - h_xy),
    ]
    for name, arrays, options, value in expected:
        found = reference_rows(name, arrays, **options)
        assert found.shape == value.shape
        assert np.allclose(values_of(found), value, rtol=1e-12, atol=1e-12), name


@pytest.mark.parametrize(
    ("name", "arrays", "options", "value"),
    [
        ("entropy", [[]], {}, 0),
        ("mutual_information", [np.ones((0, 3))], {}, 0),
        ("conditional_entropy", [np.ones((3, 0))], {"normalize": False}, 0),
        ("kl_divergence", [[], []], {}, 0),
        ("js_distance", [[], []], {"normalize": False}, 0),
        ("entropy", [[0, 0]], {}, NAN),
        ("entropy", [[0, -0.0]], {"normalize": False}, 0),
        ("entropy", [[1, NAN]], {"normalize": False}, NAN),
        ("entropy", [[1, INFINITY]], {}, NAN),
        ("entropy", [[1, INFINITY]], {"normalize": False}, -INFINITY),
        ("kl_divergence", [[0, 1], [-1, 1]], {"normalize": False}, NAN),
        ("kl_divergence", [[1, 1], [1, 0]], {}, INFINITY),
        ("kl_divergence", [[1, 0], [1, 0]], {}, 0),
        ("kl_divergence", [[1, 1], [0, 0]], {}, NAN),
        ("kl_divergence", [[1, 1], [0, 0]], {"normalize": False}, INFINITY),
        ("kl_divergence", [[0.1, 0.7, 1e-300], [0.3, 2.1, 3e-300]], {"normalize": False}, None),
        ("cross_entropy", [[0, 1], [0, 2]], {}, 0),
        ("js_divergence", [[1, 0], [0, 1]], {"base": 2}, 1),
        ("js_divergence", [[1, 0], [0, 1]], {"weight": 0.0}, 0),
        ("js_divergence", [[1, 0], [0, 1]], {"weight": 1.0}, 0),
        ("js_distance", [[0.1, 0.2, 0.7], [0.2, 0.4, 1.4]], {}, 0),
        ("mutual_information", [[[1, 2], [3, 6]]], {}, 0),
        ("conditional_entropy", [[[1, 0], [0, 1]]], {}, 0),
        ("conditional_entropy", [[[1, 2], [0, 0]]], {"given": 0, "base": 3}, None),
    ],
)
def test_special_values(name, arrays, options, value):
    found = getattr(reference, name)(*arrays, **options)
    assert isinstance(found, reference.Reference)
    if value is None:  # only that it is an ordinary number
        with mp.workdps(500):
            assert mp.isfinite(found.value) and 0 < abs(found.value) <= found.magnitude
    else:
        np.testing.assert_equal(float(found.value), float(value))


@pytest.mark.parametrize(
    ("name", "argnum", "normalize", "expected"),
    [
        ("kl_divergence", 0, True, [0, INFINITY, -INFINITY]),
        ("kl_divergence", 0, False, [0, INFINITY, 1]),
        ("kl_divergence", 1, True, [1 / 3, 0, 1 / 12]),
        ("kl_divergence", 1, False, [0, 0, -1]),
        ("cross_entropy", 0, True, [0, INFINITY, -INFINITY]),
        ("cross_entropy", 0, False, [0, INFINITY, -np.log(2)]),
    ],
)
def test_gradients_of_an_infinite_row(name, argnum, normalize, expected):
    found = reference.gradient(name, [[0, 2, 2], [1, 0, 2]], argnum, normalize)
    assert np.allclose(as_floats(found), expected, rtol=1e-15)


def test_self_information_elements():
    found = values_of(reference.self_information([0, 1, 3, NAN], normalize=False))
    np.testing.assert_allclose(found, [INFINITY, 0, -np.log(3), NAN])
    assert np.isnan(values_of(reference.self_information([0, 1, NAN]))).all()
    gradient = reference.gradient("self_information", [[0, 1, -1]], 0, False, cotangent=[2, 3, 4])
    np.testing.assert_equal(as_floats(gradient), [0, -3, NAN])
    gradient = reference.gradient("self_information", [[0, 1, 3]], 0, cotangent=[2, 3, 4])
    np.testing.assert_allclose(as_floats(gradient), [0, -3 + 9 / 4, -4 / 3 + 9 / 4])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 2, 8])
def test_adversarial_rows_are_what_their_names_say(n, dtype):
    rows = adversarial_rows(np.random.default_rng(9), n, dtype)
    for name, (p, q) in rows.items():
        assert p.dtype == q.dtype == dtype and p.shape == q.shape == (n,)
        with np.errstate(over="ignore"):
            assert (np.isinf(p.sum()) and np.isinf(q.sum())) == (name == "near_overflow" and n > 1)
        kl = reference.kl_divergence(p, q)
        assert mp.isnan(kl.value) == (name in INVALID_CASES)
        if name not in INVALID_CASES:
            assert mp.isinf(kl.value) == (name in ("infinite", "one_hot_disjoint"))
            gradient = gradient_rows("js_distance", [p, q], 0)
            assert all(mp.isfinite(entry.value) for entry in gradient)
        assert reference.js_distance(p, q).value >= 0 or name in INVALID_CASES
    assert reference.kl_divergence(*rows["equal"]).value == 0
    if n > 1 and dtype == np.float64:
        assert 0 < reference.kl_divergence(*rows["near_equal_1e-12_uniform"]).value < 1e-23


def test_adversarial_tables():
    tables = adversarial_tables(np.random.default_rng(10), 3, 4, np.float64)
    for name in ("rank_one", "diagonal", "zero_row_and_column", "huge_range"):
        information = reference.mutual_information(tables[name])
        assert (information.value == 0) == (name == "rank_one")
        assert mp.isfinite(reference.gradient("mutual_information", [tables[name]], 0)[1, 1])


def test_error_bounds():
    assert ulp_error_bound(1.0, np.float64) == tolerance(np.float64)
    assert ulp_error_bound(0.0, np.float32) == float(np.finfo(np.float32).smallest_normal)
    assert ulp_error_bound(mp.mpf("1e400"), np.float64) == INFINITY
    divergence = reference.Reference(mp.mpf(0), mp.mpf(1))
    assert distance_error_bound(divergence, np.float64) == pytest.approx(2**-25)
    one = reference.Reference(mp.mpf(1), mp.mpf(1))
    assert error_ratio(1 + 8 * 2.0**-52, one, tolerance(np.float64)) == 2
    assert error_ratio(NAN, one, 1.0) == INFINITY
    rows = reference_rows("entropy", [np.ones((2, 2))])
    assert worst_error_ratio([np.log(2), np.log(2)], rows, np.float64) <= 0.25


@settings(max_examples=15, deadline=None)
@given(probability_pairs(np.float32, max_size=9), probability_tables(max_side=4))
def test_strategies_draw_weights(pair, table):
    p, q = pair
    assert p.dtype == q.dtype == np.float32 and p.shape == q.shape
    assert reference.kl_divergence(p, q).value >= 0
    assert reference.mutual_information(table).value >= 0
