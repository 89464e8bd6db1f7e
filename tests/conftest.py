"""Fixtures that every test may use, and what of the tests runs on the simulated GPU.

``FASTDIV_CUDA=simulator pytest`` runs the public functions' tests on the kernels for a GPU; ``emulator`` on what they
are compiled to.
"""

from collections import Counter
from collections.abc import Iterator
from zlib import crc32

import numpy as np
import pytest
from hypothesis import settings

import fastdiv
from fastdiv import _native, _stand_in

SIMULATED = _stand_in.NAME is not None
ISAS = (_native.isa(),) if SIMULATED else tuple(_native.available_isas())
THREADS = (1,) if SIMULATED else (1, 2, 7)

# Why tests do not run on the simulated GPU, and which: parts of their path and name.
NOT_SIMULATED = {
    "what the CPU alone computes": (
        "tests/demo/",
        "tests/distributions/",
        "tests/fitting/",
        "tests/native/",
        "tests/nn/test_",
        "tests/plotting/",
        "tests/test_documentation.py",
        "tests/test_house.py",
        "_reference.py",
    ),
    "simulated in every run": ("tests/cuda/", "tests/test_gpu_arrays.py"),
    "bits across instruction sets and threads": (
        "test_bits.py",
        "test_logits_bits.py",
        "test_nn_functional_bits.py",
        "test_same_bits_for_any_threads",
        "test_threads_and_instruction_sets",
        "test_v2_is_as_close",
    ),
    "memory of the CPU's kernels": ("test_logits_memory.py", "test_memory_does_not_depend"),
    "too many samples or entries": (
        "benchmarks/",
        "test_large_array",
        "test_montecarlo_calibration.py",
        "test_progress",
        "test_interrupts_come_through",
        "test_difference_quotients",
        "test_standard_errors_of_gradients",
        "test_expectation_is_the_gradient",
        "-33]",
    ),
    "arrays in host memory are the GPU's": (
        "test_gpu_arrays_are_named",
        "test_arrays_in_host_memory_are_taken",
        "test_scipy_is_imported_only_where_it_is_needed",
    ),
}
MOST_SIMULATED = 6
"""Of one test's parameters so many are picked; the simulator is slow, and all of them run on the CPU."""
_left_out: Counter[str] = Counter()
settings.register_profile(
    "fastdiv", deadline=None, max_examples=8 if SIMULATED else 150, derandomize=True
)
settings.load_profile("fastdiv")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no sense on the simulated GPU, or takes too long there."""
    if not SIMULATED:
        return
    picked: Counter[str] = Counter()
    left_out = set()
    # the same choice in every run
    for item in sorted(items, key=lambda item: crc32(item.nodeid.encode())):
        reasons = [
            why
            for why, parts in NOT_SIMULATED.items()
            if any(part in item.nodeid for part in parts)
        ]
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
