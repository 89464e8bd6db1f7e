"""`fastdiv.scipy.stats.entropy` against SciPy's."""

import warnings

import numpy as np
import pytest
from scipy import stats

import reference
from cases import error_ratio, ulp_error_bound
from fastdiv.scipy.stats import entropy

NAN, INFINITY = float("nan"), float("inf")


def both(*arguments, **options):
    """Ours, which never warns, and SciPy's."""
    value = entropy(*arguments, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return value, stats.entropy(*arguments, **options)


def assert_same(value, expected, rtol):
    assert type(value) is type(expected)
    assert value.dtype == expected.dtype
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3, (0, 1), (2, 0), (-1, 0, 1), [1, 2], None, True])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("base", [None, 2, 10.0, 0.5, np.float32(3)])
def test_axes_and_bases(axis, keepdims, base, dtype, rng):
    pk, qk = (rng.exponential(size=(3, 4, 5)).astype(dtype) for _ in "pq")
    if isinstance(axis, list) and keepdims:
        axis = tuple(axis)
    for arguments in ((pk,), (pk, qk), (pk, qk[:, :1]), (pk, qk[0])):
        options = {"axis": axis, "keepdims": keepdims, "base": base}
        if axis is None and len(arguments) == 2 and arguments[1].size != pk.size:
            continue
        assert_same(*both(*arguments, **options), rtol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", ["?", "i1", "u8", "i4", "f2", "f4", "f8", ">f4", ">f8"])
def test_types(kind, rng):
    pk = (rng.random((6, 2)) * 9 + 1).astype(kind)
    rtol = 2e-3 if kind == "f2" else 1e-6  # SciPy's shares of float16 are rounded to it
    assert_same(*both(pk), rtol=rtol)
    assert_same(*both(pk, np.float32(pk) + 1), rtol=rtol)
    assert_same(*both(pk[:, 0]), rtol=rtol)


@pytest.mark.parametrize(
    "arguments",
    [
        ([],),
        ([], []),
        (5.0,),
        (5.0, [1, 2]),
        ([0, 0],),
        ([0.0, 0.0], [1, 1]),
        ([1, 1], [0.0, 0.0]),
        ([1, 0], [0, 1]),
        ([0, 1], [0, 1]),
        ([1, -1],),
        ([3, -1],),
        ([-1, -2],),
        ([1, 2], [3, -1]),
        ([1, 2], [-1, -2]),
        ([1, INFINITY],),
        ([1, 2], [1, INFINITY]),
        ([1, NAN],),
        ([1, 2], [NAN, 1]),
        (np.ones((0, 3)),),
        (np.ones((3, 0)),),
        (np.ones((0, 3)), np.ones((1, 3))),
        ([[1, 2], [1, -3], [0, 0], [NAN, 1], [INFINITY, 1]], [[1], [2], [3], [4], [5]]),
    ],
)
def test_special_values(arguments):
    assert_same(*both(*arguments), rtol=1e-14)
    assert_same(*both(*arguments, axis=-1), rtol=1e-14)


@pytest.mark.parametrize("policy", ["propagate", "omit"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("axis", [0, 1, None, (0, 2)])
def test_missing_entries(policy, masked, axis, dtype, rng):
    pk, qk = (rng.exponential(size=(4, 5, 6)).astype(dtype) for _ in "pq")
    pk[rng.random(pk.shape) < 0.1] = np.nan
    pk[:, 1, 2] = np.nan
    qk[rng.random(pk.shape) < 0.1] = np.nan
    if masked:
        pk = np.ma.masked_array(pk, mask=np.isnan(pk) & (rng.random(pk.shape) < 0.7))
        qk = np.ma.masked_array(qk, mask=rng.random(qk.shape) < 0.2)
        pk[2, 1] = np.ma.masked
    for arguments in ((pk,), (pk, qk)):
        for keepdims in (False, True):
            options = {"axis": axis, "nan_policy": policy, "keepdims": keepdims}
            assert_same(*both(*arguments, **options), rtol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (([1, 2],), {"base": 0}),
        (([1, 2],), {"base": -2}),
        (([1, 2],), {"base": "a"}),
        (([1, 2],), {"base": [2, 3]}),
        (([1, 2],), {"base": 1j}),
        (([1, 2],), {"axis": 1}),
        (([1, 2],), {"axis": -2}),
        (([1, 2],), {"axis": "a"}),
        (([1, 2],), {"axis": 0.0}),
        (([[1, 2]],), {"axis": (0, 0)}),
        (([1, 2],), {"nan_policy": "drop"}),
        (([1, 2],), {"nan_policy": None}),
        (([1, NAN],), {"nan_policy": "raise"}),
        (([1, 2], [1, NAN]), {"nan_policy": "raise"}),
        (([1, 2], [1, 2, 3]), {}),
        ((["a", "b"],), {}),
        (([1, 1j],), {}),
        ((np.ones(2, "g"),), {}),
        ((np.ones(2, object),), {}),
        (([[1, 2], [3]],), {}),
        ((), {}),
        (([1, 2],), {"pk": [1, 2]}),
        (([1, 2],), {"nothing": 1}),
        (([1, 2], [1, 2], 2, 0, "omit"), {}),
    ],
)
def test_errors(arguments, options):
    errors = []
    for function in (entropy, stats.entropy):
        with pytest.raises((TypeError, ValueError)) as error:
            function(*arguments, **options)
        errors.append(error.type)
    assert errors[0] is errors[1]


def test_a_base_of_1_warns():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert entropy([1, 2], base=1) == INFINITY
    assert entropy([1, 2], base=INFINITY) == 0
    assert np.isnan(entropy([1, 2], base=NAN))


def test_other_array_libraries_are_scipys_business():
    strict = pytest.importorskip("array_api_strict")
    pk = strict.asarray([1.0, 2.0])
    value, expected = both(pk)
    assert type(value) is type(expected)
    assert float(value) == float(expected)


def test_is_right_where_scipy_is_not(dtype, rng):
    pk = rng.exponential(size=(1000, 50)).astype(dtype)
    relative = entropy(pk, pk * dtype(3), axis=1)
    assert not relative.any()
    if dtype is np.float64:
        assert (stats.entropy(pk, pk * 3, axis=1) < 0).any()
    near = pk[0] * (1 + 1e-6 * rng.uniform(-1, 1, 50)) if dtype is np.float64 else 2 * pk[0] + pk[1]
    near = near.astype(dtype)
    exact = reference.kl_divergence(pk[0], near)
    assert error_ratio(entropy(pk[0], near), exact, ulp_error_bound(exact.magnitude, dtype)) <= 1
    huge = np.full(4, np.finfo(dtype).max)
    assert entropy(huge, base=2) == 2
    with np.errstate(over="ignore"):
        assert stats.entropy(huge, base=2) != 2
