"""`jensenshannon`, `cdist` and `pdist` against SciPy's."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.spatial import distance as theirs

from fastdiv.scipy.spatial import distance as ours

NAN, INFINITY = float("nan"), float("inf")
JS = "jensenshannon"


def both(name, *arguments, **options):
    """Ours, which never warns, and SciPy's."""
    value = getattr(ours, name)(*arguments, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return value, getattr(theirs, name)(*arguments, **options)


def assert_same(value, expected, rtol, atol=0.0):
    assert type(value) is type(expected)
    assert value.dtype == expected.dtype
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 1), (2, 0), None])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("base", [None, 2, 10.0])
def test_axes_and_bases(axis, keepdims, base, dtype, rng):
    p, q = (rng.exponential(size=(3, 4, 5)).astype(dtype) for _ in "pq")
    for second in (q, q[:, :1], q[:, :, :1], q[0], q[0, 0]):
        if second.ndim < 3 and axis not in (0, -1, None):
            continue
        options = {"axis": axis, "keepdims": keepdims, "base": base}
        assert_same(*both(JS, p, second, **options), rtol=1e3 * np.finfo(dtype).eps, atol=1e-7)
        assert_same(*both(JS, second, p, **options), rtol=1e3 * np.finfo(dtype).eps, atol=1e-7)


@pytest.mark.parametrize("kind", ["?", "i1", "u8", "f2", "f4", "f8", ">f8"])
def test_types(kind, rng):
    p, q = ((rng.random((8, 2)) * 5 + 1).astype(kind) for _ in "pq")
    rtol = 3e-2 if kind == "f2" else 1e-5  # SciPy's shares of float16 are rounded to it
    for base in (None, 2, np.float32(2)):
        assert_same(*both(JS, p, q, base), rtol=rtol, atol=1e-7)
        assert_same(*both(JS, p[:, 0], q[:, 0], base), rtol=rtol, atol=1e-7)
    assert_same(*both(JS, p, q.astype(np.float32)), rtol=rtol, atol=1e-7)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([], []),
        (1.0, 2.0),
        ([1, 0], [0, 1]),
        ([0, 0], [1, 1]),
        ([3, -1], [1, 1]),
        ([1, 1], [3, -1]),
        ([-1, -2], [1, 1]),
        ([1, INFINITY], [1, 1]),
        ([1, NAN], [1, 1]),
        (np.ones((0, 3)), np.ones((0, 3))),
        ([[1, 2], [1, -3], [0, 0], [NAN, 1], [3, 1]], [[1, 2]] * 5),
        (np.ma.masked_array([1.0, 2, 3], mask=[0, 1, 0]), [1, 2, 5]),
    ],
)
def test_special_values(p, q):
    assert_same(*both(JS, p, q, axis=-1), rtol=1e-14)
    assert_same(*both(JS, p, q, 2, axis=-1), rtol=1e-14)


@pytest.mark.parametrize("base", [0, 1, -1, 0.5, INFINITY, NAN, [2, 3], np.array([2.0, 4.0])])
def test_strange_bases(base):
    arguments = ([[1, 2], [3, 4]], [[2, 3], [5, 1]], base)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        assert_same(ours.jensenshannon(*arguments), theirs.jensenshannon(*arguments), rtol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (([1, 2], [1, 2, 3]), {}),
        (([1, 2], [1, 2]), {"axis": 1}),
        (([1, 2], [1, 2]), {"axis": "a"}),
        (([1, 2], [1, 2]), {"axis": 0.0}),
        (([[1, 2]], [[1, 2]]), {"axis": (0, 0)}),
        (([1, 2], [1, 2]), {"base": "a"}),
        ((["a"], ["b"]), {}),
        (([1j], [1]), {}),
        ((np.ones(2, object), [1, 2]), {}),
        ((np.ones(2, "g"), [1, 2]), {}),
        (([[1, 2], [3]], [1, 2]), {}),
        ((None, None), {}),
        (([1, 2], [1, 2], 2, 0), {}),
    ],
)
def test_errors(arguments, options):
    errors = []
    for function in (ours.jensenshannon, theirs.jensenshannon):
        with pytest.raises((TypeError, ValueError)) as error:
            function(*arguments, **options)
        errors.append(error.type)
    assert errors[0] is errors[1]


def test_proportional_vectors_are_at_distance_0(isa, dtype, rng):
    p = rng.exponential(size=(2000, 50)).astype(dtype)
    with np.errstate(invalid="ignore"):
        assert np.isnan(theirs.jensenshannon(p, p * dtype(3), axis=1)).any()
    assert sum(ours.jensenshannon(row, row * dtype(3)) == 0 for row in p) == 2000
    assert not ours.jensenshannon(p, p * dtype(3), axis=1).any()
    assert not ours.jensenshannon(p.T, p.T * dtype(3)).any()
    assert not np.diagonal(ours.cdist(p[:300], p[:300], JS)).any()
    doubles = p[:300].astype(np.float64)
    assert not np.diagonal(ours.cdist(doubles, doubles * 3, JS)).any()


def test_subnormal_entries_do_no_harm():
    with np.errstate(over="ignore"):
        assert theirs.jensenshannon([0, 1], [5e-324, 1]) == INFINITY
    assert 0 <= ours.jensenshannon([0, 1], [5e-324, 1]) < 1e-160


@pytest.mark.parametrize("kind", ["?", "i4", "f4", "f8", ">f4", "O"])
@pytest.mark.parametrize("name", ["jensenshannon", "JS", "JensenShannon"])
def test_pairs(name, kind, rng):
    x, y = ((rng.random(shape) * 5 + 1).astype(kind) for shape in ((40, 17), (23, 17)))
    assert_same(*both("cdist", x, y, name), rtol=1e-9, atol=1e-15)
    assert_same(*both("cdist", x[::-2, ::3], y[:, ::3], name), rtol=1e-9, atol=1e-15)
    assert_same(*both("pdist", y, name), rtol=1e-9, atol=3e-8)
    assert_same(*both("pdist", y[:1], name), rtol=0)
    assert_same(*both("cdist", x[:0], y, name), rtol=0)
    assert_same(*both("cdist", x, y, name, w=None), rtol=1e-9, atol=1e-15)
    out = np.zeros((40, 23))
    assert ours.cdist(x, y, name, out=out) is out
    np.testing.assert_array_equal(out, ours.cdist(x, y, name))
    out = np.zeros(23 * 11)
    assert ours.pdist(y, name, out=out) is out
    np.testing.assert_array_equal(theirs.squareform(out), ours.cdist(y, y, name))


def test_pairs_have_the_special_values_of_jensenshannon(rng):
    x = rng.exponential(size=(8, 5))
    x[1, 2], x[2], x[3, 0], x[4, 1], x[5] = -1, 0, NAN, INFINITY, -x[0]
    for base in (None, 2):
        options = {} if base is None else {"base": base}
        expected = ours.jensenshannon(x[:, None], x[None], base, axis=-1)
        np.testing.assert_allclose(
            ours.cdist(x, x, JS, **options), expected, rtol=1e-14, atol=1e-16
        )
        condensed = expected[np.triu_indices(8, 1)]
        np.testing.assert_allclose(ours.pdist(x, JS, **options), condensed, rtol=1e-14, atol=1e-16)
    assert ours.cdist(x[:1], x[1:2], JS) == INFINITY
    assert np.isnan(ours.cdist(x[:1], x[2:3], JS))


def test_base_of_pairs(rng):
    x = rng.random((5, 4))
    np.testing.assert_allclose(
        ours.cdist(x, x, JS, base=2) * np.log(2) ** 0.5, ours.cdist(x, x, JS)
    )
    np.testing.assert_allclose(ours.pdist(x, JS, base=2) * np.log(2) ** 0.5, ours.pdist(x, JS))
    named, called = ours.pdist(x, JS, base=2), ours.pdist(x, ours.jensenshannon, base=2)
    np.testing.assert_array_equal(named, called)
    np.testing.assert_allclose(theirs.pdist(x, theirs.jensenshannon, base=2), called)


MATRIX = np.array([[1.0, 2], [3, 1]])


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((MATRIX, JS), {"w": [1, 2]}),
        ((MATRIX, JS), {"nothing": 1}),
        ((MATRIX, "nothing"), {}),
        ((MATRIX, 3), {}),
        ((MATRIX[0], JS), {}),
        (([["a"]], JS), {}),
        ((MATRIX, JS), {"out": np.empty((5, 5))}),
    ],
)
def test_errors_of_pairs(arguments, options):
    for name, matrices in (("pdist", 1), ("cdist", 2)):
        errors = []
        for module in (ours, theirs):
            with pytest.raises((TypeError, ValueError, AttributeError)) as error:
                getattr(module, name)(*[arguments[0]] * matrices, arguments[1], **options)
            errors.append(error.type)
        assert errors[0] is errors[1]


def test_errors_of_outputs_and_shapes():
    for module in (ours, theirs):
        with pytest.raises(AttributeError):
            module.cdist(MATRIX, MATRIX, JS, out=[0.0])
    for out in (np.empty((2, 2), np.float32), np.empty((2, 2)).T[::-1]):
        for module in (ours, theirs):
            with pytest.raises(ValueError, match=r"(?i)out"):
                module.cdist(MATRIX, MATRIX, JS, out=out)
    for module in (ours, theirs):
        with pytest.raises(ValueError, match="same number of columns"):
            module.cdist(MATRIX, MATRIX[:, :1], JS)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "test_jensenshannon", np.dot])
def test_other_metrics_pass_through(metric, rng):
    x, y = rng.random((5, 3)), rng.random((4, 3))
    assert_same(*both("cdist", x, y, metric), rtol=0)
    assert_same(*both("pdist", x, metric), rtol=0)
    assert_same(*both("cdist", x, y), rtol=0)
    assert_same(*both("pdist", x, "minkowski", p=3), rtol=0)


def test_scipy_is_imported_only_where_it_is_needed():
    code = """
import sys, numpy as np
from fastdiv.scipy import special, stats
from fastdiv.scipy.spatial import distance
x = np.array([[1.0, 2.0], [2.0, -1.0]])
stats.entropy(x, x), stats.entropy([1.0, np.nan], nan_policy="omit"), special.entr(x)
stats.entropy(np.ma.masked_array(x, mask=x < 0))
distance.jensenshannon(x, x), distance.cdist(x, x, "js"), distance.pdist(x, "js")
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
distance.pdist(x)
assert "scipy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
