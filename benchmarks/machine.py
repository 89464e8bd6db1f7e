"""The machine that is measured, and equal threads on all sides."""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import threadpoolctl

import fastdiv
from fastdiv import _native

LIBRARIES = ("numpy", "scipy", "torch", "jax")


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@functools.cache  # before any pinning
def processors() -> int:
    """Count the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def version(library: str) -> str:
    """Return the version of a library, or – if it is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "–"


def record() -> dict[str, str]:
    """Return what a reader must know to judge the figures."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "–"
    return {
        "processor": _processor(),
        "processors in use": str(processors()),
        "instruction set of fastdiv": _native.isa(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "fastdiv": fastdiv.__version__,
        **{library: version(library) for library in LIBRARIES},
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "load before the start": load,
    }


def thread_counts() -> list[int]:
    """Return 1 and the number of processors."""
    return sorted({1, processors()})


def can_pin() -> bool:
    """Whether the process can be held to some processors, the one way to limit JAX."""
    return sys.platform == "linux" and hasattr(os, "sched_setaffinity")


def _pin(cpus: set[int]) -> None:
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.sched_setaffinity(int(task), cpus)


@contextlib.contextmanager
def threads(count: int) -> Iterator[int]:
    """Give every library this many threads: fastdiv, torch, BLAS; JAX by processors alone."""
    torch = sys.modules.get("torch")
    before = fastdiv.get_num_threads(), torch.get_num_threads() if torch else 1
    cpus = os.sched_getaffinity(0) if can_pin() else set()
    pin = can_pin() and count < len(cpus)
    try:
        with threadpoolctl.threadpool_limits(count):
            fastdiv.set_num_threads(count)
            if torch:
                torch.set_num_threads(count)
            if pin:
                _pin(set(sorted(cpus)[:count]))
            yield count
    finally:
        fastdiv.set_num_threads(before[0])
        if torch:
            torch.set_num_threads(before[1])
        if pin:
            _pin(cpus)
