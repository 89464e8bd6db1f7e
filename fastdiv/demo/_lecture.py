"""Chapter: the lecture's experiment, a normal distribution fitted to a mixture by three divergences."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import distributions, montecarlo
from ..distributions import Mixture, MultivariateNormal, Normal
from ..fitting import Adam, Fit, GradientDescent, cosine_decay, minimize
from . import _lecture_exact as exact
from . import _lecture_figures as figures
from ._chapter import Chapter, Check, Context, Highlight, Table
from ._lecture_exact import Minimum
from ._numbers import seconds_text

_SAMPLES = 1000  # a step
_RATE = 0.05
_SEED = 7
_START = (-0.6, 1.3)
_STARTS = ((-0.7, 0.7), (1.55, 0.45))
_STD = 0.4
_TOLERANCE = 1e-2  # of a mean or an entry of a covariance: what the samples' noise leaves
_SURE = 4.0  # standard errors
_RACE_STEPS = 200
_CLOSE = 0.01  # nats
ADAM_RATES, NATURAL_RATES = (0.01, 0.03, 0.1, 0.3), (0.1, 0.3, 0.7)

Array = NDArray[np.float64]
TARGET = Mixture(np.full(2, 0.5), Normal(exact.MEANS, exact.STDS))


@dataclass(frozen=True)
class Outcome:
    """One fit of a batch, and what it should have found."""

    name: str
    kind: str
    found: Minimum  # its divergence by quadrature
    expected: Minimum
    divergence: float  # that of the fit from many samples
    standard_error: float

    def difference(self) -> float:
        """Return the largest difference of a mean or an entry of the covariance."""
        mean = np.abs(self.found.mean - self.expected.mean).max()
        covariance = np.abs(self.found.covariance - self.expected.covariance).max()
        return float(max(mean, covariance))

    def errors(self) -> float:
        """Return how many standard errors the estimate is away from the quadrature."""
        return abs(self.divergence - self.found.divergence) / self.standard_error


@dataclass(frozen=True)
class Race:
    """How far a fit is from the optimum, in nats, after each step; a line a learning rate."""

    adam: dict[float, Array]
    natural: dict[float, Array]

    def steps(self, distances: Array) -> int | None:
        """Return the first step that is close enough, or None."""
        close = np.flatnonzero(distances < _CLOSE)
        return int(close[0]) if close.size else None

    def best(self, lines: dict[float, Array]) -> tuple[float, int]:
        """Return the quickest learning rate, and its steps."""
        steps = {rate: self.steps(line) for rate, line in lines.items()}
        reached = {rate: count for rate, count in steps.items() if count is not None}
        rate = min(reached, key=lambda rate: reached[rate])
        return rate, reached[rate]


def build(context: Context) -> Chapter:
    """Fit, check."""
    steps = 1000 if context.quick else 2000
    many = 100_000 if context.quick else 1_000_000
    with context.step(f"four fits of {steps:,} steps × {_SAMPLES:,} samples"):
        start = time.perf_counter()
        forward = _fit("forward_kl", _full(_START), steps)
        seconds = time.perf_counter() - start
        reverse = _fit("reverse_kl", Normal(np.array(_STARTS), np.full((2, 2), _STD)), steps)
        js = _fit("js", _full(_START), steps)
        wide = _fit("reverse_kl", _full(*_STARTS), steps)
    with context.step("the same minima by quadrature and SciPy's BFGS"):
        outcomes = _outcomes(forward, reverse, js, wide, many)
    with context.step("natural gradient against Adam"):
        race = _race()
    fits = figures.Fits(TARGET, forward, reverse, js, wide, frames=16 if context.quick else 48)
    return Chapter(
        title="A lecture’s experiment: one normal distribution, two modes, three divergences",
        text=_text(outcomes, race),
        figures=[
            figures.ends(fits),
            *figures.animations(fits),
            figures.race(fits, race.adam, race.natural, _CLOSE),
        ],
        tables=[_table(outcomes), _race_table(race)],
        checks=_checks(outcomes, race),
        highlights=[
            Highlight(
                seconds_text(seconds),
                f"for a fit of {steps:,} steps, each a KL divergence and its gradient "
                f"from {_SAMPLES:,} new samples",
            ),
        ],
        numbers=_numbers(outcomes, race, seconds, steps),
    )


def _full(*starts: tuple[float, float]) -> MultivariateNormal:
    mean = np.array(starts[0] if len(starts) == 1 else starts)
    return MultivariateNormal(mean, _STD * np.eye(2))


def _fit(kind: str, start: Any, steps: int) -> Fit:
    optimizer = Adam(cosine_decay(_RATE, steps))
    return minimize(
        start, TARGET, kind, optimizer=optimizer, n_samples=_SAMPLES, steps=steps, seed=_SEED,
        antithetic=True,
    )  # fmt: skip


def _outcomes(forward: Fit, reverse: Fit, js: Fit, wide: Fit, many: int) -> list[Outcome]:
    ends = [
        ("forward KL", "forward_kl", forward.distribution),
        ("JS", "js", js.distribution),
    ]
    for fit, name in ((reverse, "independent"), (wide, "full covariance")):
        for k, start in enumerate(_STARTS):
            ends.append((f"reverse KL, {name}, from {start}", "reverse_kl", fit.distribution[k]))
    return [_outcome(*end, many) for end in ends]


def _outcome(name: str, kind: str, q: Any, many: int) -> Outcome:
    pair = (q, TARGET) if kind == "reverse_kl" else (TARGET, q)
    estimator = montecarlo.js_divergence if kind == "js" else montecarlo.kl_divergence
    estimate = estimator(pair[0], pair[1], many, _SEED + 1)
    full = isinstance(q, MultivariateNormal)
    covariance = q.covariance if full else np.diag(q.std**2)
    here = Minimum(q.mean, covariance, exact.divergence(kind, q.mean, covariance))
    best = exact.moments() if kind == "forward_kl" else exact.minimum(kind, here, full)
    found = float(estimate.value), float(estimate.standard_error)
    return Outcome(name, kind, here, best, *found)


def _race() -> Race:
    """Follow the forward KL with both, and measure in closed form how far the best is."""
    best = exact.moments()
    optimum = MultivariateNormal(best.mean, np.linalg.cholesky(best.covariance))

    def distances(optimizer: Any, natural: bool) -> Array:
        fit = minimize(
            _full(_START), TARGET, "forward_kl", optimizer=optimizer, n_samples=_SAMPLES,
            steps=_RACE_STEPS, seed=_SEED, natural_gradient=natural,
        )  # fmt: skip
        return np.asarray(distributions.kl_divergence(optimum, fit.path))

    return Race(
        {rate: distances(Adam(rate), False) for rate in ADAM_RATES},
        {rate: distances(GradientDescent(rate), True) for rate in NATURAL_RATES},
    )


def _text(outcomes: list[Outcome], race: Race) -> list[str]:
    forward, js, lower, upper, wide, _ = outcomes
    natural_rate, natural_steps = race.best(race.natural)
    adam_rate, adam_steps = race.best(race.adam)
    return [
        "A lecture on divergences asks what becomes of a normal distribution q that is fitted to a "
        "target p with two modes, an equal mixture of N((0, 0), diag(¼², ½²)) and N((1, 1), ¼² I). "
        "`fastdiv.fitting.minimize` follows the gradient of a divergence that is estimated from "
        f"{_SAMPLES:,} new samples a step, in mirrored pairs. Contours hold half and nine tenths of "
        f"q’s mass.",
        f"Forward KL, KL(p ‖ q), covers p: its minimum is p’s own mean and covariance, and the fit "
        f"is off by {forward.difference():.1g} at most. Reverse KL, KL(q ‖ p), stays where p has "
        f"mass: with independent coordinates it has two minima, {lower.expected.divergence:.3f} "
        f"and {upper.expected.divergence:.3f} nats, and each start rolls into the nearer one. JS "
        f"covers p, too, and keeps closer to the mass: {js.expected.divergence:.3f} nats.",
        f"It is the independent coordinates that keep q in a mode. Allow it any covariance, and "
        f"from the lower mode it leans over, and covers both: {wide.found.divergence:.3f} nats, less "
        f"than in either mode.",
        f"The natural gradient measures steps by the divergence of q itself, in the Fisher metric "
        f"g of KL(ξ : ξ + dξ) = ½ Σ gᵢⱼ dξᵢ dξⱼ. It is within {_CLOSE} nats of the optimum after "
        f"{natural_steps} steps (rate {natural_rate}), Adam after {adam_steps} (rate {adam_rate}, "
        f"the quickest of {len(ADAM_RATES)}).",
    ]


def _parameters(found: Minimum) -> tuple[str, str]:
    """Return the mean, and the covariance's entries 11, 12 and 22."""
    entries = found.covariance[[0, 0, 1], [0, 1, 1]]
    first, second = (", ".join(f"{x:.3f}" for x in values) for values in (found.mean, entries))
    return first, second


def _table(outcomes: list[Outcome]) -> Table:
    header = ("fit", "mean", "should be", "covariance 11, 12, 22", "should be", "nats", "integral")
    rows = []
    for each in outcomes:
        cells = [each.name]
        for ours, best in zip(_parameters(each.found), _parameters(each.expected), strict=True):
            cells += [ours, best]
        interval = 1.96 * each.standard_error
        cells += [f"{each.divergence:.4f} ± {interval:.4f}", f"{each.found.divergence:.4f}"]
        rows.append(cells)
    caption = (
        "Where the fits end, beside the minima: forward KL in closed form, the others by "
        "quadrature and SciPy’s BFGS. Nats: from many samples, with its 95 % interval, "
        "and as an integral."
    )
    return Table(caption, header, rows, wide=True)


def _race_table(race: Race) -> Table:
    rows = []
    for name, lines in (("Adam", race.adam), ("natural gradient", race.natural)):
        for rate, line in lines.items():
            steps = race.steps(line)
            shown = f"{steps}" if steps is not None else f"more than {_RACE_STEPS}"
            rows.append((f"{name}, rate {rate}", shown, f"{line[-1]:.1g}"))
    header = ("forward KL with", f"steps to {_CLOSE} nats", f"left after {_RACE_STEPS} steps")
    return Table("How soon the fit is close to the optimum.", header, rows)


def _checks(outcomes: list[Outcome], race: Race) -> list[Check]:
    checks = [
        Check(f"{each.name}: mean and covariance, difference", each.difference(), _TOLERANCE)
        for each in outcomes
    ]
    worst = max(each.errors() for each in outcomes)
    checks.append(Check("divergences: standard errors from the integral", worst, _SURE))
    ratio = race.best(race.natural)[1] / race.best(race.adam)[1]
    checks.append(Check("steps, natural gradient ÷ Adam", ratio, 0.5))
    return checks


def _numbers(outcomes: list[Outcome], race: Race, seconds: float, steps: int) -> dict[str, Any]:
    found = {
        each.name: {
            "mean": each.found.mean,
            "covariance": each.found.covariance,
            "expected_mean": each.expected.mean,
            "expected_covariance": each.expected.covariance,
            "expected_divergence": each.expected.divergence,
            "divergence": each.divergence,
            "standard_error": each.standard_error,
        }
        for each in outcomes
    }
    lines = {
        name: {str(rate): race.steps(line) for rate, line in group.items()}
        for name, group in (("adam", race.adam), ("natural", race.natural))
    }
    return {"fits": found, "steps_to_close": lines, "steps": steps, "seconds": seconds}
