"""Chapter: a small classifier learns from a larger one's logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import softmax

import fastdiv

from . import _distillation_figures as figures
from . import _distillation_peers as peers
from . import _distillation_tables as tables
from . import _timing
from ._chapter import Chapter, Check, Context, Highlight
from ._distillation_losses import TEMPERATURE
from ._distillation_study import FEW, TEMPERATURES, Study, conduct
from ._numbers import memory_text, ratio_text, scientific

_ENTROPY_TOLERANCE = 1e-12
_CURVE_TOLERANCE = {"float64": 1e-10, "float32": 1e-5}  # of losses along a whole training
_GRADIENT_TOLERANCE = 1e-5  # float32, relative to the largest entry
_MEMORY_TOLERANCE = 2.0  # MiB beyond inputs and gradient: what the system rounds up to

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Doubt:
    """What the first split's teacher says of the test images: logits, and entropies of a row a temperature."""

    logits: Array
    entropies: Array
    scipy_entropies: Array

    def hardest(self) -> int:
        """Return the image with the largest entropy at temperature 1."""
        return int(self.entropies[0].argmax())


@dataclass(frozen=True)
class _Found:
    """Everything that the report shows."""

    study: Study
    doubt: _Doubt
    curves: list[peers.Curves]  # SciPy's formula; then PyTorch, if it is there
    costs: peers.Costs
    without_torch: str  # why PyTorch is not compared, or nothing


def build(context: Context) -> Chapter:
    """Train, check, time."""
    found = _compute(context)
    study, doubt = found.study, found.doubt
    hardest = doubt.hardest()
    image = context.digits.images[study.test.rows[0, hardest]]
    label = int(study.test.labels[0, hardest])
    return Chapter(
        title="A small model learns from a larger one’s logits",
        text=_text(found),
        figures=[
            figures.trainings(study),
            figures.knowledge(image, label, doubt.logits[hardest], doubt.entropies[:, hardest]),
            figures.peers(found.curves[-1], found.costs),
        ],
        tables=[tables.costs(found.costs), tables.students(study), tables.sizes(study)],
        checks=_checks(found),
        highlights=_highlights(found),
        numbers=_numbers(found),
    )


def _compute(context: Context) -> _Found:
    study = conduct(context)
    doubt = _doubt(study)
    with context.step(f"students of {FEW} images again, by SciPy's log_softmax"):
        curves = [peers.scipy_curves(study)]
    with context.step("load PyTorch, if it is installed"):
        torch, why_not = peers.torch_or_why_not()
    if torch is not None:
        with context.step("one student again, by torch and by fastdiv.torch"):
            curves.append(peers.torch_curves(torch, study))
    return _Found(study, doubt, curves, peers.costs(context, torch), why_not)


def _doubt(study: Study) -> _Doubt:
    logits = study.teacher_logits(study.test)[0]
    ours = [fastdiv.logits.entropy(logits, temperature=each) for each in TEMPERATURES]
    scipy = [stats.entropy(softmax(logits / each, axis=1), axis=1) for each in TEMPERATURES]
    return _Doubt(logits, np.array(ours), np.array(scipy))


def _checks(found: _Found) -> list[Check]:
    entropies = found.doubt.entropies
    error = float(np.abs(entropies - found.doubt.scipy_entropies).max())
    checks = [
        Check("entropies: largest difference from SciPy, nats", error, _ENTROPY_TOLERANCE),
        Check(
            "largest fall of an entropy as T doubles", -float(np.diff(entropies, axis=0).min()), 0
        ),
    ]
    for size in (found.study.plan.sizes[0], FEW):
        lost = -float(found.study.gain(size).mean())
        checks.append(Check(f"accuracy lost by distilling, {size} images, mean", lost, 0))
    for curve in found.curves:
        what = f"losses of a training, {curve.dtype}: difference from {curve.peer}"
        checks.append(Check(what, curve.difference(), _CURVE_TOLERANCE[curve.dtype]))
    return checks + _cost_checks(found.costs)


def _cost_checks(costs: peers.Costs) -> list[Check]:
    checks = []
    for name in costs.ours():
        error = max(costs.loss_errors[name], costs.gradient_errors[name])
        checks.append(Check(f"{name}: relative error, float32", error, _GRADIENT_TOLERANCE))
        size = costs.memory[name]
        if size is not None:
            extra = (size - peers.GRADIENT_BYTES) / 2**20
            what = f"{name}: memory beyond inputs and gradient, MiB"
            checks.append(Check(what, extra, _MEMORY_TOLERANCE))
    return checks


def _highlights(found: _Found) -> list[Highlight]:
    study, costs = found.study, found.costs
    hard, distilled = (study.accuracy(runs[FEW]).mean() for runs in (study.hard, study.distilled))
    peer, ours = costs.peer, costs.ours()[-1]
    shown = [
        Highlight(
            f"{hard:.0%} → {distilled:.0%}",
            f"right, hard labels → distilled: a small classifier of {FEW} images, "
            f"mean of {study.plan.seeds} splits",
        ),
        Highlight(
            ratio_text(costs.seconds(peer) / costs.seconds(ours)),
            f"the speed of {peer}: distillation loss with gradient, one thread each",
        ),
    ]
    sizes = costs.memory[peer], costs.memory[ours]
    if sizes[0] is not None and sizes[1] is not None:
        label = f"MiB of memory for one distillation loss with gradient, {peer} → fastdiv"
        value = f"{sizes[0] / 2**20:.0f} → {sizes[1] / 2**20:.0f}"
        shown.append(Highlight(value, label))
    return shown


def _text(found: _Found) -> list[str]:
    study = found.study
    plan, gains = study.plan, {size: study.gain(size) for size in study.plan.sizes}
    hard, distilled = (study.accuracy(runs[FEW]) for runs in (study.hard, study.distilled))
    best = study.accuracy_on_the_way(study.hard[FEW]).max(axis=0).mean()
    differences = [f"{100 * gain.mean():+.1f} with {size}" for size, gain in gains.items()]
    return [
        f"The teacher is linear: 65 × 10 weights from 64 pixels and a constant to ten logits, learned "
        f"from {plan.sizes[-1]} labelled images. The student is smaller, 17 × 10 weights: it sees "
        f"means of 2 × 2 pixels. The model is NumPy's matrix product; the loss and its gradient are "
        f"one call of `fastdiv.value_and_grad`. A label is a row of logits as well, 0 at the digit and "
        f"−∞ elsewhere.",
        f"With hard labels the student minimises `fastdiv.logits.cross_entropy`; distilled, T² times "
        f"`fastdiv.logits.kl_divergence(teacher, student, temperature=T)` (Hinton, Vinyals and Dean, "
        f"2015), on the same images, for as many steps. With {FEW} images it names "
        f"{hard.mean():.1%} of the test images rightly by hard labels and {distilled.mean():.1%} "
        f"distilled; it was better in {np.sum(distilled > hard)} of {plan.seeds} splits. Had one "
        f"known when to stop, hard labels would have given {best:.1%}. T = {TEMPERATURE:g} was fixed "
        f"beforehand; other temperatures are in a table.",
        f"The teacher helps where labels are few. The distilled student’s lead in points, mean of the "
        f"splits: {', '.join(differences)} images. (The splits share images: other digits would "
        f"spread more.)",
        "What a label leaves out is which other digits an image resembles. A temperature brings it to "
        "light; `fastdiv.logits.entropy(logits, temperature=T)` says how much.",
        _peers_text(found),
    ]


def _peers_text(found: _Found) -> str:
    costs, curve = found.costs, found.curves[-1]
    steps, difference = len(curve.our_losses) - 1, scientific(curve.difference())
    text = (
        f"The same training by `{curve.peer}` and by `{curve.ours}`, in {curve.dtype}: along "
        f"{steps} steps the losses are at most {difference} apart. With the vocabulary of a language "
        f"model, the arrays in between are what costs. {costs.peer}: "
        f"{memory_text(costs.memory[costs.peer])} beyond the inputs; fastdiv: "
        f"{memory_text(costs.memory[costs.ours()[-1]])}; the gradient alone is "
        f"{memory_text(peers.GRADIENT_BYTES)}."
    )
    if found.without_torch:
        text += f" PyTorch is missing from the comparison ({found.without_torch})."
    return text


def _numbers(found: _Found) -> dict[str, Any]:
    study, doubt, costs = found.study, found.doubt, found.costs
    hardest = doubt.hardest()
    return {
        "seeds": study.plan.seeds,
        "steps": study.plan.steps,
        "teacher_accuracy": study.teacher_accuracy(),
        "images": study.plan.sizes,
        "hard_accuracy": {size: study.accuracy(run) for size, run in study.hard.items()},
        "distilled_accuracy": {size: study.accuracy(run) for size, run in study.distilled.items()},
        "temperatures": TEMPERATURES,
        "accuracy_by_temperature": [study.accuracy(run) for run in study.by_temperature.values()],
        "hardest_logits": doubt.logits[hardest],
        "hardest_entropies": doubt.entropies[:, hardest],
        "largest_differences": {curve.peer: curve.difference() for curve in found.curves},
        "final_losses": found.curves[0].our_losses[-1],
        "without_torch": found.without_torch,
        "times": _timing.as_numbers(costs.timings),
        "peak_memory": costs.memory,
        "gradient_errors": costs.gradient_errors,
    }
