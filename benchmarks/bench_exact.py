"""The long-double references against the exact ones of the tests, and their errors."""

from __future__ import annotations

import numpy as np
import pytest

import exact
import reference
from works import WORKS, Work, arrays_of, fastdiv_call

SMALL = [work for work in WORKS if work.shape == (1024, 1024) or len(work.shape) == 3]


@pytest.mark.parametrize(
    "name", ["entropy", "kl_divergence", "js_divergence", "mutual_information"]
)
def test_long_double_agrees_with_exact_numbers(name: str) -> None:
    """Values and sums of |terms|, to the last bit of float64."""
    rng = np.random.default_rng(21)
    count = 2 if name.endswith("divergence") else 1
    shape = (3, 4) if name == "mutual_information" else (12,)
    arrays = [rng.standard_exponential(shape) for _ in range(count)]
    [(value, magnitude)] = getattr(exact, name)(*(array.astype(np.longdouble) for array in arrays))
    expected = getattr(reference, name)(*arrays)
    assert float(value) == pytest.approx(float(expected.value), rel=4e-16, abs=1e-17)
    assert float(magnitude) == pytest.approx(float(expected.magnitude), rel=4e-16)


def test_long_double_gradients_agree_with_exact_numbers() -> None:
    """Gradients and their sums of |terms|."""
    rng = np.random.default_rng(22)
    arrays = [rng.standard_exponential(12) for _ in "pq"]
    parts = exact.js_divergence_gradients(*(array.astype(np.longdouble) for array in arrays))
    for position, (value, magnitude) in enumerate(parts[1:]):
        found = reference.gradient_references("js_divergence", arrays, position)
        values = [float(each.value) for each in found]
        magnitudes = [float(each.magnitude) for each in found]
        np.testing.assert_allclose(value.astype(float), values, rtol=1e-14)
        np.testing.assert_allclose(magnitude.astype(float), magnitudes, rtol=1e-14)


@pytest.mark.parametrize("work", SMALL, ids=Work.identifier)
def test_a_wrong_answer_is_refused(work: Work) -> None:
    """One entry that is off, or NaN, is enough; our own answer passes."""
    arrays = arrays_of(work, "float64", True)
    truth = exact.reference_of(work, arrays)
    result = fastdiv_call(work, arrays)()
    results = [np.array(part) for part in (result if isinstance(result, tuple) else (result,))]
    truth.require("fastdiv", truth.errors(results), work)
    results[-1][(-1,) * results[-1].ndim] *= 1 + 1e-6
    with pytest.raises(AssertionError, match="is off by"):
        truth.require("NumPy", truth.errors(results), work)
    results[-1][...] = np.nan
    with pytest.raises(AssertionError, match="inf ulp"):
        truth.require("NumPy", truth.errors(results), work)
