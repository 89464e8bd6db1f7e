"""Inputs for the tests, the error that is allowed, and references over batches of slices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies
from hypothesis.extra import numpy as numpy_strategies
from mpmath import mp, mpf
from numpy.typing import ArrayLike, DTypeLike, NDArray

import reference
from reference import Objects, Reference

Array = NDArray[Any]
Pair = tuple[Array, Array]

SIZES = (1, 2, 3, 7, 8, 31, 32, 33, 64, 100, 255, 1001)
# Cases of `adversarial_rows` whose normalised slices are not weights, so that values are NaN.
INVALID_CASES = ("nan_in_p", "nan_in_q", "negative_in_p", "negative_in_q", "zero_p", "zero_q")


@dataclass(frozen=True)
class Measure:
    """How many arrays a measure takes, and how many axes of each make one slice."""

    arguments: int
    event_axes: int = 1


MEASURES = {
    "self_information": Measure(1),
    "entropy": Measure(1),
    "cross_entropy": Measure(2),
    "kl_divergence": Measure(2),
    "js_divergence": Measure(2),
    "js_distance": Measure(2),
    "joint_entropy": Measure(1, event_axes=2),
    "conditional_entropy": Measure(1, event_axes=2),
    "mutual_information": Measure(1, event_axes=2),
}


def tolerance(dtype: DTypeLike) -> float:
    """Relative error allowed: four times the machine epsilon."""
    return 4 * float(np.finfo(dtype).eps)


def ulp_error_bound(magnitude: mpf | float, dtype: DTypeLike) -> float:
    """4 ulp of the sum of |terms|, but never less than the smallest normal number.

    Below it numbers have no relative accuracy left. Infinite where the sum overflows, 0 where it is infinite.
    """
    limits = np.finfo(dtype)
    if mp.isinf(magnitude) or mp.isnan(magnitude):
        return 0.0
    if magnitude > mpf(float(limits.max)):
        return float("inf")
    spacing = float(np.spacing(limits.dtype.type(float(magnitude))))
    return max(4 * spacing, float(limits.smallest_normal))


def distance_error_bound(divergence: Reference, dtype: DTypeLike) -> float:
    """Error of the square root of a divergence that is off by its own bound, and 4 ulp of it."""
    with mp.workdps(60):
        error = mpf(ulp_error_bound(divergence.magnitude, dtype))
        root = mp.sqrt(divergence.value)
        # The larger of both sides: the root is steepest towards 0.
        low = root - mp.sqrt(max(divergence.value - error, mp.zero))
        high = mp.sqrt(divergence.value + error) - root
        return float(max(low, high)) + ulp_error_bound(root, dtype)


def error_ratio(actual: float, expected: Reference, bound: float) -> float:
    """|actual - expected| / bound: at most 1 passes. NaN and infinity must agree exactly."""
    value = mpf(float(actual))
    if bound == float("inf"):  # the terms overflow the type, so that any number is as good
        return 0.0
    if mp.isnan(expected.value) or mp.isnan(value):
        return 0.0 if mp.isnan(expected.value) and mp.isnan(value) else float("inf")
    if value == expected.value:
        return 0.0
    if mp.isinf(expected.value):
        return float("inf")
    return float(abs(value - expected.value) / mpf(bound))


def worst_error_ratio(
    actual: ArrayLike, expected: Objects, dtype: DTypeLike, bounds: ArrayLike | None = None
) -> float:
    """Largest `error_ratio` of an array; bounds are 4 ulp of each one's terms if not given."""
    values = np.asarray(actual)
    assert values.shape == expected.shape, f"shape {values.shape}, expected {expected.shape}"
    if bounds is None:
        bounds = [ulp_error_bound(wanted.magnitude, dtype) for wanted in expected.flat]
    ratios = map(error_ratio, values.flat, expected.flat, np.ravel(bounds))
    return max(ratios, default=0.0)


def _over_slices(
    name: str, arrays: Sequence[ArrayLike], function: Callable[..., Any], keep_event: bool
) -> Objects:
    """Call `function` with each slice of the broadcast arrays; `keep_event` if it returns one."""
    broadcast = np.broadcast_arrays(*arrays)
    shape = broadcast[0].shape
    batch = shape[: len(shape) - MEASURES[name].event_axes]
    results = np.empty(shape if keep_event else batch, dtype=object)
    for index in np.ndindex(batch):
        results[index] = function([array[index] for array in broadcast])
    return results


def reference_rows(name: str, arrays: Sequence[ArrayLike], **options: Any) -> Objects:
    """Return the Reference of every slice: events lie on the last axes."""
    function = getattr(reference, name)
    elementwise = name == "self_information"
    return _over_slices(name, arrays, lambda slices: function(*slices, **options), elementwise)


def gradient_rows(name: str, arrays: Sequence[ArrayLike], argnum: int, **options: Any) -> Objects:
    """Return the gradient References of every slice, in the arrays' broadcast shape.

    A cotangent of self_information is one slice, shared by all.
    """
    gradient = reference.gradient_references
    return _over_slices(
        name, arrays, lambda slices: gradient(name, slices, argnum, **options), keep_event=True
    )


def random_rows(rng: np.random.Generator, rows: int, n: int, dtype: DTypeLike) -> Array:
    """Positive rows that sum to about 1, flat on the simplex."""
    weights = rng.standard_exponential((rows, n)) + 1e-9
    return (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)


def _peaked(n: int, index: int, rest: float) -> Array:
    """All but `rest` of the mass in one entry, the rest spread evenly."""
    row = np.full(n, rest / max(n - 1, 1))
    row[index] = 1 - rest if n > 1 else 1
    return row


def _softmax(logits: Array) -> Array:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def adversarial_rows(rng: np.random.Generator, n: int, dtype: DTypeLike) -> dict[str, Pair]:
    """One (p, q) of length n for each case; cases that need two entries are left out at n = 1."""
    limits = np.finfo(dtype)
    double = limits.dtype == np.float64
    first, last = 0, n - 1

    def random() -> Array:
        return random_rows(rng, 1, n, np.float64)[0]

    def ones_with(value: float, index: int) -> Array:
        row = random()
        row[index] = value
        return row

    def wide() -> Array:
        return 10.0 ** rng.uniform(-300 if double else -37, 0, n)

    def subnormal() -> Array:
        return rng.integers(1, 1000, n) * float(limits.smallest_subnormal)

    def huge() -> Array:
        return rng.uniform(0.5, 1, n) * float(limits.max)

    p = random().astype(dtype).astype(np.float64)  # what is derived from p sees its rounded values
    sign = rng.choice([-1.0, 1.0], n)
    uniform = rng.uniform(-1, 1, n)
    mask = rng.random(n) < 0.5
    mask[first] = False
    p_with_zeros = np.where(mask, 0, p)
    subset = mask & (rng.random(n) < 0.5)
    every_third = np.arange(n) % 3 == 0
    wide_logits = 100 if double else 12
    tiny = 1e-200 if double else 1e-30

    pairs = {
        "random": (p, random()),
        "counts": (rng.poisson(2, n) + (np.arange(n) == last), rng.integers(1, 50, n)),
        "zeros_same_places": (p_with_zeros, np.where(mask, 0, random())),
        "zeros_in_p": (p_with_zeros, random()),
        "zeros_more_in_p": (p_with_zeros, np.where(subset, 0, random())),
        "near_one_hot_1e-6": (_peaked(n, last, 1e-6), random()),
        "near_one_hot_1e-12": (_peaked(n, last, 1e-12), random()),
        "near_one_hot_both": (_peaked(n, first, 1e-6), _peaked(n, last, 1e-12)),
        "one_hot": (_peaked(n, last, 0), random()),
        "one_hot_same": (_peaked(n, last, 0), _peaked(n, last, 0)),
        "huge_range": (wide(), wide()),
        "subnormals_among_ones": (
            np.where(every_third, 1, subnormal()),
            np.where(every_third[::-1], 1, subnormal()),
        ),
        "all_subnormal": (subnormal(), subnormal()),
        "near_overflow": (huge(), huge()),
        "tiny_scale": (p * tiny, random() * tiny),
        "equal": (p, p),
        "proportional": (p, 3 * p),
        "near_equal_1e-6_sign": (p, p * (1 + 1e-6 * sign)),
        "near_equal_1e-6_uniform": (p, p * (1 + 1e-6 * uniform)),
        "near_equal_1e-12_sign": (p, p * (1 + 1e-12 * sign)),
        "near_equal_1e-12_uniform": (p, p * (1 + 1e-12 * uniform)),
        "softmax_of_wide_logits": (
            _softmax(rng.normal(size=n) * wide_logits),
            _softmax(rng.normal(size=n) * wide_logits),
        ),
        "uniform": (np.full(n, 1 / n), np.full(n, 1 / n)),
        "uniform_and_peaked": (np.full(n, 1 / n), _peaked(n, last, 1e-6)),
        "nan_in_p": (ones_with(np.nan, last), random()),
        "nan_in_q": (random(), ones_with(np.nan, first)),
        "negative_in_p": (ones_with(-0.25, last), random()),
        "negative_in_q": (random(), ones_with(-0.25, first)),
        "zero_p": (np.zeros(n), random()),
        "zero_q": (random(), np.zeros(n)),
    }
    if n > 1:
        pairs["infinite"] = (p, ones_with(0, last))
        pairs["one_hot_disjoint"] = (_peaked(n, first, 0), _peaked(n, last, 0))
        pairs["negative_zero"] = (ones_with(-0.0, last), ones_with(-0.0, last))
    return {name: (p.astype(dtype), q.astype(dtype)) for name, (p, q) in pairs.items()}


def adversarial_tables(
    rng: np.random.Generator, nx: int, ny: int, dtype: DTypeLike
) -> dict[str, Array]:
    """One table for each case: those of `adversarial_rows`, and some with special marginals."""
    rows = adversarial_rows(rng, nx * ny, dtype)
    tables = {name: p.reshape(nx, ny) for name, (p, _) in rows.items() if not name.endswith("_q")}
    x, y = random_rows(rng, 1, nx, np.float64)[0], random_rows(rng, 1, ny, np.float64)[0]
    tables["rank_one_rounded"] = np.outer(x, y)
    # Small integers, so that the table is of rank one exactly and its information is 0.
    tables["rank_one"] = np.outer(rng.integers(1, 9, nx), rng.integers(1, 9, ny))
    tables["diagonal"] = np.eye(nx, ny)
    tables["near_diagonal"] = np.eye(nx, ny) + 1e-6 * rng.random((nx, ny))
    if min(nx, ny) > 1:
        tables["zero_row_and_column"] = np.outer(x, y) + rng.random((nx, ny)) / 9
        tables["zero_row_and_column"][-1] = 0
        tables["zero_row_and_column"][:, 0] = 0
    return {name: table.astype(dtype) for name, table in tables.items()}


def _scaled_weights(
    shape: int | tuple[int, ...], dtype: DTypeLike
) -> strategies.SearchStrategy[Array]:
    """Weights with zeros, not all of them 0, at one of several scales."""
    width = np.dtype(dtype).itemsize * 8
    entries = strategies.just(0.0) | strategies.floats(0, 1, width=width)
    arrays = numpy_strategies.arrays(dtype, shape, elements=entries).filter(np.any)
    top = 2.0 ** float(np.finfo(dtype).maxexp - 1)  # entries stay finite, their sum may not
    scales = strategies.sampled_from([1.0, 3.0, top**-0.5, top**0.5, top])
    return strategies.builds(lambda a, scale: a * a.dtype.type(scale), arrays, scales).filter(
        np.any
    )


def probability_vectors(
    dtype: DTypeLike = np.float64, max_size: int = 70
) -> strategies.SearchStrategy[Array]:
    """1-D weights of 1 to `max_size` entries."""
    return strategies.integers(1, max_size).flatmap(lambda n: _scaled_weights(n, dtype))


def probability_pairs(
    dtype: DTypeLike = np.float64, max_size: int = 70
) -> strategies.SearchStrategy[Pair]:
    """Pairs of weights of one length: unrelated, equal, proportional or nearly equal."""

    def second(p: Array) -> strategies.SearchStrategy[Pair]:
        step = 8 * np.finfo(dtype).eps
        factors = strategies.sampled_from([1.0, 0.5, 0.75, 1 + step])
        related = factors.map(lambda factor: p * p.dtype.type(factor))
        bumped = related.map(lambda q: np.where(np.arange(p.size) % 2, q, q * q.dtype.type(0.999)))
        choices = _scaled_weights(p.size, dtype) | related | bumped
        return choices.filter(np.any).map(lambda q: (p, q))

    return probability_vectors(dtype, max_size).flatmap(second)


def probability_tables(
    dtype: DTypeLike = np.float64, max_side: int = 12
) -> strategies.SearchStrategy[Array]:
    """2-D weights of 1 to `max_side` rows and columns."""
    sides = strategies.integers(1, max_side)
    return strategies.tuples(sides, sides).flatmap(lambda shape: _scaled_weights(shape, dtype))
