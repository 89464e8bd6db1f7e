"""The long-double references for logits against exact ones, and what they refuse."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf

import exact_logits
import reference
import works
from works import Array, Work, arrays_of, fastdiv_call

CASES = [
    ("entropy", 0),
    ("cross_entropy", 0),
    ("cross_entropy", 1),
    ("kl_divergence", 0),
    ("kl_divergence", 1),
    ("js_divergence", 0),
    ("js_divergence", 1),
]
DISTILLATION = [
    work
    for work in works.WORKS
    if work.domain == "logits" and work.shape == works.VOCABULARY[0] and not work.new_arrays
]


def _probabilities(logits: Array) -> list[Fraction]:
    """Softmax to 60 digits."""
    with mp.workdps(80):
        powers = [mp.exp(mpf(float(x))) for x in logits]
        weights = [Fraction(int(power * mpf(10) ** 60)) for power in powers]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize(("name", "argnum"), CASES)
def test_long_double_agrees_with_measures_of_exact_probabilities(name: str, argnum: int) -> None:
    """Values, sums of |terms|, and gradients: by a logit, p times that by its weight p."""
    rng = np.random.default_rng(23)
    x = rng.normal(0, 2, 12)
    logits = [x, x + rng.normal(0, 0.5, 12)][: 1 if name == "entropy" else 2]
    logs = [exact_logits.log_softmax(array.astype(np.longdouble)) for array in logits]
    probabilities = [_probabilities(array) for array in logits]
    expected = getattr(reference, name)(*probabilities)
    terms = exact_logits.terms(name, *logs)
    assert float(sum(t.sum() for t in terms)) == pytest.approx(float(expected.value), rel=1e-15)
    magnitude = float(sum(np.abs(t).sum() for t in terms))
    assert magnitude == pytest.approx(float(expected.magnitude), rel=1e-15)
    slopes = reference.gradient(name, probabilities, argnum)
    wanted = [float(p * s) for p, s in zip(map(float, probabilities[argnum]), slopes, strict=True)]
    found = exact_logits.gradient(name, argnum, *logs)
    np.testing.assert_allclose(found.astype(float), wanted, rtol=1e-14, atol=1e-17)


@pytest.mark.parametrize("dtype", works.LOGITS_DTYPES)
@pytest.mark.parametrize("work", DISTILLATION, ids=Work.identifier)
def test_a_wrong_answer_is_refused(work: Work, dtype: str) -> None:
    """One entry that is off by a fiftieth, or NaN, is enough; our own answer passes."""
    arrays = arrays_of(work, dtype, True)
    truth = exact_logits.LogitsReference(work, arrays)
    result = fastdiv_call(work, arrays)()
    results = [np.array(part) for part in (result if isinstance(result, tuple) else (result,))]
    truth.require("fastdiv", truth.errors(results), work)
    last = results[-1].reshape(len(arrays[0]), -1)[-1]
    largest = np.abs(last.astype(np.float32)).argmax()
    last[largest] = np.float32(last[largest]) * np.float32(1.02)
    with pytest.raises(AssertionError, match="is off by"):
        truth.require("torch", truth.errors(results), work)
    truth.require("torch bf16", truth.errors(results), work)
    last[largest] = np.nan
    with pytest.raises(AssertionError, match="inf ulp"):
        truth.require("torch bf16", truth.errors(results), work)


def test_rounding_to_bfloat16_is_no_error() -> None:
    """Half a step is taken off, at powers of two and below the smallest normal number too."""
    bfloat16 = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    rng = np.random.default_rng(24)
    spread = np.ldexp(rng.standard_normal(4096), rng.integers(-140, 10, 4096))
    truth = np.append(spread, [0, 1, 2, 1 - 2**-9, 2**-133, 2**-134]).astype(np.longdouble)
    lost = np.abs(truth.astype(np.float64).astype(bfloat16).astype(np.longdouble) - truth)
    assert (lost <= exact_logits.half_a_step(truth, bfloat16) * (1 + 2.0**-15)).all()
