"""From a kernel to machine code, without a GPU or its driver: Numba to LTO-IR, nvJitLink to a cubin, kept on disk."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ._kernel import Kernel, Pointer

Capability = tuple[int, int]

_ELF = b"\x7fELF"
_LEAST_CAPABILITY = (8, 0)
"""Conversions to bfloat16 are instructions from there on."""

_DEEPEST = 20_000
"""Python's calls while Numba compiles functions that call functions, some 25 a level."""


def cached(kernel: Kernel, capability: Capability) -> bytes:
    """Return a kernel's machine code, compiled if no process did so before."""
    if capability < _LEAST_CAPABILITY:
        least, got = (".".join(map(str, each)) for each in (_LEAST_CAPABILITY, capability))
        message = f"fastdiv needs a GPU of compute capability {least} or newer, got {got}"
        raise RuntimeError(message)
    path = kept_at(kernel, capability, ".cubin")
    with contextlib.suppress(OSError):
        known = path.read_bytes()
        if known.startswith(_ELF):  # not so after a disk was full
            return known
    cubin, _ = build(kernel, capability)
    with contextlib.suppress(OSError):  # a directory that cannot be written to costs time, no more
        write(path, cubin)
    return cubin


def kept_at(kernel: Kernel, capability: Capability, suffix: str) -> Path:
    """Return the file of what is compiled for a GPU."""
    generation = "sm{}{}".format(*capability)
    return _directory() / f"{kernel.name}-{generation}-{_key(kernel)}{suffix}"


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: other processes may read it, or write it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _directory() -> Path:
    """Return where machine code is kept: FASTDIV_CUDA_CACHE, or the user's cache directory."""
    chosen = os.environ.get("FASTDIV_CUDA_CACHE")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fastdiv" / "cuda"


def _key(kernel: Kernel) -> str:
    """Return what machine code depends on, beside its name and the GPU's capability."""
    parts = (_sources(), _versions(), repr(kernel.arguments), kernel.lanes)
    text = repr((*parts, kernel.blocks_per_processor))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@functools.cache
def _sources() -> str:
    """Return a hash of all kernels' sources."""
    folder = Path(__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        hashed.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return hashed.hexdigest()


@functools.cache
def _versions() -> tuple[str, ...]:
    """Return the versions of what generates code."""
    from importlib.metadata import PackageNotFoundError, version

    def known(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "?"

    return tuple(
        known(name) for name in ("numba-cuda", "llvmlite", "nvidia-nvvm", "nvidia-nvjitlink")
    )


def argument_types(kernel: Kernel) -> tuple[Any, ...]:
    """Return a kernel's arguments as Numba's types."""
    from numba import types as numba_types
    from numba.cuda.np.numpy_support import from_dtype

    def convert(kind: Any) -> Any:
        if isinstance(kind, Pointer):
            return numba_types.CPointer(from_dtype(np.dtype(kind.dtype)))
        return from_dtype(np.dtype(kind))

    return tuple(convert(kind) for kind in kernel.arguments)


def build(kernel: Kernel, capability: Capability) -> tuple[bytes, str]:
    """Return a kernel's machine code, and what ptxas said of it."""
    with _linked(kernel, capability, "-Xptxas=-v", "-verbose") as handle:
        return _result("linked_cubin", handle), _result("info_log", handle).decode().rstrip("\0")


def ptx(kernel: Kernel, capability: Capability) -> str:
    """Return what machine code would be made of."""
    with _linked(kernel, capability, "-ptx") as handle:
        return _result("linked_ptx", handle).decode().rstrip("\0")


@contextlib.contextmanager
def _compiling_for(capability: Capability) -> Iterator[None]:
    """Tell Numba the capability, which it would ask a driver for when a kernel calls a function."""
    from numba.cuda import dispatcher
    from numba.cuda.core.compiler_lock import global_compiler_lock

    with global_compiler_lock:  # nobody else compiles meanwhile
        before, depth = dispatcher.get_current_device, sys.getrecursionlimit()
        dispatcher.get_current_device = lambda: types.SimpleNamespace(compute_capability=capability)
        sys.setrecursionlimit(max(depth, _DEEPEST))
        try:
            yield
        finally:
            sys.setrecursionlimit(depth)
            dispatcher.get_current_device = before


@contextlib.contextmanager
def _linked(kernel: Kernel, capability: Capability, *options: str) -> Iterator[Any]:
    """Link a kernel. Multiplications and additions are not contracted: as in the simulator."""
    from cuda.bindings import nvjitlink
    from numba import cuda

    with _compiling_for(capability):
        code, _ = cuda.compile(
            kernel.function,
            argument_types(kernel),
            device=False,
            abi="numba",
            output="ltoir",
            cc=capability,
            launch_bounds=(kernel.lanes, kernel.blocks_per_processor),
        )
    every = ["-lto", "-arch=sm_{}{}".format(*capability), "-fma=0", *options]
    handle = nvjitlink.create(len(every), every)
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.LTOIR, code, len(code), kernel.name)
        nvjitlink.complete(handle)
        yield handle
    finally:
        nvjitlink.destroy(handle)


def _result(name: str, handle: Any) -> bytes:
    from cuda.bindings import nvjitlink

    content = bytearray(getattr(nvjitlink, f"get_{name}_size")(handle))
    getattr(nvjitlink, f"get_{name}")(handle, content)
    return bytes(content)


def entry(cubin: bytes) -> str:
    """Return the kernel's name in its machine code: it has a section of its own."""
    found = re.search(rb"\.text\.(\w+)", cubin)
    assert found is not None
    return found.group(1).decode()
