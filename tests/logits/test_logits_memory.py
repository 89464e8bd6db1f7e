"""Memory: a gradient costs its own and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

import logits_cases
from logits_cases import every_measure

MEASURE_MEMORY = """
import sys, tracemalloc
import numpy as np
import fastdiv

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(key)))

name, inputs = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
arrays = [rng.standard_normal((64, 128_256), dtype=np.float32) for _ in range(inputs)]
compute = fastdiv.value_and_grad(getattr(fastdiv.logits, name))
compute(*(array[:, :5000] for array in arrays))  # starts the threads
gradient = arrays[0].nbytes
tracemalloc.start()
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before = status("VmRSS")
compute(*arrays)
print(status("VmHWM") - before - gradient, tracemalloc.get_traced_memory()[1] - gradient)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@every_measure
def test_memory_is_the_gradient(name: str) -> None:
    """No copy of the logits, no table of probabilities: a row at a time."""
    command = [sys.executable, "-c", MEASURE_MEMORY, name, str(logits_cases.MEASURES[name])]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    resident, arrays = map(int, result.stdout.split())
    assert resident < 2**20
    assert arrays < 2**20
