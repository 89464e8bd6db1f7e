"""Libraries of kernels' PTX, kept on disk."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from .. import _cubin
from .._kernel import Kernel
from .cpp import cpp_of
from .ptx import parse

CAPABILITY = (9, 0)
"""Of the GPU that is emulated."""

_FOLDER = Path(__file__).parent
_FLAGS = ["-std=c++20", "-O1", "-march=native", "-ffp-contract=off", "-fPIC", "-shared", "-w"]
_loaded: dict[str, ctypes.CDLL] = {}


def library(kernel: Kernel) -> ctypes.CDLL:
    """Return a kernel's library, built if no process did so before."""
    if kernel.name not in _loaded:
        path = _cubin.kept_at(kernel, CAPABILITY, f"-{_emulator()}.so")
        if not path.exists():
            _cubin.write(path, compiled(_cubin.ptx(kernel, CAPABILITY)))
        _loaded[kernel.name] = ctypes.CDLL(str(path))
        _loaded[kernel.name].run.argtypes = ARGUMENTS
    return _loaded[kernel.name]


ARGUMENTS = (
    ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32,
    ctypes.c_char_p, ctypes.c_uint32,
)  # fmt: skip


def compiled(text: str) -> bytes:
    """Return the library of a kernel's PTX."""
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "kernel.cpp", Path(folder) / "kernel.so"
        source.write_text(cpp_of(parse(text)))
        command = [
            os.environ.get("CXX", "c++"),
            *_FLAGS,
            f"-I{_FOLDER}",
            str(source),
            "-o",
            str(built),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{command[0]} refused the C++ of a kernel:\n{result.stderr[:2000]}")
        return built.read_bytes()


@functools.cache
def _emulator() -> str:
    """Return a hash of what makes libraries of PTX: the kernels' sources are hashed elsewhere."""
    hashed = hashlib.sha256(repr((_FLAGS, os.environ.get("CXX"))).encode())
    for path in sorted(_FOLDER.glob("*.hpp")):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:8]
