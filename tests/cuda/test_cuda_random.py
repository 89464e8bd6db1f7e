"""Random numbers on the GPU have the CPU's bits."""

import numpy as np
import pytest

from fastdiv import _native

random = pytest.importorskip("fastdiv._cuda.random", reason="needs Numba")

SEED = 2**63 + 12_345


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 7, 2**40 + 5, 2**64 - 10_007])
def test_bits_are_the_cpus(distribution: str, offset: int, dtype: type) -> None:
    ours, cpu = (np.full(10_007, np.nan, dtype) for _ in range(2))
    getattr(random, f"random_{distribution}")(SEED, offset, 7, ours)
    getattr(_native, f"random_{distribution}")(SEED, offset, 7, cpu)
    assert ours.tobytes() == cpu.tobytes()


@pytest.mark.parametrize("size", [0, 1, 3, 255, 1024])
@pytest.mark.parametrize("start", [0, 1])
def test_nothing_beside_the_array_is_written(size: int, start: int, dtype: type) -> None:
    memory = np.full(size + 9, -1.0, dtype)
    random.random_uniform(SEED, 0, 0, memory[start : start + size])
    assert (memory[:start] == -1).all()
    assert (memory[start + size :] == -1).all()
    assert (memory[start : start + size] > 0).all()
