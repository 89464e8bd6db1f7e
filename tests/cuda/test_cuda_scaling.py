"""Rows scaled in place: as NumPy does it, but a factor of 0 leaves no NaN, and one of 1 touches nothing."""

import ml_dtypes
import numpy as np
import pytest

from fastdiv._cuda.scaling import KINDS, scale_rows

DTYPES = {"bfloat16": np.dtype(ml_dtypes.bfloat16)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (3, 8), (2, 16385), (1, 40000)])
def test_rows(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> None:
    dtype = DTYPES.get(kind, np.dtype(kind) if kind not in DTYPES else None)
    wide = np.float64 if kind == "float64" else np.float32
    x = rng.normal(size=shape).astype(dtype)
    x[0, 0] = np.nan
    factors = rng.choice([0, 1, -2.5, 1e3], shape[0]).astype(wide)
    factors[0] = 0
    expected = (x.astype(wide) * factors[:, None]).astype(dtype)
    expected[factors == 0] = 0
    found = x.copy()
    scale_rows(found.view(np.uint16) if dtype.itemsize == 2 else found, factors, kind)
    np.testing.assert_array_equal(found, expected)


def test_one_factor_and_rows_off_their_alignment(rng: np.random.Generator) -> None:
    memory = rng.normal(size=4 * 9 + 1).astype(np.float32)
    x = memory[1:].reshape(4, 9)
    expected = x * np.float32(0.5)
    scale_rows(x, np.array([0.5], np.float32), "float32")
    np.testing.assert_array_equal(x, expected)


def test_a_factor_of_one_reads_and_writes_nothing() -> None:
    signalling = np.full((3, 5), 0x7F800001, np.uint32)  # arithmetic would make it quiet
    x = signalling.copy()
    scale_rows(x.view(np.float32), np.ones(3, np.float32), "float32")
    np.testing.assert_array_equal(x, signalling)
