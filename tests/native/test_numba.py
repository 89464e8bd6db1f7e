"""The measures of rows inside code that Numba compiles."""

import os
import sys

import pytest

PROGRAM = """
import sys
import numba, numpy as np
import fastdiv

def all_of(p, q):
    return (
        fastdiv.entropy(p),
        fastdiv.cross_entropy(p, q),
        fastdiv.kl_divergence(p, q, normalize=False),
        fastdiv.js_divergence(p, q, base=2, weight=0.3),
        fastdiv.js_distance(p, q),
    )

compiled = numba.njit(cache=True)(all_of)

@numba.njit
def with_base(p, base):
    return fastdiv.entropy(p, base)

assert "fastdiv._numba" not in sys.modules
tables = np.random.default_rng(0).random((2, 100))
for p, q in [tables, tables[:, ::-2], tables[:, :0]]:
    assert compiled(p, q) == all_of(p, q), (compiled(p, q), all_of(p, q))
p = tables[0].astype(np.float32)
assert with_base(p, 2.0) == fastdiv.entropy(p, base=2)
for wrong, message in [(lambda: compiled(tables[0], tables[1, :9]), "one length")] + [
    (lambda base=base: with_base(p, base), "base must be") for base in (0.0, 1.0, -2.0)
]:
    try:
        wrong()
    except ValueError as error:
        assert message in str(error)
    else:
        raise AssertionError(message)
print(len(compiled.stats.cache_hits))
"""


def test_compiled_code_calls_the_kernels_and_is_cached(tmp_path, run):
    pytest.importorskip("numba", reason="Numba is not installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(sys.executable, program, env=environment).split() == ["0"]
    assert run(sys.executable, program, env=environment).split() != ["0"]
