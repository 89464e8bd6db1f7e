"""The elementwise functions: accuracy, special values, and all that makes them NumPy ufuncs."""

import ctypes
import doctest
import pickle
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special as theirs

import fastdiv
from fastdiv.scipy import special as ours

NAMES = ("entr", "rel_entr", "kl_div")
INFINITY, NAN = float("inf"), float("nan")
FORMULAS = {
    "entr": lambda x: -x * mp.log(x),
    "rel_entr": lambda x, y: x * mp.log(x / y),
    "kl_div": lambda x, y: x * mp.log(x / y) - x + y,
}
EXTREMES = (0.0, -0.0, 1.0, -1.0, 0.3, 5e-324, 1e-200, 1e200, INFINITY, -INFINITY, NAN)
# Where SciPy takes the logarithm of a quotient that overflowed or underflowed, or loses a limit.
SCIPY_IS_WRONG = {
    "rel_entr": set(),
    "kl_div": {
        *((x, INFINITY) for x in (1.0, 0.3, 5e-324, 1e-200, 1e200)),
        *((INFINITY, y) for y in (1.0, 0.3, 5e-324, 1e-200, 1e200)),
        *((x, 5e-324) for x in (1.0, 0.3)),
        (5e-324, 1e200),
        (1e-200, 1e200),
        (1e200, 5e-324),
        (1e200, 1e-200),
    },
}


def draws(rng, dtype, count):
    """Pairs of positive numbers, by what is hard about them."""
    limits = np.finfo(dtype)
    least, most = np.log2(float(limits.smallest_normal)), np.log2(float(limits.max))
    x = rng.uniform(0, 1, count).astype(dtype).astype(np.float64)
    wide = np.exp2(rng.uniform(least / 1.1, most / 1.1, count)).astype(dtype).astype(np.float64)

    def random(low, high):
        return np.exp2(rng.uniform(low, high, count))

    def subnormal():
        return rng.integers(1, 2**20, count) * float(limits.smallest_subnormal)

    pairs = {
        "probabilities": (x, rng.uniform(0, 1, count)),
        "near": (x, x * random(-0.7, 0.7)),
        "near_1e-3": (wide, wide * (1 + 1e-3 * rng.uniform(-1, 1, count))),
        "near_1e-6": (wide, wide * (1 + 1e-6 * rng.uniform(-1, 1, count))),
        "near_1e-14": (wide, wide * (1 + 1e-14 * rng.uniform(-1, 1, count))),
        "wide": (random(least - 20, most), random(least - 20, most)),
        "subnormal": (subnormal(), subnormal()),
        "smallest_normal": (random(least - 1, least + 3), random(least - 1, least + 3)),
        "x_smallest_normal": (random(least - 1, least + 3), random(-3, 3)),
        "y_smallest_normal": (random(-3, 3), random(least - 1, least + 3)),
        "large": (random(most - 4, most), random(most - 4, most)),
    }
    return {name: tuple(z.astype(dtype) for z in pair) for name, pair in pairs.items()}


def ulp_errors(name, arguments, values):
    """Error of every value in units of its last place."""
    limits = np.finfo(values.dtype)
    with mp.workdps(50):
        for value, *numbers in zip(values, *arguments, strict=True):
            if 0 in numbers:
                continue
            exact = FORMULAS[name](*map(mpf, map(float, numbers)))
            if abs(exact) > mpf(float(limits.max)):
                yield 0.0 if abs(value) >= limits.max * (1 - 4 * limits.eps) else INFINITY
                continue
            spacing = np.spacing(values.dtype.type(abs(float(exact))))
            yield float(abs(mpf(float(value)) - exact) / mpf(float(spacing)))


@pytest.mark.parametrize("name", NAMES)
def test_accuracy(name, isa, dtype, rng):
    for case, pair in draws(rng, dtype, 400).items():
        arguments = pair[:1] if name == "entr" else pair
        values = getattr(ours, name)(*arguments)
        assert values.dtype == dtype
        assert max(ulp_errors(name, arguments, values), default=0) <= 4, case


def test_kl_div_is_never_negative(isa, dtype, rng):
    x = np.exp2(rng.uniform(-100, 100, 10_001)).astype(dtype)
    for factor in (1, 1 + 1e-7, 1 - 1e-7, 1.001, 0.7, 0.667, 1.5):
        assert ours.kl_div(x, (x * factor).astype(dtype)).min() >= 0
    assert not ours.kl_div(x, x).any()
    assert not ours.rel_entr(x, x).any()


@pytest.mark.parametrize("name", ["rel_entr", "kl_div"])
def test_special_values_of_two_are_scipys(name, isa):
    for x in EXTREMES:
        for y in EXTREMES:
            with np.errstate(all="raise"):
                value = getattr(ours, name)(np.full(9, x), np.full(9, y))
            expected = getattr(theirs, name)(x, y)
            if (x, y) in SCIPY_IS_WRONG[name]:
                assert not np.isclose(value[0], expected, rtol=1e-3)
                exact = FORMULAS[name](mpf(x), mpf(y)) if INFINITY not in (x, y) else INFINITY
                expected = float(exact)
            np.testing.assert_allclose(value, expected, rtol=1e-13, err_msg=f"{x}, {y}")


def test_special_values_of_entr_are_scipys(isa):
    with np.errstate(all="raise"):
        value = ours.entr(EXTREMES)
    np.testing.assert_allclose(value, theirs.entr(EXTREMES), rtol=1e-13)
    np.testing.assert_array_equal(np.signbit(ours.entr([0.0, -0.0])), [False, False])


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_scipy_on_random_numbers(name, dtype, rng):
    for shape in ((), (1,), (7,), (33,), (3, 5), (0, 3), (9000,), (2, 70_001)):
        x, y = (rng.exponential(size=shape).astype(dtype) for _ in "xy")
        arguments = (x,) if name == "entr" else (x, y)
        value, expected = getattr(ours, name)(*arguments), getattr(theirs, name)(*arguments)
        assert type(value) is type(expected)
        assert value.dtype == expected.dtype
        assert value.shape == expected.shape
        eps = np.finfo(dtype).eps  # SciPy's kl_div cancels, to a term's rounding
        np.testing.assert_allclose(
            value, expected, rtol=8 * eps, atol=16 * eps * max(1, x.max(initial=0))
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", ">f4", ">f8"])
def test_types_are_scipys(name, kind):
    x = np.array([0, 1, 1, 0, 1]).astype(kind)
    count = 1 if name == "entr" else 2
    value, expected = (getattr(module, name)(*[x] * count) for module in (ours, theirs))
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(value, expected)


def test_is_a_ufunc(rng):
    x, y = rng.random((4, 1, 6)), rng.random((5, 1))
    for name in NAMES:
        function, other = getattr(ours, name), getattr(theirs, name)
        assert isinstance(function, np.ufunc)
        assert (function.types, function.nin, function.nout) == (other.types, other.nin, other.nout)
    np.testing.assert_allclose(ours.rel_entr(x, y), theirs.rel_entr(x, y), rtol=1e-13)
    np.testing.assert_allclose(
        ours.rel_entr(x.T, y.T[..., None]), theirs.rel_entr(x.T, y.T[..., None])
    )
    strided = rng.random((30, 40))[::-3, 5::2]
    np.testing.assert_array_equal(ours.entr(strided), ours.entr(strided.copy()))
    np.testing.assert_allclose(
        ours.kl_div.outer([1, 2], [3, 4]), theirs.kl_div.outer([1, 2], [3, 4])
    )
    assert ours.rel_entr([1, 2], [2, 3], dtype=np.float32).dtype == np.float32


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pickle asks every module for the name
def test_can_be_pickled():
    for name in NAMES:
        function = getattr(ours, name)
        assert pickle.loads(pickle.dumps(function)) is function


def test_out_and_where(rng):
    x, y = rng.random(100), rng.random(100)
    expected = ours.rel_entr(x, y)
    out = np.full(100, 7.0)
    assert ours.rel_entr(x, y, out=out) is out
    np.testing.assert_array_equal(out, expected)
    out = np.full(100, 7.0)
    ours.rel_entr(x, y, out=out, where=x > 0.5)
    np.testing.assert_array_equal(out, np.where(x > 0.5, expected, 7))
    for target in (x.copy(), y.copy()):  # in place
        arguments = (target, y) if target[0] == x[0] else (x, target)
        np.testing.assert_array_equal(ours.rel_entr(*arguments, out=target), expected)
    shifted = x.copy()
    np.testing.assert_array_equal(ours.entr(shifted[:-1], out=shifted[1:]), ours.entr(x[:-1]))
    wide = np.zeros((3, 100))
    ours.entr(x, out=wide)
    np.testing.assert_array_equal(wide, np.broadcast_to(ours.entr(x), (3, 100)))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        (([1j], [1]), {}),
        ((["a"], [1]), {}),
        (([1, 2], [1, 2, 3]), {}),
        (([1, 2], [1, 2]), {"out": np.zeros(3)}),
        (([1, 2], [1, 2]), {"out": np.zeros(2, int)}),
        (([1, 2], [1, 2]), {"out": [0, 0]}),
        ((np.ones(2, "g"), [1, 2]), {}),
        (([None], [1]), {}),
    ],
)
def test_errors_are_scipys(arguments, options):
    for name in ("rel_entr", "kl_div"):
        errors = []
        for module in (ours, theirs):
            with pytest.raises((TypeError, ValueError)) as error:
                getattr(module, name)(*arguments, **options)
            errors.append(error.type)
        assert errors[0] is errors[1]


def test_bits_do_not_depend_on_threads(rng):
    x, y = rng.random(300_000), rng.random(300_000)
    fastdiv.set_num_threads(1)
    expected = {name: getattr(ours, name)(*([x, y][: 1 + (name != "entr")])) for name in NAMES}
    for threads in (2, 7):
        fastdiv.set_num_threads(threads)
        for name in NAMES:
            value = getattr(ours, name)(*([x, y][: 1 + (name != "entr")]))
            np.testing.assert_array_equal(value, expected[name])


def test_masked_arrays_keep_their_masks():
    x = np.ma.masked_array([0.5, 0.25, 1.0], mask=[False, True, False])
    for name in NAMES:
        arguments = (x,) if name == "entr" else (x, [1.0, 1.0, 1.0])
        value = getattr(ours, name)(*arguments)
        np.testing.assert_array_equal(value.mask, x.mask)


@pytest.mark.parametrize("name", NAMES)
def test_documentation(name):
    function = getattr(ours, name)
    finder = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, 0)
    assert finder.examples
    assert doctest.DocTestRunner().run(finder).failed == 0


def test_c_functions_take_strides_and_refuse_nonsense(rng):
    library = ctypes.CDLL(str(next(Path(fastdiv.get_library_dir()).glob("libfastdiv.*"))))
    function = library.fastdiv_rel_entr_f64
    x, y = rng.random((3, 9000)), rng.random((1, 9000))
    value = np.empty((9000, 3)).T
    sizes = (ctypes.c_size_t * 2)(3, 9000)

    def pointer(array):
        return ctypes.c_void_p(array.ctypes.data)

    def strides(*steps):
        return (ctypes.c_ssize_t * len(steps))(*steps)

    def call(ndim=2, shape=sizes, first=x):
        data = None if first is None else pointer(first)
        where = strides(1, 3)
        return function(
            ctypes.c_size_t(ndim),
            shape,
            data,
            None,
            pointer(y),
            strides(0, 1),
            pointer(value),
            where,
        )

    assert call() == 0
    np.testing.assert_array_equal(value, ours.rel_entr(x, y))
    assert call(first=None) == 1
    assert call(shape=None) == 1
    assert call(ndim=0) == 2
    assert call(ndim=65) == 2
    assert call(shape=(ctypes.c_size_t * 2)(0, 5), first=None) == 0
