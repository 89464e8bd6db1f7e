"""The machine's record, equal threads, and one way to measure all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import machine
import peers
import works
from exact import reference_of
from works import Work

QUICK_VARIABLE = "FASTDIV_BENCHMARK_QUICK"


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """Add what decides the figures to pytest-benchmark's own record."""
    machine_info["fastdiv_benchmarks"] = machine.record()


@pytest.fixture(scope="session")
def quick(pytestconfig: pytest.Config) -> bool:
    """Whether small sizes do: benchmarks are disabled, or FASTDIV_BENCHMARK_QUICK is set to 1."""
    chosen = os.environ.get(QUICK_VARIABLE, "")
    disabled = pytestconfig.getoption("benchmark_disable")
    if pytestconfig.getoption("benchmark_enable"):
        disabled = False
    return chosen == "1" or (disabled and chosen != "0")


@pytest.fixture(params=machine.thread_counts(), ids=lambda count: f"threads-{count}")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """One thread, then all, for every library."""
    with machine.threads(request.param) as count:
        yield count


@pytest.fixture(params=works.DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    """Both types."""
    return str(request.param)


@pytest.fixture(params=("fastdiv", *peers.PEERS))
def library(request: pytest.FixtureRequest) -> str:
    """Our own call, then each peer's."""
    return str(request.param)


@pytest.fixture
def measure(benchmark: Any, quick: bool) -> Callable[[Work, str, str, int], None]:
    """Assert that a library's answer is right, then time it; speed and error beside the time."""

    def run(work: Work, library: str, dtype: str, threads: int) -> None:
        if library not in ("fastdiv", *peers.peers_of(work.domain, quick)):
            pytest.skip(f"{library} takes no part in this")
        arrays = works.arrays_of(work, dtype, quick)
        if library == "fastdiv":
            call: works.Call | None = works.fastdiv_call(work, arrays)
        else:
            call = peers.peer_call(library, work, arrays)
        if call is None:
            pytest.skip(f"{library} has nothing for this, or is not installed")
        if library == "JAX" and threads < machine.processors() and not machine.can_pin():
            pytest.skip("JAX cannot be held to fewer threads here")
        reference = reference_of(work, arrays)
        errors = reference.errors(peers.as_arrays(call()))
        reference.require(library, errors, work)
        benchmark.group = f"{work.label(quick)}, {dtype}, threads: {threads}"
        benchmark(call)
        benchmark.extra_info["error, ulp of sum |terms|"] = round(max(errors), 3)
        if benchmark.stats is not None:
            seconds = benchmark.stats.stats.median
            nanoseconds = 1e9 * seconds / work.elements(quick)
            rate = work.bytes_moved(quick, dtype) / seconds / 1e9
            benchmark.extra_info["ns per element"] = round(nanoseconds, 4)
            benchmark.extra_info["GB/s"] = round(rate, 2)

    return run
