"""The emulator: instructions do what NumPy's do, faults are found, and compiled kernels agree with the CPU."""

import ctypes
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastdiv._cuda import emulator
from fastdiv._cuda._kernel import Pointer
from fastdiv._cuda.emulator import building

LANES = 64
MEASURES = str(Path(__file__).with_name("emulated_measures.py"))
HEAD = """
.version 9.0
.target sm_90
.visible .entry planted(
	.param .u64 planted_param_0,
	.param .f32 planted_param_1
)
{
	.reg .pred 	%p<9>;
	.shared .align 4 .b8 board[256];

	ld.param.u64 	%rd1, [planted_param_0];
	cvta.to.global.u64 	%rd2, %rd1;
	mov.u32 	%r1, %tid.x;
	mul.wide.u32 	%rd3, %r1, 4;
	add.s64 	%rd4, %rd2, %rd3;
"""

pytestmark = pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "c++")) is None, reason="there is no C++ compiler"
)


class Planted:
    """Runs PTX on one array and a number."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch

    def __call__(self, body: str, array: Any, number: float = 0.0) -> None:
        path = self.folder / f"planted{len(list(self.folder.iterdir()))}.so"
        path.write_bytes(building.compiled(HEAD + body + "\tret;\n}\n"))
        library = ctypes.CDLL(str(path))
        library.run.argtypes = building.ARGUMENTS
        self.monkeypatch.setattr(emulator, "library", lambda kernel: library)
        kernel: Any = SimpleNamespace(
            name="planted", lanes=LANES, arguments=(Pointer(array.dtype), np.float32)
        )
        emulator.run(kernel, 1, (array, number), 0)


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    return Planted(tmp_path, monkeypatch)


def test_numbers(planted: Planted, rng: np.random.Generator) -> None:
    x = rng.normal(size=LANES).astype(np.float32)
    expected = np.where(x > -np.float32(0.5), x * np.float32(3) - x, np.sqrt(np.abs(x)))
    body = """
	ld.param.f32 	%f9, [planted_param_1];
	ld.global.f32 	%f1, [%rd4];
	mul.rn.f32 	%f2, %f1, %f9;
	sub.rn.f32 	%f2, %f2, %f1;
	abs.f32 	%f3, %f1;
	sqrt.rn.f32 	%f3, %f3;
	setp.gt.f32 	%p1, %f1, 0fBF000000;
	selp.f32 	%f4, %f2, %f3, %p1;
	st.global.f32 	[%rd4], %f4;
"""
    planted(body, x, 3.0)
    np.testing.assert_array_equal(x, expected)


def test_words(planted: Planted, rng: np.random.Generator) -> None:
    x = rng.integers(0, 2**32, LANES, dtype=np.uint32)
    high = (x.astype(np.uint64) * 0xCD9E8D57) >> np.uint64(32)
    signed = (x.view(np.int32) >> 3).view(np.uint32)
    expected = (x << np.uint32(5) & 0xF0) | (signed & ~np.uint32(0xF0)) ^ high.astype(np.uint32)
    body = """
	ld.global.u32 	%r2, [%rd4];
	mul.wide.u32 	%rd5, %r2, -845247145;
	shr.u64 	%rd6, %rd5, 32;
	cvt.u32.u64 	%r3, %rd6;
	shr.s32 	%r4, %r2, 3;
	and.b32  	%r4, %r4, -241;
	xor.b32  	%r4, %r4, %r3;
	shl.b32 	%r5, %r2, 5;
	and.b32  	%r5, %r5, 240;
	or.b32  	%r6, %r4, %r5;
	st.global.u32 	[%rd4], %r6;
"""
    planted(body, x)
    np.testing.assert_array_equal(x, expected)


def test_bfloat16(planted: Planted, rng: np.random.Generator) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = rng.integers(0, 2**32, LANES, dtype=np.uint32).view(np.float32)
    x[:3] = np.inf, 3.4e38, 1e-40
    expected = x.astype(ml_dtypes.bfloat16).astype(np.float32)
    body = """
	ld.global.f32 	%f1, [%rd4];
	cvt.rn.bf16.f32 %rs1, %f1;
	mov.u16 	%rs2, 0;
	mov.b32 	%f2, {%rs2, %rs1};
	st.global.f32 	[%rd4], %f2;
"""
    planted(body, x)
    np.testing.assert_array_equal(x, expected)


def test_lanes_speak(planted: Planted) -> None:
    x = np.arange(LANES, dtype=np.float32)
    body = """
	ld.global.u32 	%r2, [%rd4];
	mov.u32 	%r3, 5;
	mov.u32 	%r4, 31;
	mov.u32 	%r5, -1;
	shfl.sync.bfly.b32 	%r6|%p1, %r2, %r3, %r4, %r5;
	mov.u64 	%rd7, board;
	add.s64 	%rd8, %rd7, %rd3;
	st.shared.u32 	[%rd8], %r6;
	bar.sync 	0;
	xor.b32  	%r7, %r1, 32;
	mul.wide.u32 	%rd9, %r7, 4;
	add.s64 	%rd10, %rd7, %rd9;
	ld.shared.u32 	%r8, [%rd10];
	st.global.u32 	[%rd4], %r8;
"""
    expected = x[np.arange(LANES) ^ 37]
    planted(body, x)
    np.testing.assert_array_equal(x, expected)
    shared_before_the_barrier = body.replace("\tbar.sync \t0;\n", "")
    planted(shared_before_the_barrier, x)
    assert np.isnan(x).any()


FAULTS = {
    "global memory out of bounds": "st.global.f32 [%rd4+4], %f1;",
    "global memory off the alignment": "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd4];",
    "shared memory out of bounds": "mov.u64 %rd5, board; st.shared.f32 [%rd5+256], %f1;",
    "lanes of a warp are apart": """
	setp.eq.s32 	%p1, %r1, 3;
	@%p1 bra 	$L__BB0_1;
	shfl.sync.bfly.b32 	%r6|%p2, %r1, 1, 31, -1;
$L__BB0_1:
""",
    "a barrier that not all lanes reach": """
	setp.gt.u32 	%p1, %r1, 31;
	@%p1 bra 	$L__BB0_1;
	bar.sync 	0;
$L__BB0_1:
""",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(planted: Planted, fault: str) -> None:
    with pytest.raises(emulator.KernelFault, match=f"planted: {fault}"):
        planted(FAULTS[fault], np.zeros(LANES, np.float32))


def test_last_vector_of_an_array_is_read_but_not_written(planted: Planted) -> None:
    x = np.zeros(4 * LANES, np.float32)[: 4 * LANES - 1]
    assert x.ctypes.data % 16 == 0
    body = """
	mul.wide.u32 	%rd5, %r1, 16;
	add.s64 	%rd6, %rd2, %rd5;
	ld.global.v4.f32 	{%f1, %f2, %f3, %f4}, [%rd6];
"""
    planted(body, x)
    with pytest.raises(emulator.KernelFault, match="out of bounds"):
        planted(body + "st.global.v4.f32 [%rd6], {%f1, %f2, %f3, %f4};", x)


def test_unknown_instructions_are_named(planted: Planted) -> None:
    with pytest.raises(RuntimeError, match="sin_approx_f32"):
        planted("sin.approx.f32 %f1, %f1;", np.zeros(LANES, np.float32))
    with pytest.raises(ValueError, match=r"PTX line \d+: shfl.sync.up.b32 is not emulated"):
        planted("shfl.sync.up.b32 %r6|%p2, %r1, 1, 31, -1;", np.zeros(LANES, np.float32))


def test_compiled_kernels_agree_with_the_cpu(tmp_path: Path) -> None:
    program = "import numba_cuda, cuda.bindings.nvjitlink, llvmlite"
    if subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode:
        pytest.skip("pip install '.[cuda-gate]': the kernels' compiler is missing")
    found = tmp_path / "found.npz"
    environment = {**os.environ, "FASTDIV_CUDA": "emulator", "FASTDIV_CUDA_CACHE": str(tmp_path)}
    command = [sys.executable, MEASURES, str(found)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    libraries = {path.name.partition("-")[0] for path in tmp_path.glob("*.so")}
    assert len(libraries) == 3, libraries
    emulated, expected = np.load(found), runpy.run_path(MEASURES)["results"]()
    for name, value in expected.items():
        largest = np.abs(value).max()
        np.testing.assert_allclose(emulated[name], value, rtol=1e-5, atol=1e-5 * largest)
    np.testing.assert_array_equal(emulated["normal"], expected["normal"])
