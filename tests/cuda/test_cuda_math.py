"""The elementary functions' largest errors, and their arguments out of the ordinary."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from fastdiv._cuda import math

ROOT = Path(__file__).parents[2]
WIDER = {np.float32: np.float64, np.float64: np.longdouble}
EXACT = {"log": mp.log, "log1p": mp.log1p, "exp": mp.exp}
WIDE = {"log": np.log, "log1p": np.log1p, "exp": np.exp}
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1e-40, 1e308, 3e38, -3e38]


def ulps(got: Any, wanted: Any, dtype: type) -> Any:
    """Errors in units of the last place, never less than the smallest subnormal number."""
    limits = np.finfo(dtype)
    with np.errstate(over="ignore"):
        spacing = np.spacing(np.minimum(np.abs(wanted), float(limits.max)).astype(dtype))
    return np.abs(got.astype(wanted.dtype) - wanted) / np.maximum(
        spacing, limits.smallest_subnormal
    )


def arguments(name: str, dtype: type, rng: np.random.Generator) -> Any:
    limits = np.finfo(dtype)
    every = rng.integers(0, 2 ** (8 * dtype().itemsize - 1), 200_000).astype(f"u{dtype().itemsize}")
    numbers = [every.view(dtype), np.exp2(rng.uniform(-3, 3, 200_000))]
    numbers.append(1 + rng.uniform(-1, 1, 50_000) * np.exp2(rng.uniform(-limits.nmant, 0, 50_000)))
    if name != "log":
        numbers += [-each for each in numbers]
    if name == "exp":
        numbers.append(
            rng.uniform(np.log(limits.smallest_subnormal) - 2, np.log(limits.max), 200_000)
        )
    x = np.concatenate([each.astype(dtype) for each in numbers])
    return x[np.isfinite(x) & ((x > -1) | (name == "exp"))]


@pytest.mark.parametrize("name", WIDE)
def test_largest_errors(name: str, dtype: type, rng: np.random.Generator) -> None:
    x = arguments(name, dtype, rng)
    with np.errstate(all="ignore"):
        got = getattr(math.functions(dtype), name)(x)
        wanted = WIDE[name](x.astype(WIDER[dtype]))
        finite = np.isfinite(wanted) & (np.abs(wanted) <= float(np.finfo(dtype).max))
        np.testing.assert_array_equal(got[~finite], wanted[~finite].astype(dtype))
        worst = ulps(got[finite], wanted[finite], dtype).max()
    print(f"{name} {dtype.__name__}: {worst:.3f} ulp")
    assert worst <= math.MAX_ULP[name]


@pytest.mark.parametrize("name", EXACT)
def test_against_mpmath(name: str, dtype: type, rng: np.random.Generator) -> None:
    x = rng.choice(arguments(name, dtype, rng), 2000)
    x = x[np.abs(x) < 80] if name == "exp" else x
    with np.errstate(all="ignore"), mp.workdps(40):
        got = getattr(math.functions(dtype), name)(x)
        for argument, value in zip(x, got, strict=True):
            exact = EXACT[name](mpf(float(argument)))
            unit = max(float(np.spacing(dtype(abs(float(exact))))), float(np.finfo(dtype).tiny) / 2)
            assert abs(mpf(float(value)) - exact) <= math.MAX_ULP[name] * unit


def test_quotients(dtype: type, rng: np.random.Generator) -> None:
    a, b = np.exp2(rng.uniform(-60, 60, (2, 200_000))).astype(dtype)
    close = np.exp2(rng.uniform(-20, 0, a.size)) * rng.choice([-0.3, 0.3], a.size)
    b[::2] = (a * (1 + close)).astype(dtype)[::2]
    wide = WIDER[dtype]
    step = (a.astype(wide) - b) / b
    apart = np.log(a.astype(wide)) - np.log(b.astype(wide))
    wanted = np.where(np.abs(step) < 0.5, np.log1p(np.maximum(step, -0.5)), apart)
    worst = ulps(math.functions(dtype).log_ratio(a, b), wanted, dtype).max()
    print(f"log_ratio {dtype.__name__}: {worst:.3f} ulp")
    assert worst <= math.MAX_ULP["log_ratio"]


def test_quotients_of_anything(dtype: type) -> None:
    with np.errstate(all="ignore"):
        a, b = (part.ravel() for part in np.meshgrid(*[np.array(SPECIAL).astype(dtype)] * 2))
        wide = WIDER[dtype]
        wanted = np.log(np.abs(a.astype(wide))) - np.log(np.abs(b.astype(wide)))
        wanted[(a < 0) | (b < 0)] = np.nan
        got = math.functions(dtype).log_ratio_any(a, b)
    np.testing.assert_allclose(got, wanted.astype(dtype), rtol=4 * np.finfo(dtype).eps)


def test_special_arguments(dtype: type) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        for name, wide in WIDE.items():
            got = getattr(math.functions(dtype), name)(x)
            wanted = wide(x.astype(WIDER[dtype])).astype(dtype)
            np.testing.assert_allclose(got, wanted, rtol=2 * np.finfo(dtype).eps)
            assert (np.signbit(got) == np.signbit(wanted))[~np.isnan(got)].all()


def test_functions_keep_the_type(dtype: type) -> None:
    for name in WIDE:
        assert getattr(math.functions(dtype), name)(np.ones(3, dtype)).dtype == dtype


def test_coefficients_are_those_that_the_script_prints() -> None:
    command = [sys.executable, str(ROOT / "csrc/simd/generate_coefficients.py"), "--python"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == (ROOT / "fastdiv/_cuda/coefficients.py").read_text()
