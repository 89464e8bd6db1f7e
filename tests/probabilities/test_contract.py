"""Shapes, types and special inputs: the right value without a warning, or an error that names the argument."""

import sys
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastdiv
import fastdiv.scipy

P = np.array([0.5, 0.25, 0.25])
ONE_ARRAY = [fastdiv.self_information, fastdiv.entropy]
TWO_ARRAYS = [
    fastdiv.cross_entropy,
    fastdiv.kl_divergence,
    fastdiv.js_divergence,
    fastdiv.js_distance,
]
TABLES = [fastdiv.joint_entropy, fastdiv.conditional_entropy, fastdiv.mutual_information]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1e-40, 1e308, 3e38]


@pytest.mark.parametrize("function", ONE_ARRAY + TWO_ARRAYS + TABLES)
def test_never_warns_or_raises_for_values(function: Any, dtype: type) -> None:
    rng = np.random.default_rng(0)
    with warnings.catch_warnings(), np.errstate(all="raise", over="ignore", under="ignore"):
        warnings.simplefilter("error")
        for n in (1, 2, 3, 9, 40):
            for _ in range(50):
                shape = (n, 3) if function in TABLES else (n,)
                arrays = [rng.choice(SPECIAL, shape) for _ in range(2)]
                with np.errstate(over="ignore"):
                    arrays = [array.astype(dtype) for array in arrays]
                arrays = arrays if function in TWO_ARRAYS else arrays[:1]
                for normalize in (True, False):
                    value = function(*arrays, normalize=normalize)
                    if function in TWO_ARRAYS[1:] and normalize:
                        assert not value < 0
                    fastdiv.value_and_grad(function)(*arrays, normalize=normalize)


def test_one_bad_slice_spoils_no_other(dtype: type) -> None:
    rng = np.random.default_rng(1)
    for function in TWO_ARRAYS:
        p, q = rng.random((6, 40)).astype(dtype), rng.random((6, 40)).astype(dtype)
        wanted = function(p, q)
        p[1, 3], q[2, 5], p[3], p[4, 0] = np.nan, -1, 0, np.inf
        value, gradient = fastdiv.value_and_grad(function)(p, q)
        assert np.isnan(value[1:5]).all()
        assert np.isnan(gradient[1:5]).all()
        np.testing.assert_array_equal(value[[0, 5]], wanted[[0, 5]])
        assert np.isfinite(gradient[[0, 5]]).all()


@pytest.mark.parametrize("function", ONE_ARRAY + TWO_ARRAYS)
def test_empty(function: Any) -> None:
    count = 2 if function in TWO_ARRAYS else 1
    for shape in ((0,), (3, 0), (0, 3), (0, 0), (2, 0, 4)):
        arrays = [np.empty(shape)] * count
        value, gradient = fastdiv.value_and_grad(function)(*arrays)
        assert gradient.shape == shape
        if function is fastdiv.self_information:
            assert value.shape == shape
        else:
            assert np.shape(value) == shape[:-1]
            assert np.all(np.asarray(value) == 0)


@pytest.mark.parametrize("function", TABLES)
def test_empty_tables(function: Any) -> None:
    for shape in ((0, 0), (3, 0), (0, 3), (0, 2, 2), (2, 2, 0)):
        value, gradient = fastdiv.value_and_grad(function)(np.empty(shape))
        assert gradient.shape == shape
        assert np.shape(value) == shape[:-2]
        assert np.all(np.asarray(value) == 0)


def test_types() -> None:
    counts = [[1, 2, 3], [3, 2, 1]]
    expected = fastdiv.entropy(np.array(counts, float))
    for kind in (bool, np.int8, np.uint16, np.int64, np.uint64, np.float64, ">f8", ">i4"):
        value = fastdiv.entropy(np.array(counts, kind))
        assert value.dtype == np.float64
        if kind is not bool:
            np.testing.assert_array_equal(value, expected)
    for kind in (np.float16, ml_dtypes.bfloat16, np.float32, ">f4"):
        value = fastdiv.entropy(np.array(counts, np.float32).astype(kind))
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    assert fastdiv.kl_divergence(P.astype(np.float32), P).dtype == np.float64
    assert isinstance(fastdiv.entropy(P), np.float64)
    assert isinstance(fastdiv.entropy(P.astype(np.float32)), np.float32)
    assert isinstance(fastdiv.entropy([1, 2]), np.float64)


def test_shapes() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.random((3, 4, 5)), rng.random((4, 5))
    for axis in (0, 1, 2, -1, -2, (0, 1), (2, 0), (0, 1, 2), None):
        numbers = tuple(range(3)) if axis is None else axis
        value = fastdiv.kl_divergence(p, q, axis=axis)
        kept = fastdiv.kl_divergence(p, q, axis=axis, keepdims=True)
        assert kept.shape == np.sum(p, axis=numbers, keepdims=True).shape
        np.testing.assert_array_equal(np.squeeze(kept), value)
        whole = np.broadcast_to(q, p.shape)
        a = p / p.sum(axis=numbers, keepdims=True)
        b = whole / whole.sum(axis=numbers, keepdims=True)
        np.testing.assert_allclose(value, (a * np.log(a / b)).sum(axis=numbers), rtol=1e-12)
        out = np.empty(np.shape(value))
        assert fastdiv.kl_divergence(p, q, axis=axis, out=out) is out
        np.testing.assert_array_equal(out, value)
    table = fastdiv.mutual_information(p, axes=(0, 2))
    np.testing.assert_allclose(table, fastdiv.mutual_information(p.transpose(1, 0, 2)), rtol=1e-12)
    turned = fastdiv.conditional_entropy(p, given=0, axes=(0, 2))
    moved = fastdiv.conditional_entropy(p.transpose(1, 2, 0))
    np.testing.assert_allclose(turned, moved, rtol=1e-14)


def test_views(dtype: type) -> None:
    rng = np.random.default_rng(3)
    p = rng.random((6, 50)).astype(dtype)
    wanted = fastdiv.entropy(p)
    raw = np.empty(p.nbytes + 1, np.uint8)
    unaligned = np.frombuffer(raw.data, dtype, p.size, offset=1).reshape(p.shape)
    unaligned[...] = p
    readonly = p.copy()
    readonly.flags.writeable = False
    for view in (unaligned, readonly, np.asfortranarray(p), np.repeat(p, 3, axis=0)[::3]):
        np.testing.assert_array_equal(fastdiv.entropy(view), wanted)
    np.testing.assert_array_equal(fastdiv.entropy(p[::-1]), wanted[::-1])
    reversed_entries = fastdiv.entropy(p[:, ::-1])
    np.testing.assert_allclose(reversed_entries, wanted, rtol=4 * np.finfo(dtype).eps)
    broadcast = np.broadcast_to(p[0], (4, 50))
    np.testing.assert_array_equal(fastdiv.entropy(broadcast), wanted[[0, 0, 0, 0]])


def test_large_array() -> None:
    # 5e8 entries of one byte each of address space: a broadcast view needs no memory.
    ones = np.broadcast_to(np.float32(1), (500_000_000,))
    assert fastdiv.entropy(ones) == pytest.approx(np.log(5e8), rel=1e-6)


BAD_CALLS = {
    "p must be a rectangular": lambda: fastdiv.entropy([[1, 2], [3]]),
    "p has dtype complex128": lambda: fastdiv.entropy(P + 0j),
    "p has dtype object": lambda: fastdiv.entropy(np.array([1, None])),
    "p has dtype object: .*; it holds None$": lambda: fastdiv.entropy([1.0, None]),
    "p has dtype object: .*; it holds 118059": lambda: fastdiv.entropy([2**70]),
    "p has dtype object: .*; a list of rows of different lengths": lambda: fastdiv.entropy(
        np.array([[1, 2], [3]], dtype=object)
    ),
    "p must be an array or a list of numbers, got None$": lambda: fastdiv.entropy(None),
    "p must be an array or a list of numbers, got {'a': 1}$": lambda: fastdiv.entropy({"a": 1}),
    "q must be an array or a list of numbers, got <generator": lambda: fastdiv.kl_divergence(
        P, (x for x in P)
    ),
    "p has dtype <U1": lambda: fastdiv.entropy(["a", "b"]),
    "q has dtype": lambda: fastdiv.kl_divergence(P, np.array(["a"])),
    "p has dtype float128|p has dtype longdouble": lambda: fastdiv.entropy(P.astype(np.longdouble)),
    "p is a masked array": lambda: fastdiv.entropy(np.ma.array(P)),
    "p must have at least one axis": lambda: fastdiv.entropy(0.5),
    "axis is 1: out of range": lambda: fastdiv.entropy(P, axis=1),
    "axis must be an int": lambda: fastdiv.entropy(P, axis=0.0),
    "axis must not name": lambda: fastdiv.entropy([P], axis=(0, -2)),
    "axis must name at least": lambda: fastdiv.entropy(P, axis=()),
    r"p with shape \(3,\) and q with shape \(2,\)": lambda: fastdiv.kl_divergence(P, [1, 2]),
    "base must be a positive": lambda: fastdiv.entropy(P, base=0),
    "base must be a positive number other than 1": lambda: fastdiv.entropy(P, base=1),
    "base must be a real": lambda: fastdiv.entropy(P, base="2"),
    "base must be a positive number.*nan": lambda: fastdiv.entropy(P, base=np.nan),
    "weight must lie": lambda: fastdiv.js_divergence(P, P, 1.5),
    "weight must be a real": lambda: fastdiv.js_divergence(P, P, None),
    "out must be an array": lambda: fastdiv.entropy([P], out=[0.0]),
    r"out has shape \(2,\): expected \(1,\)": lambda: fastdiv.entropy([P], out=np.empty(2)),
    "out has dtype float32: expected float64": lambda: fastdiv.entropy(
        [P], out=np.empty(1, np.float32)
    ),
    "out is read-only": lambda: fastdiv.entropy([P], out=np.broadcast_to(1.0, (1,))),
    "out overlaps p": lambda: fastdiv.self_information(P, out=P),
    "out overlaps q": lambda: (lambda q: fastdiv.kl_divergence(P, q, out=q[0, :2]))(
        np.ones((2, 3))
    ),
    "pxy must be a joint table": lambda: fastdiv.mutual_information(P),
    "axes must be two axes": lambda: fastdiv.mutual_information([P], axes=(0, 1, 2)),
    "axes must not name": lambda: fastdiv.mutual_information([P], axes=(1, 1)),
    "given must be one of": lambda: fastdiv.conditional_entropy(np.ones((2, 2, 2)), given=0),
    "f must be a measure": lambda: fastdiv.value_and_grad(np.sin),
    "f must be a measure of": lambda: fastdiv.grad("entropy"),
    r"f must be .* with gradients, one of fastdiv\.{.*kl_divergence.*fastdiv\.distributions\.{.*"
    r"fastdiv\.logits\.{cross_entropy, .*; got fastdiv\.pairwise\.kl_divergence$": lambda: (
        fastdiv.grad(fastdiv.pairwise.kl_divergence)
    ),
    "f must be .* got fastdiv.scipy": lambda: fastdiv.grad(fastdiv.scipy.stats.entropy),
    "argnums is 1": lambda: fastdiv.grad(fastdiv.entropy, 1),
    "argnums must be an int": lambda: fastdiv.grad(fastdiv.entropy, "p"),
    r"argnums must be an int or a tuple of ints, got \[0, 1\]: write \(0, 1\)": lambda: (
        fastdiv.grad(fastdiv.kl_divergence, [0, 1])
    ),
    "argnums must name each": lambda: fastdiv.grad(fastdiv.kl_divergence, (0, 0)),
    "cotangent has shape": lambda: fastdiv.grad(fastdiv.entropy)([P], cotangent=[1, 2]),
    "cotangent has dtype": lambda: fastdiv.grad(fastdiv.entropy)([P], cotangent=["a"]),
    "grad_out has shape": lambda: fastdiv.grad(fastdiv.entropy)(P, grad_out=np.empty(2)),
    "grad_out must be a tuple of 2 .*, got ndarray": lambda: fastdiv.grad(
        fastdiv.kl_divergence, (0, 1)
    )(P, P, grad_out=np.empty(3)),
    "grad_out must be a tuple of 2 .*, got a tuple of 1": lambda: fastdiv.grad(
        fastdiv.kl_divergence, (0, 1)
    )(P, P, grad_out=(np.empty(3),)),
    "grad_out overlaps p": lambda: (
        lambda p: fastdiv.grad(fastdiv.entropy)(p[:3], grad_out=p[1:4])
    )(np.ones(5)),
    "count must lie": lambda: fastdiv.set_num_threads(0),
    "count must be an int": lambda: fastdiv.set_num_threads(1.5),
    "expected a matrix": lambda: fastdiv.pairwise.js_divergence(P),
    "rows of different lengths": lambda: fastdiv.pairwise.kl_divergence([P], [[1, 2]]),
    "out must be C-contiguous": lambda: fastdiv.pairwise.kl_divergence(
        np.ones((2, 3)), out=np.empty((2, 2)).T[::1, ::-1]
    ),
}


@pytest.mark.parametrize("message", BAD_CALLS)
def test_bad_calls(message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        BAD_CALLS[message]()


def test_gpu_arrays_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)

    class Fake:
        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            return {"shape": (3,)}

    with pytest.raises(ImportError, match="p is in GPU memory"):
        fastdiv.entropy(Fake())


def test_arrays_in_host_memory_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a type that may be in GPU memory too."""
    monkeypatch.setitem(sys.modules, "cupy", None)

    class Fake:
        __cuda_array_interface__ = None
        device = 1

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return P

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.device, 0

    array = Fake()
    assert fastdiv.entropy(array) == fastdiv.entropy(P)
    array.device = 2
    with pytest.raises(ImportError, match="p is in GPU memory"):
        fastdiv.entropy(array)


def test_some_gradients_go_to_new_arrays() -> None:
    out = np.empty(3)
    by_p, by_q = fastdiv.grad(fastdiv.kl_divergence, (0, 1))(P, P[::-1], grad_out=(out, None))
    expected = fastdiv.grad(fastdiv.kl_divergence, (0, 1))(P, P[::-1])
    assert by_p is out
    np.testing.assert_array_equal([by_p, by_q], expected)


def test_a_cotangent_of_zero_keeps_nan() -> None:
    """As documented, and as NumPy multiplies."""
    rows = np.array([P, [np.nan, 0.5, 0.5]])
    for measure in (fastdiv.entropy, fastdiv.logits.entropy):
        gradient = fastdiv.grad(measure)(rows, cotangent=0.0)
        assert (gradient[0] == 0).all() and np.isnan(gradient[1]).all()
