"""Tables of the chapter on distillation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import _distillation_training as training
from ._chapter import Table
from ._distillation_losses import TEMPERATURE
from ._distillation_peers import TOKENS, VOCABULARY, Costs
from ._distillation_study import FEW, Study
from ._distillation_training import Run
from ._numbers import memory_text, ratio_text, scientific, seconds_text

Array = NDArray[np.float64]


def spread_text(values: Array) -> str:
    """Return the mean and standard deviation of accuracies."""
    return f"{values.mean():.1%} ± {100 * values.std(ddof=1):.1f}"


def students(study: Study) -> Table:
    """Return the final numbers of the teacher and of the students of few images."""
    test, teacher = study.test, study.teacher.weights
    best = study.accuracy_on_the_way(study.hard[FEW]).max(axis=0)
    surprise = training.cross_entropy(test.fine, teacher, test.labels).mean()
    rows = [
        (
            f"teacher, {study.plan.sizes[-1]} images",
            spread_text(study.teacher_accuracy()),
            f"{surprise:.3f}",
        ),
        _row(study, "hard labels", study.hard[FEW]),
        ("hard labels, at the best of all steps", spread_text(best), ""),
    ]
    for temperature, run in study.by_temperature.items():
        rows.append(_row(study, f"distilled, T = {temperature:g}", run))
    caption = (
        f"After {study.plan.steps} steps; students of {FEW} images. Mean ± standard deviation over "
        f"{study.plan.seeds} splits, {test.labels.shape[1]} test images each. The best step is "
        f"chosen by the test images: more than stopping early can do."
    )
    return Table(caption, ("", "test accuracy", "cross entropy, nats"), rows)


def _row(study: Study, name: str, run: Run) -> tuple[str, str, str]:
    test = study.test
    surprise = training.cross_entropy(test.coarse, run.weights, test.labels).mean()
    return name, spread_text(study.accuracy(run)), f"{surprise:.3f}"


def sizes(study: Study) -> Table:
    """Return accuracies by the number of images that the students learn from."""
    rows = []
    for size in study.plan.sizes:
        hard, distilled = study.accuracy(study.hard[size]), study.accuracy(study.distilled[size])
        better = f"{np.sum(distilled > hard)} of {len(hard)}"
        rows.append((str(size), spread_text(hard), spread_text(distilled), better))
    header = ("images", "hard labels", f"distilled, T = {TEMPERATURE:g}", "splits it won")
    return Table(
        "Test accuracy by the number of images that the student learns from.", header, rows
    )


def costs(found: Costs) -> Table:
    """Return times, memory and errors of one loss with its gradient."""
    first = found.timings[0]
    rows = [
        (
            each.name,
            str(each.threads),
            seconds_text(each.seconds),
            ratio_text(first.seconds / each.seconds),
            memory_text(found.memory[each.name]),
            scientific(found.gradient_errors[each.name]),
        )
        for each in found.timings
    ]
    caption = (
        f"One loss with its gradient, {TOKENS} × {VOCABULARY:,} float32 logits: median of "
        f"{first.runs} interleaved runs; memory that the arrays take at the peak, beyond the inputs; "
        f"largest error of the gradient, relative to its largest entry."
    )
    header = ("implementation", "threads", "median time", "speed", "peak memory", "error")
    return Table(caption, header, rows, bars=[each.seconds for each in found.timings])
