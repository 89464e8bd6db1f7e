"""SciPy's own tests, which its wheel ships, with our functions in place of SciPy's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import scipy

HERE = Path(__file__).parent
ROOT = Path(scipy.__file__).parent

# Test file, selection, how many tests at least, and which of our functions they call. One test of
# the nan policies is left out: it compares with SciPy's plain formula to 4e-15, which that formula,
# whose terms cancel, misses by 4e-14.
SUITES = {
    "entropy": ("stats/tests/test_entropy.py", "TestEntropy", 15, {"entropy"}),
    "nan_policy": (
        "stats/tests/test_axis_nan_policy.py",
        "entropy and not differential and not (test_axis_nan_policy_fast and omit and 2-1-True)",
        40,
        {"entropy"},
    ),
    "special": (
        "special/tests/test_basic.py",
        "test_entr or test_rel_entr or test_kl_div",
        5,
        {"entr", "rel_entr", "kl_div"},
    ),
    "distance": (
        "spatial/tests/test_distance.py",
        "jensenshannon",
        20,
        {"jensenshannon", "cdist", "pdist"},
    ),
    "other_metrics": (
        "spatial/tests/test_distance.py",
        "(Cdist or Pdist) and (euclidean or cosine or mahalanobis) and not jensenshannon",
        20,
        {"cdist", "pdist"},
    ),
}


def run_suite(folder, name, **environment):
    """Run a suite; return how many tests had each outcome, our functions' calls, the output."""
    path, selection, _, _ = SUITES[name]
    if not (ROOT / path).exists():
        pytest.skip("this SciPy was installed without its tests")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-q", "-W", "ignore", "-rs"]
    command += ["-p", "drop_in_plugin", "-p", "no:cacheprovider", "-k", selection, str(ROOT / path)]
    search = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    variables = {**os.environ, "PYTHONPATH": search, **environment}
    variables.pop("SCIPY_ARRAY_API", None)  # NumPy arrays only
    run = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    summary = run.stdout.strip().splitlines()[-1]
    counts = re.findall(r"(\d+) (passed|failed|skipped|error)", summary)
    outcomes = {word: int(n) for n, word in counts}
    calls = {name: int(n) for name, n in re.findall(r"calls of (\w+): (\d+)", run.stdout)}
    return outcomes, calls, run.stdout + run.stderr


@pytest.mark.parametrize("name", SUITES)
def test_suite_passes(tmp_path, name):
    outcomes, calls, output = run_suite(tmp_path, name)
    _, _, count, functions = SUITES[name]
    assert set(outcomes) <= {"passed", "skipped"}, output
    assert outcomes["passed"] >= count, output
    assert outcomes.get("skipped", 0) <= 2, output  # what SciPy says is not applicable
    assert all(calls[function] > 0 for function in functions), output


@pytest.mark.parametrize("name", ["entropy", "nan_policy", "special", "distance"])
def test_suite_notices_wrong_functions(tmp_path, name):
    outcomes, _, output = run_suite(tmp_path, name, FASTDIV_WRONG="1")
    right = outcomes.get("passed", 0)
    # Tests of errors, and of two calls that are equally wrong, still pass.
    assert outcomes["failed"] >= 0.4 * (outcomes["failed"] + right), output
