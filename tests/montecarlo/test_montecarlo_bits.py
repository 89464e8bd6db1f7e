"""The same bits for any number of threads, on x86-64-v3 and v4, and for shards in any order."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
from conftest import ISAS, THREADS
from fastdiv import _native, montecarlo


def pair(rng: np.random.Generator, dtype: Any, dimension: int) -> Any:
    p = cases.mixture(rng, "triangular", 3, dimension, dtype)
    return p, cases.mixture(rng, "diagonal", 2, dimension, dtype, logits=True)


def everything(p: Any, q: Any, n: int) -> list[Any]:
    """Return all results that there are, as bytes."""
    found: list[Any] = []
    for name in cases.NAMES:
        f = fastdiv.value_and_grad(cases.function(name), (0, 1))
        for options in ({}, {"antithetic": True, "control_variate": True}, {"score_term": False}):
            estimate, gradients = f(p, q, n, 2**63 + 5, **options)
            found += [estimate.value, estimate.standard_error, *cases.bits(*gradients)]
            found += cases.bits(*estimate.gradient_standard_errors)
    return found


@pytest.mark.parametrize("dimension", [1, 2, 3, 6, 17])
def test_threads_and_instruction_sets(dimension: int, dtype: Any, rng: Any) -> None:
    p, q = pair(rng, dtype, dimension)
    found = {}
    for isa in set(ISAS) - {"v2"}:  # v2 has no fused multiply-add
        _native.set_isa(isa)
        for threads in THREADS:
            fastdiv.set_num_threads(threads)
            found[isa, threads] = everything(p, q, 20_006)
    first = found.popitem()[1]
    assert all(other == first for other in found.values())


def test_v2_is_as_close_as_rounding(dtype: Any, rng: Any) -> None:
    p, q = pair(rng, dtype, 3)
    values = []
    for isa in ISAS:
        _native.set_isa(isa)
        values.append(montecarlo.kl_divergence(p, q, 3000, 1).value)
    np.testing.assert_allclose(values, values[0], rtol=40 * np.finfo(dtype).eps)


@pytest.mark.parametrize("options", [{}, {"antithetic": True, "control_variate": True}])
@pytest.mark.parametrize("name", cases.NAMES)
def test_shards_make_up_one_run(name: str, options: Any, rng: Any) -> None:
    p, q = pair(rng, np.float64, 2)
    f, grain = cases.function(name), montecarlo.grain(p, q, antithetic=options != {})
    ends = [0, grain, 4 * grain, 5 * grain, 11 * grain, 11 * grain + 1234]
    whole = f(p, q, ends[-1], 3, **options)
    shards = [
        f(p, q, end - begin, 3, first_sample=begin, **options)
        for begin, end in itertools.pairwise(ends)
    ]
    for order in itertools.permutations(shards):
        assert order[0].merge(*order[1:]) == whole
    # and in steps: the parts of a merged estimate can be merged again
    assert shards[1].merge(shards[4]).merge(shards[0].merge(shards[3]), shards[2]) == whole


def test_shards_travel_between_processes(rng: Any) -> None:
    p, q = pair(rng, np.float32, 2)
    grain = montecarlo.grain(p, q)
    whole = montecarlo.js_divergence(p, q, 4 * grain, 3)
    shards = [montecarlo.js_divergence(p, q, grain, 3, first_sample=k * grain) for k in range(4)]
    back = [pickle.loads(pickle.dumps(shard)) for shard in shards]
    assert back[0] == shards[0]
    assert back[1].merge(back[3], shards[2], back[0]) == whole
    f = fastdiv.value_and_grad(montecarlo.kl_divergence, 0)
    estimate, _ = f(p, q, 10_000, 1)
    errors = pickle.loads(pickle.dumps(estimate)).gradient_standard_errors
    assert cases.bits(*errors) == cases.bits(*estimate.gradient_standard_errors)


def test_shards_of_many_components(rng: Any) -> None:
    """Whose leaves have fewer samples of each."""
    p = cases.mixture(rng, "diagonal", 12, 2)
    q = cases.mixture(rng, "triangular", 9, 2, logits=True)
    grain = montecarlo.grain(p, q)
    assert grain == 64 * 36
    for f in (montecarlo.kl_divergence, montecarlo.js_divergence):
        whole = f(p, q, 3 * grain + 500, 3)
        shards = [f(p, q, grain, 3, first_sample=k * grain) for k in range(3)]
        last = f(p, q, 500, 3, first_sample=3 * grain)
        assert shards[2].merge(last, shards[0], shards[1]) == whole


def test_shards_of_a_batch(rng: Any) -> None:
    p, q = (cases.mixture(rng, "diagonal", 2, 2, batch=(3,)) for _ in range(2))
    whole = montecarlo.js_divergence(p, q, 4096, 1)
    halves = [montecarlo.js_divergence(p, q, 2048, 1, first_sample=k) for k in (0, 2048)]
    merged = halves[1].merge(halves[0])
    assert merged.value.tolist() == whole.value.tolist()
    assert merged.standard_error.tolist() == whole.standard_error.tolist()
    assert merged.n_samples == 4096


def test_shards_with_gaps_are_an_estimate_too(rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 2), cases.gaussian(rng, "diagonal", 2)
    first, last = (montecarlo.kl_divergence(p, q, 1000, 1, first_sample=k) for k in (0, 2560))
    merged = first.merge(last)
    assert merged.value == pytest.approx((first.value + last.value) / 2, rel=1e-12)
    assert merged == last.merge(first)


def test_samples_depend_on_seed_and_number_alone(rng: Any) -> None:
    """What is drawn for a shard far away is what the generator gives there."""
    p, q = cases.gaussian(rng, "diagonal", 2), cases.gaussian(rng, "diagonal", 2)
    first = 256 * 2**40
    z = cases.normals(9, 512, 2, first=first)
    x = p.mean + p.std * z
    log_ratio = [
        -0.5 * (((x - d.mean) / d.std) ** 2).sum(axis=1) - np.log(d.std).sum() for d in (p, q)
    ]
    found = montecarlo.kl_divergence(p, q, 512, 9, first_sample=first).value
    assert found == pytest.approx((log_ratio[0] - log_ratio[1]).mean(), rel=1e-13)


def test_pairs_of_a_large_batch_do_not_depend_on_each_other(rng: Any) -> None:
    p, q = (cases.gaussian(rng, "triangular", 2, batch=(700,)) for _ in range(2))
    whole = montecarlo.kl_divergence(p, q, 300, 4)
    assert montecarlo.kl_divergence(p[13], q[13], 300, 4).value == whole.value[13]
    assert montecarlo.kl_divergence(p[699], q[699], 300, 4).value == whole.value[699]
