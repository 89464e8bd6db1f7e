"""Monte Carlo estimates on the simulated GPU have the CPU's bits: values, errors, records and gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import fastdiv
import montecarlo_cases as cases
from fastdiv import _native
from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.montecarlo._pack import broadcast, pack

montecarlo = pytest.importorskip("fastdiv._cuda.montecarlo", reason="needs Numba")
estimate, sources = (
    pytest.importorskip(f"fastdiv._cuda.montecarlo.{name}") for name in ("estimate", "sources")
)

SEED = 2**63 + 12_345
pytestmark = pytest.mark.skipif(_native.isa() == "v2", reason="x86-64-v2 has other last bits")


def results(
    module: Any, name: str, p: Any, q: Any, n: int, wanted: int = 3, first: int = 0, **options: Any
) -> list[Any]:
    """Return everything that a call gives, flat."""
    a, b, pairs, _ = broadcast(pack("p", p), pack("q", q))
    flags = [
        options.get(each, each == "score_term")
        for each in ("antithetic", "control_variate", "score_term")
    ]
    arguments = (a, b, pairs, wanted, SEED, first, n, *flags, options.get("weight", 0.5))
    found = getattr(module, f"montecarlo_{name}")(*arguments, options.get("progress"))
    if wanted:
        errors = getattr(module, f"montecarlo_{name}_gradient_errors")(*arguments, found[2])
        found = (*found, errors)
    return list(_flat(found))


def _flat(result: Any) -> Any:
    if isinstance(result, tuple):
        for each in result:
            yield from _flat(each)
    else:
        yield result


def require_same(name: str, p: Any, q: Any, n: int, **options: Any) -> None:
    cpu, ours = (results(module, name, p, q, n, **options) for module in (_native, montecarlo))
    assert len(cpu) == len(ours)
    for expected, found in zip(cpu, ours, strict=True):
        if expected is None:
            assert found is None
        else:
            assert found.dtype == expected.dtype and found.shape == expected.shape
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("shape", [(0, 3), (2, 2)])
@pytest.mark.parametrize("forms", list(itertools.product(cases.FORMS, repeat=2)))
@pytest.mark.parametrize("name", cases.NAMES)
def test_forms_and_mixtures(name: str, forms: Any, shape: Any, dtype: Any, rng: Any) -> None:
    p, q = (
        cases.mixture(rng, form, count, 2, dtype, logits=count == 3)
        for form, count in zip(forms, shape, strict=True)
    )
    require_same(name, p, q, 600)


@pytest.mark.parametrize("dimension", [1, 3, 4])
@pytest.mark.parametrize("form", cases.FORMS)
def test_dimensions(form: str, dimension: int, dtype: Any, rng: Any) -> None:
    p, q = (cases.mixture(rng, form, count, dimension, dtype) for count in (2, 0))
    require_same("kl_divergence", q, p, 700)
    require_same("kl_divergence", p, q, 700, antithetic=True, control_variate=True, wanted=0)


@pytest.mark.parametrize("forms", [cases.FORMS, cases.FORMS[::-1]])
def test_many_dimensions(forms: Any, dtype: Any, rng: Any) -> None:
    """Whose vectors are kept in memory."""
    p, q = (cases.gaussian(rng, form, 9, dtype) for form in forms)
    require_same("kl_divergence", p, q, 300)


def test_mixtures_of_many_dimensions(dtype: Any, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 9, dtype), cases.mixture(rng, "triangular", 2, 9, dtype)
    require_same("kl_divergence", p, q, 300, wanted=2)


def test_the_most_dimensions_in_registers(dtype: Any, rng: Any) -> None:
    p, q = (cases.gaussian(rng, form, 8, dtype) for form in cases.FORMS)
    require_same("kl_divergence", p, q, 300)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("name", cases.NAMES)
def test_options(name: str, antithetic: bool, control: bool, score: bool, rng: Any) -> None:
    p, q = cases.mixture(rng, "diagonal", 2, 1), cases.gaussian(rng, "triangular", 1)
    options = {"antithetic": antithetic, "control_variate": control, "score_term": score}
    weight = 0.3 if name == "js_divergence" else 0.5
    require_same(name, p, q, 450, weight=weight, **options)


@pytest.mark.parametrize("wanted", [0, 1, 2])
@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("name", cases.NAMES)
def test_one_gradient(name: str, score: bool, wanted: int, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 2), cases.mixture(rng, "triangular", 2, 2)
    require_same(name, p, q, 450, wanted=wanted, score_term=score)


@pytest.mark.parametrize("n", [4, 5, 255, 512, 513, 4099])
def test_numbers_of_samples(n: int, dtype: Any, rng: Any) -> None:
    p, q = cases.mixture(rng, "diagonal", 2, 1, dtype), cases.gaussian(rng, "diagonal", 1, dtype)
    require_same("kl_divergence", p, q, n)
    require_same("kl_divergence", q, p, n, first=256 * 1013)


@pytest.mark.parametrize(
    ("components", "antithetic"), [(8, True), (9, False), (9, True), (17, False)]
)
def test_leaves_of_many_components(components: int, antithetic: bool, dtype: Any, rng: Any) -> None:
    """Which a block of lanes goes through in tiles."""
    p, q = (
        cases.mixture(rng, "diagonal", components, 1, dtype),
        cases.gaussian(rng, "diagonal", 1, dtype),
    )
    n = (2 if antithetic else 1) * (64 * components + 50)
    require_same("kl_divergence", p, q, n, antithetic=antithetic)


def test_sums_in_blocks_that_a_cache_has_room_for(rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 8), cases.mixture(rng, "diagonal", 25, 8)
    require_same("kl_divergence", p, q, 700, wanted=1)


def test_batches(dtype: Any, rng: Any) -> None:
    p = cases.mixture(rng, "triangular", 2, 2, dtype, batch=(3, 1))
    q = cases.mixture(rng, "diagonal", 3, 2, dtype, batch=(2,), logits=True)
    require_same("js_divergence", p, q, 900)
    require_same("kl_divergence", p, cases.gaussian(rng, "triangular", 2, dtype), 900)
    require_same("kl_divergence", *(cases.gaussian(rng, "diagonal", 2, dtype, (0,)),) * 2, 100)


@pytest.mark.parametrize("first", [0, 3])
def test_segments(first: int, monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 1), cases.mixture(rng, "diagonal", 2, 1)
    monkeypatch.setattr(sources, "SCRATCH_BYTES", 1 << 11)
    require_same("kl_divergence", p, q, 256 * 27 + 11, first=256 * first)
    require_same("js_divergence", p, q, 512 * 9, first=512 * first)


def test_columns_outside_of_shared_memory(
    dtype: Any, monkeypatch: pytest.MonkeyPatch, rng: Any
) -> None:
    p = cases.mixture(rng, "triangular", 2, 2, dtype, batch=(5,))
    q = cases.mixture(rng, "diagonal", 2, 2, dtype)
    monkeypatch.setattr(sources, "SHARED_BYTES", 0)
    require_same("js_divergence", p, q, 1100)
    monkeypatch.setattr(sources, "SCRATCH_BYTES", 1 << 16)  # for some pairs at a time
    require_same("kl_divergence", p, q, 1100)


def test_more_leaves_than_are_joined_at_once(monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 1), cases.gaussian(rng, "diagonal", 1)
    require_same("kl_divergence", p, q, 256 * 2100 + 7, first=256 * 1000, wanted=0)
    require_same("kl_divergence", p, q, 256 * 1100, wanted=2)


def test_weights_of_zero(dtype: Any, rng: Any) -> None:
    parts = [cases.gaussian(rng, form, 2, dtype, (3,)) for form in cases.FORMS]
    p = Mixture(np.array([0.5, 0.0, 0.5], dtype), parts[0])
    q = Mixture(np.array([0.0, 0.3, 0.7], dtype), parts[1])
    require_same("kl_divergence", p, q, 900)
    require_same("kl_divergence", p, q, 900, wanted=0, control_variate=True)
    require_same("js_divergence", p, q, 900, score_term=False)


def test_extremes(dtype: Any) -> None:
    far = {np.float32: 1e25, np.float64: 1e200}[dtype]
    one = np.ones(2, dtype)
    p = Normal(np.zeros(2, dtype), one)
    scale = np.array([[1, 0], [0.5, 1]], dtype)
    for distance in (60, far):
        place = np.array([distance, 0], dtype)
        mixed = Mixture(one / 2, Normal(np.array([[0, 0], place], dtype), np.ones((2, 2), dtype)))
        for q in (Normal(place, one), MultivariateNormal(place, scale), mixed):
            require_same("kl_divergence", p, q, 300)
        require_same("js_divergence", mixed, p, 300)


def test_extremes_of_many_dimensions(dtype: Any) -> None:
    place = np.zeros(9, dtype)
    p = Normal(place.copy(), np.ones(9, dtype))
    place[3] = {np.float32: 1e25, np.float64: 1e200}[dtype]
    scale = np.eye(9, dtype=dtype)
    scale[4, 3] = 0.5
    require_same("kl_divergence", p, MultivariateNormal(place, scale), 300)


def test_equal_distributions(dtype: Any, rng: Any) -> None:
    for form in cases.FORMS:
        p = cases.mixture(rng, form, 2, 3, dtype)
        require_same("js_divergence", p, p, 600, control_variate=True)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_weights_at_their_ends(weight: float, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 2), cases.mixture(rng, "diagonal", 2, 2)
    require_same("js_divergence", p, q, 1500, weight=weight)


def test_progress(monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    p, q = cases.gaussian(rng, "diagonal", 1), cases.gaussian(rng, "diagonal", 1)
    monkeypatch.setattr(sources, "SCRATCH_BYTES", 1 << 8)
    monkeypatch.setattr(estimate._Watch, "SECONDS", 0.0)
    seen: list[tuple[int, int]] = []
    results(montecarlo, "js_divergence", p, q, 2560, progress=lambda *at: seen.append(at))
    done = [each for each, _ in seen]
    assert {total for _, total in seen} == {2560}
    assert done == sorted(done) and done[-1] == 2560 and len(done) > 4

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        results(montecarlo, "kl_divergence", p, q, 2560, progress=stop)


def test_the_public_functions_draw_there(monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    p, q = cases.mixture(rng, "diagonal", 2, 1), cases.gaussian(rng, "triangular", 1)
    monkeypatch.setattr(fastdiv._array, "_cuda", lambda what: montecarlo)
    monkeypatch.setattr(fastdiv._array, "SIMULATED", False)
    for name in cases.NAMES:
        f = fastdiv.value_and_grad(cases.function(name), (0, 1))
        cpu, ours = (f(p, q, 1200, 7, device=device) for device in ("cpu", "cuda"))
        assert cpu[0] == ours[0] and cases.bits(*cpu[1]) == cases.bits(*ours[1])
        errors = [each[0].gradient_standard_errors for each in (cpu, ours)]
        assert cases.bits(*errors[0]) == cases.bits(*errors[1])
        shards = [
            cases.function(name)(p, q, 512, 7, first_sample=512 * k, device=device)
            for k, device in enumerate(("cuda", "cpu", "cuda"))
        ]
        assert shards[1].merge(shards[2], shards[0]) == cases.function(name)(p, q, 1536, 7)
    with pytest.raises(ValueError, match="device must be 'cpu' or 'cuda', got 'gpu'"):
        fastdiv.montecarlo.kl_divergence(p, q, 100, 1, device="gpu")
