"""A Cython extension that cimports fastdiv's C functions, and their capsules."""

import ctypes
import os
import re
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import fastdiv
from fastdiv import _native

SOURCE = """
# cython: language_level=3
from fastdiv.capi cimport (
    FASTDIV_ABI_VERSION, FASTDIV_OK,
    fastdiv_abi_version, fastdiv_kl_divergence_f64, fastdiv_logits_kl_divergence_value_and_grad_f16,
    fastdiv_options, fastdiv_random_normal_f32)
from libc.stdint cimport uint16_t

def abi_matches():
    return fastdiv_abi_version() == FASTDIV_ABI_VERSION

def normal(unsigned long long seed, float[::1] out):
    with nogil:
        fastdiv_random_normal_f32(out.shape[0], seed, 1, 2, &out[0])

def kl_divergence(double[::1] p, double[::1] q, double base):
    cdef size_t size = p.shape[0]
    cdef double value
    cdef fastdiv_options options = [sizeof(fastdiv_options), base, 0.5, 1, -1, 1]
    cdef int status
    with nogil:
        status = fastdiv_kl_divergence_f64(
            1, &size, &p[0], NULL, &q[0], NULL, &options, &value, NULL)
    return value if status == FASTDIV_OK else None

def kl_divergence_of_logits(uint16_t[::1] x, uint16_t[::1] y, double temperature, uint16_t[::1] grad_y):
    cdef size_t size = x.shape[0]
    cdef float value
    cdef fastdiv_options options = [sizeof(fastdiv_options), 0, 0.5, 1, -1, temperature]
    cdef int status
    with nogil:
        status = fastdiv_logits_kl_divergence_value_and_grad_f16(
            1, &size, &x[0], NULL, &y[0], NULL, &options, NULL, NULL, &value, NULL, NULL, NULL, &grad_y[0], NULL)
    return value if status == FASTDIV_OK else None
"""
USE = """
import numpy as np, fastdiv, user
p, q = np.random.default_rng(0).random((2, 100))
assert user.abi_matches()
assert user.kl_divergence(p, q, 2) == fastdiv.kl_divergence(p, q, base=2)
assert user.kl_divergence(p, q, 1) is None

x, y = np.random.default_rng(0).normal(size=(2, 100)).astype(np.float16)
words, grad_y = [array.view(np.uint16) for array in (x, y)], np.empty(100, np.float16)
value = user.kl_divergence_of_logits(*words, 2, grad_y.view(np.uint16))
value_and_grad = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, argnums=1)
expected, expected_grad_y = value_and_grad(x, y, temperature=2)
assert value == expected
assert np.array_equal(grad_y, expected_grad_y)
out = np.empty(9, np.float32)
user.normal(2**64 - 1, out)
assert np.array_equal(out, fastdiv.random.normal(2**64 - 1, 9, 1, 2, np.float32))
assert user.kl_divergence_of_logits(*words, -2, grad_y.view(np.uint16)) is None
"""


def test_extension(tmp_path, tool, run):
    pytest.importorskip("Cython", reason="Cython is not installed")
    (tmp_path / "user.pyx").write_text(SOURCE)
    root = Path(fastdiv.__file__).parents[1]
    run(sys.executable, "-m", "cython", "-3", "-I", root, tmp_path / "user.pyx")
    headers = [f"-I{sysconfig.get_path('include')}", f"-I{fastdiv.get_include()}"]
    folder = fastdiv.get_library_dir()
    library = [f"-L{folder}", "-lfastdiv", f"-Wl,-rpath,{folder}"]
    module = tmp_path / f"user{sysconfig.get_config_var('EXT_SUFFIX')}"
    shared = (
        ["-dynamiclib", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    )
    code = ["-O1", "-fPIC", tmp_path / "user.c"]
    run(tool("cc"), *shared, *headers, *code, *library, "-o", module)
    run(sys.executable, "-c", USE, env={**os.environ, "PYTHONPATH": str(tmp_path)})


def test_declarations_are_those_of_the_header(run):
    root = Path(__file__).resolve().parents[2]
    if not (root / "csrc").is_dir():
        pytest.skip("the sources of the library are not at hand")
    program = "import generate_pxd as g; print(g.generate(g.HEADER.read_text()), end='')"
    text = run(sys.executable, "-c", program, cwd=root / "tools")
    assert text == (root / "fastdiv" / "capi.pxd").read_text()


def test_every_function_on_arrays_has_a_capsule():
    header = Path(fastdiv.get_include(), "fastdiv", "fastdiv.h").read_text()
    assert set(_native.__pyx_capi__) == set(re.findall(r"int (fastdiv_\w+_b?f\d\d)\(", header))


def test_capsules_of_random_numbers():
    capsule = _native.__pyx_capi__["fastdiv_random_normal_f64"]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer(capsule, b"int (size_t, uint64_t, uint64_t, uint32_t, double *)")
    places = [ctypes.c_size_t, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint32]
    function = ctypes.CFUNCTYPE(ctypes.c_int, *places, ctypes.c_void_p)(address)
    out = np.empty(5)
    assert function(5, 1, 2, 3, out.ctypes.data) == 0
    assert np.array_equal(out, fastdiv.random.normal(1, 5, 2, 3))


def test_capsules():
    capsule = _native.__pyx_capi__["fastdiv_entropy_f64"]
    name = b"int (size_t, size_t const *, double const *, ptrdiff_t const *,"
    name += b" fastdiv_options const *, double *, ptrdiff_t const *)"
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer(capsule, name)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_size_t, *[ctypes.c_void_p] * 6)(address)
    p, shape, value = np.array([1.0, 2.0, 5.0]), np.array([3], np.uintp), np.empty(1)
    addresses = [shape.ctypes.data, p.ctypes.data, None, None, value.ctypes.data, None]
    assert function(1, *addresses) == 0
    assert value[0] == fastdiv.entropy(p)
