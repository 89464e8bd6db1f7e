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
        fastdiv.js_divergence(p, q, 0.3),
        fastdiv.js_distance(p, q),
    )

def all_of_logits(x, y):
    return (
        fastdiv.logits.entropy(x),
        fastdiv.logits.cross_entropy(x, y, base=2),
        fastdiv.logits.kl_divergence(x, y, temperature=2),
        fastdiv.logits.js_divergence(x, y, 0.3, temperature=0.5, base=10),
        fastdiv.logits.js_divergence(x, y),
    )

compiled = numba.njit(cache=True)(all_of)
compiled_logits = numba.njit(cache=True)(all_of_logits)

@numba.njit(cache=True)
def random_numbers(seed, rows, offset):
    return (
        fastdiv.random.normal(seed, (rows, 3)),
        fastdiv.random.normal(seed, rows, offset, 5, np.float32),
        fastdiv.random.uniform(seed, rows, stream=offset, dtype=np.float64),
        fastdiv.random.uniform(7, (), 1),
    )

@numba.njit
def at(seed, offset, stream):
    return fastdiv.random.normal(seed, 3, offset, stream)

@numba.njit
def with_options(x, temperature, weight):
    return fastdiv.logits.js_divergence(x, x, weight, temperature)

@numba.njit
def with_base(p, base):
    return fastdiv.entropy(p, base)

assert "fastdiv._numba" not in sys.modules
tables = np.random.default_rng(0).random((2, 100))
for p, q in [tables, tables[:, ::-2], tables[:, :0]]:
    assert compiled(p, q) == all_of(p, q), (compiled(p, q), all_of(p, q))
logits = np.random.default_rng(1).normal(scale=3, size=(2, 100))
logits[0, 7] = -np.inf
rows = [logits, logits[:, ::-2], logits[:, :0], logits.astype(np.float32), logits * np.inf]
for x, y in rows:
    values = compiled_logits(x, y), all_of_logits(x, y)
    assert np.array_equal(*values, equal_nan=True), values
assert with_options(logits[1], 1, 1) == 0
for seed in (3, np.uint64(2**64 - 1)):
    for mine, own in zip(random_numbers(seed, 100, 9), random_numbers.py_func(seed, 100, 9)):
        assert mine.dtype == own.dtype and np.array_equal(mine, own)
p = tables[0].astype(np.float32)
assert with_base(p, 2.0) == fastdiv.entropy(p, base=2)
for wrong, message in [
    (lambda: compiled(tables[0], tables[1, :9]), "one length"),
    (lambda: compiled_logits(tables[0], tables[1, :9]), "one length"),
    (lambda: with_options(p, 1.0, 1.5), "weight between"),
    (lambda: at(-1, 0, 0), "seed and offset"),
    (lambda: at(1, -1, 0), "seed and offset"),
    (lambda: at(1, np.uint64(2**64 - 2), 0), "seed and offset"),
    (lambda: at(1, 0, 2**32), "stream below"),
    (lambda: at(1, 0, -1), "stream below"),
    *((lambda base=base: with_base(p, base), "base must be") for base in (0.0, 1.0, -2.0)),
    *(
        (lambda wrong=wrong: with_options(p, wrong, 0.5), "temperature positive")
        for wrong in (0, 1e-310, -1.0, np.inf, np.nan)
    ),
]:
    try:
        wrong()
    except ValueError as error:
        assert message in str(error)
    else:
        raise AssertionError(message)
print(len(compiled.stats.cache_hits), len(compiled_logits.stats.cache_hits))
"""


def test_compiled_code_calls_the_kernels_and_is_cached(tmp_path, run):
    pytest.importorskip("numba", reason="Numba is not installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(sys.executable, program, env=environment).split() == ["0", "0"]
    assert "0" not in run(sys.executable, program, env=environment).split()
