"""Errors name the argument; long runs can be watched and stopped; memory does not grow with the samples."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

import fastdiv
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal

P, Q = Normal([0.0, 1.0], [1.0, 2.0]), MultivariateNormal([0.5, 0.5], [[1.0, 0.0], [0.5, 1.0]])
M = Mixture([0.5, 0.25, 0.25], Normal([[0.0, 1.0]] * 3, [[1.0, 2.0]] * 3))
BOTH = [montecarlo.kl_divergence, montecarlo.js_divergence]


@pytest.mark.parametrize("f", BOTH)
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((np.zeros(2), Q, 100, 0), {}, TypeError, "p must be a Normal, MultivariateNormal or Mix"),
        ((P, "q", 100, 0), {}, TypeError, "q must be .* got 'q'"),
        ((P, Normal([0.0], [1.0]), 100, 0), {}, ValueError, "p has events of 2 .* q of 1"),
        ((P, Q, 1, 0), {}, ValueError, "n_samples must be at least 2, .* got 1"),
        ((M, Q, 5, 0), {}, ValueError, "n_samples must be at least 6, 2 samples of each"),
        ((M, Q, 10, 0), {"antithetic": True}, ValueError, "at least 12, 2 pairs of each"),
        ((M, Q, 95, 0), {"control_variate": True}, ValueError, "at least 96, 32 samples of each"),
        ((P, Q, 101, 0), {"antithetic": True}, ValueError, "n_samples must be even.* got 101"),
        ((P, Q, 100.0, 0), {}, TypeError, "n_samples must be an int, got 100.0"),
        ((P, Q, 0, 0), {}, ValueError, "n_samples must lie between 1 and"),
        ((P, Q, 100, -1), {}, ValueError, "seed must lie between 0"),
        ((P, Q, 100, 1.5), {}, TypeError, "seed must be an int"),
        ((M, Q, 100, 0), {"first_sample": 256}, ValueError, "multiple of the grain, 768, got 256"),
        ((P, Q, 100, 0), {"first_sample": 2**63}, ValueError, "first_sample must lie between"),
        ((P, Q, 100, 0), {"first_sample": "a"}, TypeError, "first_sample must be an int, got 'a'"),
        ((P, Q, 100, 0), {"antithetic": 1}, TypeError, "antithetic must be True or False, got 1"),
        ((P, Q, 100, 0), {"control_variate": "no"}, TypeError, "control_variate must be True or"),
        ((P, Q, 100, 0), {"score_term": None}, TypeError, "score_term must be True .* got None"),
        ((P, Q, 100, 0), {"progress": 3}, TypeError, "progress must be a function, got 3"),
    ],
)
def test_errors(f: Any, arguments: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        f(*arguments, **options)
    with pytest.raises(error, match=message):
        fastdiv.value_and_grad(f, (0, 1))(*arguments, **options)


def test_errors_of_batches_and_weights() -> None:
    a, b = Normal(np.zeros((3, 2)), np.ones((3, 2))), Normal(np.zeros((4, 2)), np.ones((4, 2)))
    with pytest.raises(
        ValueError, match=r"p with batch shape \(3,\) and q with \(4,\) do not broad"
    ):
        montecarlo.kl_divergence(a, b, 100, 0)
    with pytest.raises(ValueError, match=r"weight must lie in \[0, 1\], got 1.5"):
        montecarlo.js_divergence(P, Q, 100, 0, weight=1.5)
    with pytest.raises(TypeError, match="cotangent is not taken by kl_divergence"):
        fastdiv.value_and_grad(montecarlo.kl_divergence)(P, Q, 100, 0, cotangent=1.0)
    with pytest.raises(ValueError, match="argnums is 2"):
        fastdiv.value_and_grad(montecarlo.kl_divergence, 2)
    with pytest.raises(TypeError, match="p must be a Normal"):
        montecarlo.grain(1, Q)
    with pytest.raises(TypeError, match="antithetic must be True or False, got 2"):
        montecarlo.grain(P, Q, antithetic=2)  # type: ignore[arg-type]
    for flag in (np.True_, True):
        assert montecarlo.grain(P, Q, antithetic=flag) == 512


def test_errors_of_merging() -> None:
    whole = montecarlo.kl_divergence(P, Q, 1024, 0)
    with pytest.raises(ValueError, match="share samples"):
        whole.merge(montecarlo.kl_divergence(P, Q, 256, 0, first_sample=768))
    part = montecarlo.kl_divergence(P, Q, 100, 0, first_sample=1024)
    for other in (
        montecarlo.kl_divergence(P, Q, 256, 1, first_sample=1024),
        montecarlo.kl_divergence(Q, P, 256, 0, first_sample=1024),
        montecarlo.js_divergence(P, Q, 256, 0, first_sample=1024),
        montecarlo.kl_divergence(P, Q, 512, 0, first_sample=1024, antithetic=True),
        montecarlo.Estimate(1.0, 0.1, 100),
    ):
        with pytest.raises(ValueError, match="estimates of different calls"):
            whole.merge(part, other)
    with pytest.raises(TypeError, match=r"others must be estimates, got 1.0"):
        whole.merge(1.0)  # type: ignore[arg-type]
    same = Normal(P.mean, P.std), MultivariateNormal(Q.mean, Q.scale_tril)
    assert montecarlo.kl_divergence(*same, 100, 0, first_sample=1024).merge(whole).n_samples == 1124


@pytest.mark.parametrize("level", [0, 1, -0.5, 1.5, float("nan")])
def test_errors_of_the_level(level: Any) -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        montecarlo.Estimate(1.0, 0.1, 100).confidence_interval(level)


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    estimate = montecarlo.js_divergence(P, Q, 3_000_000, 0, progress=lambda *at: seen.append(at))
    assert estimate == montecarlo.js_divergence(P, Q, 3_000_000, 0)
    done, totals = zip(*seen, strict=True)
    assert set(totals) == {3_000_000}
    assert done[-1] == 3_000_000 and list(done) == sorted(done) and len(done) > 3


def test_progress_may_end_the_run() -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if done > total / 1000:
            raise Enough

    seen: list[int] = []
    with pytest.raises(Enough):
        montecarlo.kl_divergence(P, Q, 10**9, 0, progress=stop)
    assert seen[-1] < 10**8


@pytest.mark.parametrize("f", BOTH)
def test_interrupts_come_through(f: Any) -> None:
    """Ctrl-C ends a run that would take many minutes."""
    for components in (P, M):
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        before = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            fastdiv.value_and_grad(f, (0, 1))(components, Q, 10**12, 0)
        assert time.perf_counter() - before < 60  # however busy the machine is
        timer.join()


def test_memory_does_not_depend_on_the_number_of_samples() -> None:
    program = """
import resource
import fastdiv
from fastdiv.distributions import Mixture, MultivariateNormal
scale = [[1.0 * (i == j) for i in range(4)] for j in range(4)]
p = Mixture([0.5, 0.5], MultivariateNormal([[0.0] * 4, [1.0] * 4], [scale] * 2))
f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, (0, 1))
f(p, p, 100_000, 0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
f(p, p, 5_000_000, 1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    command = [sys.executable, "-c", program]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 2**20


def test_estimates_are_plain_to_see() -> None:
    estimate = montecarlo.kl_divergence(P, Q, 1000, 0)
    assert repr(estimate).startswith("Estimate(value=") and "_sources" not in repr(estimate)
    with pytest.raises(AttributeError):
        estimate.value = 0.0  # type: ignore[misc]
    assert estimate.n_samples == 1000
    assert isinstance(estimate.value, float) and isinstance(estimate.standard_error, float)
    assert float(estimate) == estimate.value
    fields = ["value", "standard_error", "n_samples"]
    assert list(inspect.signature(montecarlo.Estimate).parameters) == fields
    assert all(f"{name} : " in str(montecarlo.Estimate.__doc__) for name in fields)


def test_estimates_of_batches_compare() -> None:
    batch = Normal(np.zeros((3, 2)), np.ones((3, 2)))
    one, other = (montecarlo.kl_divergence(batch, Q, 1000, seed) for seed in (0, 1))
    again = montecarlo.kl_divergence(batch, Q, 1000, 0)
    assert (one == again) is True and hash(one) == hash(again)
    assert (one == other) is False and one != 1.0 and one != montecarlo.kl_divergence(P, Q, 1000, 0)
    assert len({one, other, again}) == 2
    zero = montecarlo.Estimate(-0.0, 0.0, 1)
    assert (
        zero == montecarlo.Estimate(0.0, 0.0, 1) and len({zero, montecarlo.Estimate(0, 0, 1)}) == 1
    )
    with pytest.raises(TypeError, match=r"batch shape \(3,\) is no single number"):
        float(one)
