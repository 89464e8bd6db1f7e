"""Logits for the tests."""

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as numpy_strategies
from numpy.typing import DTypeLike

from cases import Array, Pair

MEASURES = {"entropy": 1, "cross_entropy": 2, "kl_divergence": 2, "js_divergence": 2}
DTYPES = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
# Around the registers' widths, a block of sums and the chunks of long rows.
SIZES = (1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 255, 1001)
LONG_SIZES = (4097, 8191, 8192, 8193, 20_000)
VOCABULARIES = (128_256, 262_144)
TEMPERATURES = (0.1, 0.7, 1.0, 3.0, 10.0)
CHUNK = 8192
every_measure = pytest.mark.parametrize("name", MEASURES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
# Cases of `adversarial_rows` in which a row is no distribution, or q = 0 < p.
INVALID_IN_X = ("nan_in_x", "infinite_in_x", "all_minus_inf_x")
INVALID_IN_Y = ("nan_in_y", "infinite_in_y", "all_minus_inf_y")
# A probability below the smallest normal number, times a logarithm as large as the type has them.
BELOW_NORMAL = ("unlikely_at_huge_log_q", "vanished_at_huge_log_q")
INFINITE = ("minus_inf_in_y", "minus_inf_apart", "minus_inf_more_in_y", "one_entry_left_apart")


def finfo(dtype: DTypeLike) -> Any:
    """Return a float type's limits; NumPy does not know those of bfloat16."""
    return ml_dtypes.finfo(dtype)


def value_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the type of a value: float64 for float64, else float32."""
    return np.dtype(np.float64 if np.dtype(dtype) == np.float64 else np.float32)


def cast(array: Array, dtype: DTypeLike) -> Array:
    """Round to a type; what is too large becomes the largest finite number, as masks are written."""
    limit = float(finfo(dtype).max)
    clipped = np.where(np.isfinite(array), np.clip(array, -limit, limit), array)
    return clipped.astype(dtype)


def pick(name: str, pair: Sequence[Array]) -> tuple[Array, ...]:
    """As many arrays as the measure takes."""
    return tuple(pair[: MEASURES[name]])


def random_pair(rng: np.random.Generator, rows: int, n: int, dtype: DTypeLike) -> Pair:
    """Logits as those of a model: rows of spread 1 to 10."""
    spread = rng.uniform(1, 10, (2, rows, 1))
    x, y = rng.normal(size=(2, rows, n)) * spread
    return cast(x, dtype), cast(y, dtype)


def _with(row: Array, value: Any, where: Any) -> Array:
    changed = row.copy()
    changed[where] = value
    return changed


def _invalid(random: Any, n: int) -> dict[str, Pair]:
    """Rows that are no distribution, in either argument."""
    values = {"nan": np.nan, "infinite": np.inf}
    pairs = {}
    for name, value in values.items():
        pairs[f"{name}_in_x"] = _with(random(), value, n - 1), random()
        pairs[f"{name}_in_y"] = random(), _with(random(), value, n // 2)
    pairs["all_minus_inf_x"] = np.full(n, -np.inf), random()
    pairs["all_minus_inf_y"] = random(), np.full(n, -np.inf)
    return pairs


def _with_minus_inf(random: Any, mask: Array, subset: Array) -> dict[str, Pair]:
    """Masks of -inf in all constellations; `mask` leaves the first entry, `subset` is part of it."""
    x, y, inf = random(), random(), -np.inf
    others = np.arange(x.size) > 0
    pairs = {
        "minus_inf_in_x": (_with(x, inf, mask), y),
        "minus_inf_same_places": (_with(x, inf, mask), _with(y, inf, mask)),
        "minus_inf_more_in_x": (_with(x, inf, mask), _with(y, inf, subset)),
        "one_entry_left_of_x": (_with(x, inf, others), y),
        "one_entry_left": (_with(x, inf, others), _with(y, inf, others)),
    }
    if x.size > 2:
        pairs["minus_inf_in_y"] = x, _with(y, inf, mask)
        pairs["minus_inf_more_in_y"] = _with(x, inf, subset), _with(y, inf, mask)
        pairs["minus_inf_apart"] = _with(x, inf, mask), _with(y, inf, ~mask)
        last = np.arange(x.size) < x.size - 1
        pairs["one_entry_left_apart"] = _with(x, inf, others), _with(y, inf, last)
    return pairs


def _peaked(random: Any, n: int) -> dict[str, Pair]:
    """One logit high above the others, up to where these underflow."""
    pairs = {}
    for height in (5, 16, 30, 60, 90, 110, 200, 720, 760):
        x, y = _with(random(), height, n - 1), _with(random(), height, n - 1)
        pairs[f"peak_{height}_in_x"] = x, random()
        pairs[f"peak_{height}_in_y"] = random(), y
        pairs[f"peak_{height}_same_place"] = x, y
        pairs[f"peak_{height}_apart"] = x, _with(random(), height, 0)
    return pairs


def _close(x: Array, rng: np.random.Generator) -> dict[str, Pair]:
    """Rows that differ by little, by a constant, or by nothing; `x` is in the type already."""
    n = x.size
    uniform, sign = rng.uniform(-1, 1, n), rng.choice([-1.0, 1.0], n)
    eighths = np.round(x * 8) / 8
    pairs = {
        "equal": (x, x),
        "equal_but_for_a_shift": (eighths, eighths + 64),
        "equal_but_for_one": (x, _with(x, x[-1] + 1, n - 1)),
        "equal_peaked": (_with(x, 40, 0), _with(x, 40, 0)),
        "nearly_equal_peaked": (_with(x, 40, 0), _with(x + 1e-4 * uniform, 40, 0)),
        "nearly_equal_shifted": (x, x + 1e-3 * uniform + 100),
    }
    for size in (1e-2, 1e-4, 1e-6):
        pairs[f"nearly_equal_{size:.0e}"] = x, x + size * uniform
        pairs[f"nearly_equal_sign_{size:.0e}"] = x, x * (1 + size * sign)
    return pairs


def _huge(random: Any, mask: Array, dtype: DTypeLike) -> dict[str, Pair]:
    """Logits of any size that the type holds; torch users mask with the smallest finite number."""
    low = float(np.finfo(value_dtype(dtype)).min)
    n = mask.size
    pairs = {
        f"huge_{size:.0e}": (random() * size, random() * size) for size in (1e2, 1e4, 1e6, 1e30)
    }
    for name, value in {"lowest": low, "minus_1e4": -1e4, "minus_1e9": -1e9}.items():
        x, y = random(), random()
        pairs[f"{name}_mask_in_x"] = _with(x, value, mask), y
        pairs[f"{name}_mask_in_y"] = x, _with(y, value, mask)
        pairs[f"{name}_mask_same_places"] = _with(x, value, mask), _with(y, value, mask)
        pairs[f"{name}_mask_and_minus_inf"] = _with(x, -np.inf, mask), _with(y, value, mask)
        pairs[f"{name}_everywhere"] = np.full(n, value), y
        pairs[f"{name}_everywhere_in_y"] = x, np.full(n, value)
    pairs["from_lowest_to_largest"] = np.linspace(-1, 1, n) * -low, np.linspace(1, -1, n) * -low
    # An entry of x so unlikely that it vanishes, but not times the log q there.
    pairs["unlikely_at_huge_log_q"] = _with(random(), -95, mask), _with(random(), low / 4, mask)
    pairs["vanished_at_huge_log_q"] = _with(random(), -130, mask), _with(random(), low / 4, mask)
    return pairs


def spread(arrays: Sequence[Array]) -> float:
    """Return how far finite logits lie apart, 1,000 at most."""
    numbers = np.concatenate([np.ravel(a).astype(np.longdouble) for a in arrays])
    finite = numbers[np.isfinite(numbers)]
    return float(min(finite.max() - finite.min(), 1000)) if finite.size else 0.0


def adversarial_rows(rng: np.random.Generator, n: int, dtype: DTypeLike) -> dict[str, Pair]:
    """One (x, y) of length n for each case."""
    double = value_dtype(dtype) == np.float64

    def random() -> Array:
        return rng.normal(size=n) * 3

    x = cast(random(), dtype).astype(np.float64)  # what is derived from x sees its rounded values
    mask = rng.random(n) < 0.5
    mask[0], mask[1:2] = False, True
    subset = mask & (rng.random(n) < 0.5)
    subset[1:2] = False
    far = 708.0 if double else 87.3  # where exp underflows
    tiny = float(np.finfo(value_dtype(dtype)).smallest_subnormal)
    floor = -np.where(mask, rng.uniform(far * 0.9, far * 1.5, n), 0)
    pairs = {
        "random": (x, random()),
        "shifted_both": (x + 1e4, random() - 1e4),
        "shifted_x": (x + 1e4, random()),
        "shifted_y": (x, random() - 1e4),
        "uniform": (np.zeros(n), np.full(n, 7.25)),
        "uniform_x": (np.zeros(n), random()),
        "uniform_y": (x, np.full(n, -3.0)),
        "nearly_uniform": (1e-6 * random(), 1e-6 * random()),
        "negative_zero": (_with(np.zeros(n), -0.0, mask), _with(np.zeros(n), -0.0, ~mask)),
        "two_levels": (_with(random(), 15, mask), _with(random(), 15, ~mask)),
        "ramps": (np.linspace(-200, 0, n), np.linspace(0, -200, n)),
        "underflow_in_x": (x + floor, random()),
        "underflow_in_y": (x, random() + floor),
        "underflow_same_places": (x + floor, random() + floor),
        "underflow_apart": (_with(random(), -far - 5, mask), _with(random(), -far - 5, ~mask)),
        "outlier_masked_in_x": (_with(x, -np.inf, n - 1), _with(random(), 1e3, n - 1)),
        "outlier_in_both": (_with(x, 300, n - 1), _with(random(), 300, 0)),
        "subnormal": (rng.integers(-9, 9, n) * tiny, rng.integers(-9, 9, n) * tiny),
        "subnormal_beside_random": (rng.integers(-9, 9, n) * tiny, random()),
        **_peaked(random, n),
        **_close(x, rng),
        **_huge(random, mask, dtype),
        **_invalid(random, n),
        **_with_minus_inf(random, mask, subset),
    }
    if n == 1:
        del pairs["outlier_masked_in_x"]
    return {name: (cast(a, dtype), cast(b, dtype)) for name, (a, b) in pairs.items()}


def is_valid(name: str, case: str) -> bool:
    """Whether the measure of an adversarial case is a number or infinity, not NaN."""
    return case not in INVALID_IN_X + INVALID_IN_Y[: 3 * (MEASURES[name] - 1)]


# --- strategies -----------------------------------------------------------------------------------


def logit_rows(dtype: DTypeLike, n: int) -> strategies.SearchStrategy[Array]:
    """Rows of n logits at one of several scales, some of them -inf, not all."""
    entries = strategies.floats(-1, 1, width=32) | strategies.just(-np.inf)
    arrays = numpy_strategies.arrays(np.float64, n, elements=entries)
    scales = strategies.sampled_from([1e-6, 0.1, 1.0, 10.0, 100.0, 1e4])
    scaled = strategies.builds(lambda row, scale: row * scale, arrays, scales)
    return scaled.filter(lambda row: np.isfinite(row).any()).map(lambda row: cast(row, dtype))


def logit_pairs(dtype: DTypeLike, max_size: int = 70) -> strategies.SearchStrategy[Pair]:
    """Pairs of rows of one length: unrelated, equal, shifted or nearly equal."""

    def second(x: Array) -> strategies.SearchStrategy[Pair]:
        related = [x, x + np.asarray(2, x.dtype), x * np.asarray(1.01, x.dtype)]
        choices = logit_rows(dtype, x.size) | strategies.sampled_from(related)
        return choices.map(lambda y: (x, y.astype(x.dtype)))

    rows = strategies.integers(1, max_size).flatmap(lambda n: logit_rows(dtype, n))
    return rows.flatmap(second)
