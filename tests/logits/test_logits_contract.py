"""Shapes, types and special logits: the right value without a warning, or an error that names the argument."""

import sys
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastdiv
import logits_cases
import logits_errors
from logits_cases import every_dtype, every_measure

INF, NAN = np.inf, np.nan
X = np.array([0.5, 0.25, -1.0])
SPECIAL = [0.0, -0.0, 1.0, -200.0, 5e-324, 1e-40, 1e30, -3.4e38, 3.4e38, 1.7e308, -INF, INF, NAN]


def function_of(name: str) -> Any:
    return getattr(fastdiv.logits, name)


def all_gradients(name: str, arrays: Any, **options: Any) -> Any:
    """Value and gradients by every argument."""
    return fastdiv.value_and_grad(function_of(name), tuple(range(len(arrays))))(*arrays, **options)


@every_dtype
@every_measure
def test_never_warns_or_raises_for_values(name: str, dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(0)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for n in (1, 2, 3, 9, 40):
            for _ in range(50):
                with np.errstate(over="ignore"):
                    pair = rng.choice(SPECIAL, (2, n)).astype(dtype)
                value, _ = all_gradients(name, logits_cases.pick(name, pair))
                assert not value < 0


@pytest.mark.parametrize(
    ("name", "rows", "value"),
    [
        ("entropy", [[3.0]], 0),
        ("entropy", [[-INF, 5.0]], 0),
        ("entropy", [[0.0, 0.0]], np.log(2)),
        ("entropy", [[-INF, -INF]], NAN),
        ("entropy", [[0.0, NAN]], NAN),
        ("entropy", [[0.0, INF]], NAN),
        ("cross_entropy", [[0.0, 0.0], [0.0, -INF]], INF),
        ("cross_entropy", [[0.0, -INF], [0.0, -INF]], 0),
        ("cross_entropy", [[0.0, 0.0], [-INF, -INF]], NAN),
        ("kl_divergence", [[0.0, 0.0], [0.0, -INF]], INF),
        ("kl_divergence", [[0.0, -INF], [0.0, 0.0]], np.log(2)),
        ("kl_divergence", [[NAN, 0.0], [0.0, -INF]], NAN),
        ("kl_divergence", [[0.0, 0.0], [INF, -INF]], NAN),
        ("js_divergence", [[0.0, -INF], [-INF, 0.0]], np.log(2)),
        ("js_divergence", [[0.0, 0.0], [0.0, INF]], NAN),
        ("js_divergence", [[-INF, -INF], [0.0, 0.0]], NAN),
    ],
)
def test_special_values(name: str, rows: Any, value: float, isa: str, dtype: type) -> None:
    arrays = [np.array(row, dtype) for row in rows]
    np.testing.assert_allclose(function_of(name)(*arrays), dtype(value), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "rows", "gradients"),
    [
        ("entropy", [[-INF, 2, 2]], [[0, 0, 0]]),
        ("entropy", [[2, NAN]], [[NAN, NAN]]),
        ("kl_divergence", [[-INF, 2, 2], [0, -INF, 0]], [[0, INF, -INF], [0.5, -0.5, 0]]),
        ("cross_entropy", [[-INF, 2, 2], [0, -INF, 0]], [[0, INF, -INF], [0.5, -0.5, 0]]),
        ("kl_divergence", [[0, 0], [-INF, -INF]], [[NAN, NAN], [NAN, NAN]]),
        ("kl_divergence", [[-INF, 0], [-INF, 3]], [[0, 0], [0, 0]]),
        ("js_divergence", [[-INF, 0], [0, -INF]], [[0, 0], [0, 0]]),
        ("js_divergence", [[0, 0], [0, INF]], [[NAN, NAN], [NAN, NAN]]),
    ],
)
def test_special_gradients(name: str, rows: Any, gradients: Any, isa: str, dtype: type) -> None:
    arrays = [np.array(row, dtype) for row in rows]
    _, found = all_gradients(name, arrays)
    np.testing.assert_array_equal(np.array(found), np.array(gradients, dtype))
    _, turned = all_gradients(name, arrays, cotangent=dtype(-1))
    np.testing.assert_array_equal(np.array(turned), -np.array(gradients, dtype))


@every_dtype
@every_measure
def test_one_bad_row_spoils_no_other(name: str, dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(1)
    for n in (9, 40, 20_000):
        pair = (rng.normal(size=(2, 6, n)) * 3).astype(dtype)
        wanted, wanted_gradients = all_gradients(name, logits_cases.pick(name, pair))
        pair[0, 1, 3], pair[-1, 2, 5], pair[0, 3], pair[0, 4, 0] = NAN, NAN, -INF, INF
        good = [0, 5] if name != "entropy" else [0, 2, 5]
        value, gradients = all_gradients(name, logits_cases.pick(name, pair))
        assert np.isnan(np.delete(value, good)).all()
        assert logits_errors.same_bits(value[good], wanted[good])
        for gradient, each in zip(gradients, wanted_gradients, strict=True):
            assert np.isnan(np.delete(gradient.astype(np.float32), good, axis=0)).all()
            assert logits_errors.same_bits(gradient[good], each[good])


@every_measure
def test_empty(name: str) -> None:
    for shape in ((0,), (3, 0), (0, 3), (0, 0), (2, 0, 4)):
        arrays = logits_cases.pick(name, [np.empty(shape), np.empty(shape)])
        value, gradients = all_gradients(name, arrays)
        assert all(gradient.shape == shape for gradient in gradients)
        assert np.shape(value) == shape[:-1]
        assert np.all(np.asarray(value) == 0)


def test_types() -> None:
    logits = [[1, 2, 3], [3, 1, 1]]
    expected = fastdiv.logits.entropy(np.array(logits, float))
    for kind in (np.int8, np.uint16, np.int64, np.uint64, np.float64, ">f8", ">i4"):
        value, gradient = fastdiv.value_and_grad(fastdiv.logits.entropy)(np.array(logits, kind))
        assert value.dtype == gradient.dtype == np.float64
        np.testing.assert_array_equal(value, expected)
    narrow = fastdiv.logits.entropy(np.array(logits, np.float32))
    for kind in (np.float16, ml_dtypes.bfloat16, np.float32, ">f4", ">f2"):
        value = fastdiv.logits.entropy(np.array(logits, np.float32).astype(kind))
        assert logits_errors.same_bits(value, narrow)
    np.testing.assert_allclose(narrow, expected, rtol=1e-6)
    assert fastdiv.logits.entropy([True, False]).dtype == np.float64
    assert isinstance(fastdiv.logits.entropy(X), np.float64)
    assert isinstance(fastdiv.logits.entropy(X.astype(ml_dtypes.bfloat16)), np.float32)


@pytest.mark.parametrize("kind", [">f2", ">f4", ">f8"])
def test_other_byte_order(kind: str) -> None:
    x, y = (np.random.default_rng(5).normal(size=(2, 4, 30)) * 3).astype(kind)
    native = x.dtype.newbyteorder("=")
    value, gradients = all_gradients("kl_divergence", (x, y))
    expected, wanted = all_gradients("kl_divergence", (x.astype(native), y.astype(native)))
    assert logits_errors.same_bits(value, expected)
    for found, each in zip(gradients, wanted, strict=True):
        assert logits_errors.same_bits(found.astype(native), each)


@every_measure
def test_shapes(name: str) -> None:
    rng = np.random.default_rng(2)
    arrays = logits_cases.pick(name, [rng.normal(size=(3, 4, 5)), rng.normal(size=(4, 5))])
    whole = [np.broadcast_to(array, (3, 4, 5)) for array in arrays]
    function = function_of(name)
    for axis in (0, 1, 2, -1, -2, (0, 1), (2, 0), (0, 1, 2), None):
        numbers = tuple(range(3)) if axis is None else axis
        numbers = numbers if isinstance(numbers, tuple) else (numbers,)
        batch = tuple(k for k in range(3) if k not in {number % 3 for number in numbers})
        moved = [a.transpose(*batch, *(k for k in range(3) if k not in batch)) for a in whole]
        rows = [a.reshape(*a.shape[: len(batch)], -1) for a in moved]
        value = function(*arrays, axis=axis)
        kept = function(*arrays, axis=axis, keepdims=True)
        assert kept.shape == np.sum(whole[0], axis=numbers, keepdims=True).shape
        np.testing.assert_array_equal(np.squeeze(kept), value)
        np.testing.assert_allclose(value, function(*rows), rtol=1e-14)
        out = np.empty(np.shape(value))
        assert function(*arrays, axis=axis, out=out) is out
        np.testing.assert_array_equal(out, value)
        _, gradients = all_gradients(name, whole, axis=axis, keepdims=True)
        _, flat = all_gradients(name, rows)
        for found, expected in zip(gradients, flat, strict=True):
            turned = found.transpose(*batch, *(k for k in range(3) if k not in batch))
            np.testing.assert_allclose(
                turned.reshape(expected.shape), expected, rtol=1e-12, atol=1e-16
            )


@every_dtype
def test_views(dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(3)
    for n in (50, 9000):
        x = (rng.normal(size=(6, n)) * 3).astype(dtype)
        compute = fastdiv.value_and_grad(fastdiv.logits.entropy)
        wanted, wanted_gradient = compute(x)
        raw = np.empty(x.nbytes + 1, np.uint8)
        unaligned = np.frombuffer(raw.data, dtype, x.size, offset=1).reshape(x.shape)
        unaligned[...] = x
        readonly = x.copy()
        readonly.flags.writeable = False
        every_third = np.repeat(x, 3, axis=0)[::3]
        every_second = np.repeat(x, 2, axis=1)[:, ::2]
        for view in (unaligned, readonly, np.asfortranarray(x), every_third, every_second):
            value, gradient = compute(view)
            assert logits_errors.same_bits(value, wanted)
            assert logits_errors.same_bits(gradient, wanted_gradient)
        assert logits_errors.same_bits(fastdiv.logits.entropy(x.T, axis=0), wanted)
        assert logits_errors.same_bits(fastdiv.logits.entropy(x[::-1]), wanted[::-1])
        backwards = fastdiv.logits.entropy(x[:, ::-1])
        np.testing.assert_allclose(backwards, wanted, rtol=8 * np.finfo(wanted.dtype).eps)
        broadcast = np.broadcast_to(x[0], (4, n))
        assert logits_errors.same_bits(fastdiv.logits.entropy(broadcast), wanted[[0, 0, 0, 0]])


ERRORS = {
    "temperature must be .* at least 2.2250739e-308, got": [
        5e-324,
        1e-310,
        2.2250738585072009e-308,
    ],
    "temperature must be .*; where rows have their own, .* x / temperature": [[1.0], (2.0,), X],
    "temperature must be": [0, -1.0, NAN, INF, "a", None, [1.0], 1j, True],
    "base must be": [0, 1, -2, NAN, "2"],
}


@pytest.mark.parametrize(
    ("message", "value"), [(text, value) for text, values in ERRORS.items() for value in values]
)
@every_measure
def test_bad_options(name: str, message: str, value: Any) -> None:
    arrays = logits_cases.pick(name, (X, X))
    option = {message.split()[0]: value}
    with pytest.raises((TypeError, ValueError), match=message):
        function_of(name)(*arrays, **option)
    with pytest.raises((TypeError, ValueError), match=message):
        all_gradients(name, arrays, **option)


BF16 = np.ones((1, 3), ml_dtypes.bfloat16)
L = fastdiv.logits
BAD_CALLS = {
    "x must be a rectangular": lambda: L.entropy([[1, 2], [3]]),
    "x has dtype complex128": lambda: L.entropy(X + 0j),
    "x has dtype object": lambda: L.entropy(np.array([1, None])),
    "y has dtype": lambda: L.kl_divergence(X, np.array(["a"])),
    "x has dtype float128|x has dtype longdouble": lambda: L.entropy(X.astype(np.longdouble)),
    "x is a masked array": lambda: L.entropy(np.ma.array(X)),
    "x must have at least one axis": lambda: L.entropy(0.5),
    "axis is 1: out of range": lambda: L.entropy(X, axis=1),
    "axis must be an int": lambda: L.entropy(X, axis=0.0),
    "axis must not name": lambda: L.entropy([X], axis=(0, -2)),
    r"x with shape \(3,\) and y with shape \(2,\)": lambda: L.kl_divergence(X, [1, 2]),
    "weight must lie": lambda: L.js_divergence(X, X, 1.5),
    "weight must be a real": lambda: L.js_divergence(X, X, None),
    "out must be an array": lambda: L.entropy([X], out=[0.0]),
    r"out has shape \(2,\): expected \(1,\)": lambda: L.entropy([X], out=np.empty(2)),
    "out has dtype float32: expected float64": lambda: L.entropy([X], out=np.empty(1, np.float32)),
    "out has dtype bfloat16: expected float32": lambda: L.entropy(
        BF16, out=np.empty(1, ml_dtypes.bfloat16)
    ),
    "out is read-only": lambda: L.entropy([X], out=np.broadcast_to(1.0, (1,))),
    "out overlaps y": lambda: (lambda y: L.kl_divergence(X, y, out=y[0, :2]))(np.ones((2, 3))),
    "argnums is 1": lambda: fastdiv.grad(L.entropy, 1),
    "argnums must name each": lambda: fastdiv.grad(L.kl_divergence, (0, 0)),
    "cotangent has shape": lambda: fastdiv.grad(L.entropy)([X], cotangent=[1, 2]),
    "cotangent has dtype": lambda: fastdiv.grad(L.entropy)([X], cotangent=["a"]),
    "grad_out has shape": lambda: fastdiv.grad(L.entropy)(X, grad_out=np.empty(2)),
    "grad_out has dtype float32: expected bfloat16": lambda: fastdiv.grad(L.entropy)(
        BF16, grad_out=np.empty((1, 3), np.float32)
    ),
    "grad_out must be a tuple of 2 .*, got ndarray": lambda: fastdiv.grad(L.kl_divergence, (0, 1))(
        X, X, grad_out=np.empty(3)
    ),
    "grad_out overlaps x": lambda: (lambda x: fastdiv.grad(L.entropy)(x[:3], grad_out=x[1:4]))(
        np.ones(5)
    ),
    "grad_out overlaps y": lambda: (
        lambda y: fastdiv.grad(L.kl_divergence)(X, y[:3], grad_out=y[1:4])
    )(np.ones(5)),
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

    with pytest.raises(ImportError, match="x is in GPU memory"):
        fastdiv.logits.entropy(Fake())


def test_arrays_in_host_memory_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a type that may be in GPU memory too."""
    monkeypatch.setitem(sys.modules, "cupy", None)

    class Fake:
        __cuda_array_interface__ = None
        device = 1

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return X

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.device, 0

    array = Fake()
    assert fastdiv.logits.entropy(array) == fastdiv.logits.entropy(X)
    array.device = 2
    with pytest.raises(ImportError, match="x is in GPU memory"):
        fastdiv.logits.entropy(array)


@every_measure
def test_the_smallest_temperature(name: str) -> None:
    temperature = float(np.finfo(np.float64).smallest_normal)
    pair = np.array([[0.0, 1.0, -0.5, 2.0], [1.0, 0.0, 0.5, 2.0]])
    arrays = logits_cases.pick(name, pair)
    value = function_of(name)(*(x * temperature for x in arrays), temperature=temperature)
    np.testing.assert_allclose(value, function_of(name)(*arrays), rtol=1e-14)
