"""The thread pool itself, and Python threads and forks on top of it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import fastdiv

HERE = Path(__file__).resolve().parent
FORKS = """
import multiprocessing, os, signal, sys, warnings
import numpy as np
import fastdiv

warnings.simplefilter("ignore")  # Python warns of every fork beside threads
p = np.random.default_rng(0).random((3, 400_000))

def entropy(_=None):
    signal.alarm(30)  # a child that hangs is killed
    return fastdiv.entropy(p).tobytes()

fastdiv.set_num_threads(2)
expected = entropy()
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if entropy() == expected and fastdiv.get_num_threads() == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(entropy, range(4)) == [expected] * 4
assert entropy() == expected
"""


@pytest.mark.parametrize(
    ("sanitizer", "arguments"), [("thread", ["2", "0"]), (None, ["0.5", "10"])]
)
def test_stress(tmp_path, tool, run, sanitizer, arguments):
    # Threads in a forked child are beyond the thread sanitizer, so each build does its part.
    source = HERE.parents[1] / "csrc"
    if not source.is_dir():
        pytest.skip("the sources of the library are not at hand")
    compiler = tool("c++")
    flags = ["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
    if sanitizer:
        flags.append(f"-fsanitize={sanitizer}")
        (tmp_path / "empty.cpp").write_text("int main() {}\n")
        probe = [compiler, *flags, tmp_path / "empty.cpp", "-o", tmp_path / "empty"]
        if subprocess.run(probe, capture_output=True).returncode != 0:
            pytest.skip(f"the compiler has no {sanitizer} sanitizer")
        done = subprocess.run([tmp_path / "empty"], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"the {sanitizer} sanitizer does not run here: {done.stderr}")
    program = tmp_path / "stress"
    files = [HERE / "thread_pool_stress.cpp", source / "thread_pool.cpp"]
    run(compiler, *flags, f"-I{source}", *files, "-o", program)
    run(program, *arguments, timeout=120)


def test_children_of_a_fork_compute(run):
    run(sys.executable, "-c", FORKS, timeout=120)


def test_concurrent_python_threads():
    rng = np.random.default_rng(1)
    tables = [rng.random((rows, 300_000 // rows)) for rows in (1, 3, 50, 5000)]
    expected = [fastdiv.kl_divergence(table, table[::-1]) for table in tables]

    def compute(k):
        which = k % len(tables)
        value = fastdiv.kl_divergence(tables[which], tables[which][::-1])
        return np.array_equal(value, expected[which])

    before = fastdiv.get_num_threads()
    with ThreadPoolExecutor(6) as executor:
        try:
            results = executor.map(compute, range(60))
            for count in (1, 3, 2, 4, 1):
                fastdiv.set_num_threads(count)
            assert all(results)
        finally:
            fastdiv.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_values_do_not_depend_on_the_number_of_threads(count):
    p = np.random.default_rng(2).random((2, 500_001), dtype=np.float32)
    before = fastdiv.get_num_threads()
    expected = fastdiv.entropy(p)
    fastdiv.set_num_threads(count)
    try:
        np.testing.assert_array_equal(fastdiv.entropy(p), expected)
    finally:
        fastdiv.set_num_threads(before)
