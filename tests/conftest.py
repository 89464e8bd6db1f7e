"""Fixtures that every test may use, and what of the tests runs on the simulated GPU.

``FASTDIV_CUDA=simulator pytest tests/probabilities tests/logits tests/pairwise tests/random
tests/montecarlo`` runs the public functions' tests on the kernels for a GPU.
"""

import os
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

import numpy as np
import pytest

import fastdiv
from fastdiv import _native

SIMULATED = os.environ.get("FASTDIV_CUDA") == "simulator"
ISAS = (_native.isa(),) if SIMULATED else tuple(_native.available_isas())
THREADS = (1,) if SIMULATED else (1, 2, 7)

# Of a test's file or name, why it does not run on the simulated GPU.
NOT_SIMULATED = {
    "test_bits.py": "bits across instruction sets and threads",
    "test_logits_bits.py": "bits across instruction sets and threads",
    "test_logits_memory.py": "memory of the CPU's kernels",
    "test_same_bits_for_any_threads": "bits across instruction sets and threads",
    "test_large_array": "5e8 entries",
    "test_montecarlo_calibration.py": "millions of samples",
    "test_progress": "millions of samples",
    "test_interrupts_come_through": "millions of samples",
    "test_memory_does_not_depend": "memory of the CPU's kernels",
    "test_difference_quotients": "thousands of estimates",
    "test_standard_errors_of_gradients": "thousands of estimates",
    "test_expectation_is_the_gradient": "millions of samples",
    "test_threads_and_instruction_sets": "bits across instruction sets and threads",
    "test_v2_is_as_close": "bits across instruction sets and threads",
    "test_gpu_arrays_are_named": "arrays in host memory are the GPU's",
    "test_arrays_in_host_memory_are_taken": "arrays in host memory are the GPU's",
}
MOST_SIMULATED = 64
"""Of one test's parameters so many are picked; the simulator is slow, and all of them run on the CPU."""
_left_out: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no sense on the simulated GPU, or takes too long there."""
    if not SIMULATED:
        return
    picked: Counter[str] = Counter()
    left_out = set()
    for item in sorted(
        items, key=lambda item: crc32(item.nodeid.encode())
    ):  # the same in every run
        reasons = [why for what, why in NOT_SIMULATED.items() if what in item.nodeid]
        function = item.nodeid.partition("[")[0]
        picked[function] += 1
        if picked[function] > MOST_SIMULATED:
            reasons.append(f"more than {MOST_SIMULATED} parameters of one test")
        if reasons:
            left_out.add(item)
            _left_out[reasons[0]] += 1
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def pytest_report_collectionfinish() -> list[str]:
    """Say what was left out, and why."""
    return [f"not simulated: {count} for {why}" for why, count in _left_out.items()]


@pytest.fixture(autouse=True)
def _restore_runtime() -> Iterator[None]:
    """Undo what a test did to the instruction set and the threads."""
    isa, threads = _native.isa(), fastdiv.get_num_threads()
    yield
    _native.set_isa(isa)
    fastdiv.set_num_threads(threads)


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    """Every instruction set that this machine has, in use."""
    _native.set_isa(request.param)
    return str(request.param)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> type:
    """Both types that are computed in."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that differ from test to test and are the same in every run."""
    return np.random.default_rng(list(request.node.nodeid.encode()))
