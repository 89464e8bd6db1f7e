"""The trainings of the chapter on distillation: teachers, and students with and without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import _distillation_training as training
from ._chapter import Context
from ._distillation_losses import TEMPERATURE
from ._distillation_training import Run, Samples

TEMPERATURES = (1.0, 2.0, 4.0, 8.0)
FEW = 100  # images of the student in most figures

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How many random splits, how long each training, and how many images for the students."""

    seeds: int
    steps: int
    sizes: tuple[int, ...]  # the last one is all that a teacher learns from


_FULL = Plan(8, 200, (25, 50, FEW, 200, 400, 800))
_QUICK = Plan(4, 150, (25, FEW, 300))


@dataclass(frozen=True)
class Study:
    """What was trained, on what; a run holds all splits."""

    plan: Plan
    learning: Samples
    test: Samples
    teacher: Run
    hard: dict[int, Run]  # by the number of images
    distilled: dict[int, Run]  # the same images, at TEMPERATURE
    by_temperature: dict[float, Run]  # FEW images

    def teacher_logits(self, samples: Samples) -> Array:
        """Return what the teachers say of images, shape (seeds, images, 10)."""
        return np.asarray(samples.fine @ self.teacher.weights)

    def teacher_accuracy(self) -> Array:
        """Return the teachers' accuracy on the test images, one number a split."""
        return training.accuracy(self.test.fine, self.teacher.weights, self.test.labels)

    def accuracy(self, run: Run) -> Array:
        """Return a student's accuracy on the test images at the end, one number a split."""
        return training.accuracy(self.test.coarse, run.weights, self.test.labels)

    def accuracy_on_the_way(self, run: Run) -> Array:
        """Return the same at each kept step, shape (kept, seeds)."""
        return training.accuracy(self.test.coarse, run.kept_weights, self.test.labels)

    def gain(self, size: int) -> Array:
        """Return how much more accurate the distilled student is, one number a split."""
        return self.accuracy(self.distilled[size]) - self.accuracy(self.hard[size])


def conduct(context: Context) -> Study:
    """Train everything."""
    plan = _QUICK if context.quick else _FULL
    samples = training.shuffle(context.digits, plan.seeds)
    learning, test = samples.part(slice(plan.sizes[-1])), samples.part(slice(plan.sizes[-1], None))
    labels = training.label_logits(learning.labels)
    with context.step(f"{plan.seeds} teachers of {plan.sizes[-1]} images, {plan.steps} steps"):
        teacher = training.train(learning.fine, labels, training.hard_loss, plan.steps)
    knowledge = learning.fine @ teacher.weights

    def taught(size: int, temperature: float) -> Run:
        loss = training.distillation_loss(temperature)
        return training.train(learning.coarse[:, :size], knowledge[:, :size], loss, plan.steps)

    hard = {}
    sizes = ", ".join(map(str, plan.sizes))
    with context.step(f"{plan.seeds} students of {sizes} images: hard labels"):
        for size in plan.sizes:
            images = learning.coarse[:, :size]
            hard[size] = training.train(images, labels[:, :size], training.hard_loss, plan.steps)
    with context.step("the same students, distilled"):
        distilled = {size: taught(size, TEMPERATURE) for size in plan.sizes}
    with context.step(f"students of {FEW} images, distilled at other temperatures"):
        others = {each: taught(FEW, each) for each in TEMPERATURES if each != TEMPERATURE}
    by_temperature = dict(sorted({**others, TEMPERATURE: distilled[FEW]}.items()))
    return Study(plan, learning, test, teacher, hard, distilled, by_temperature)
