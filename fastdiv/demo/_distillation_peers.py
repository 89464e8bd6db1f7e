"""The loss of the chapter on distillation beside the same one by SciPy's and PyTorch's functions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastdiv

from . import _distillation_losses as losses
from . import _distillation_training as training
from . import _peak_memory, _timing
from ._chapter import Context
from ._distillation_study import FEW, Study

TOKENS, VOCABULARY = 64, 32_000
GRADIENT_BYTES = TOKENS * VOCABULARY * 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """The losses of a student's training by a peer and by fastdiv, shape (steps + 1, splits)."""

    peer: str
    ours: str
    dtype: str
    peer_losses: Array
    our_losses: Array

    def difference(self) -> float:
        """Return the largest difference of two losses."""
        return float(np.abs(self.peer_losses - self.our_losses).max())


@dataclass(frozen=True)
class Costs:
    """Times, peak memory and errors of one loss with its gradient, in float32."""

    timings: list[_timing.Timing]
    memory: dict[str, int | None]  # bytes beyond the inputs, the gradient among them
    loss_errors: dict[str, float]  # relative
    gradient_errors: dict[str, float]  # relative to the largest entry

    @property
    def peer(self) -> str:
        """The last implementation that is not fastdiv's: PyTorch's, if it is there."""
        return [name for name in self.memory if not name.startswith("fastdiv")][-1]

    def ours(self) -> list[str]:
        """Return fastdiv's implementations; the last one takes what `peer` takes."""
        return [name for name in self.memory if name.startswith("fastdiv")]

    def seconds(self, name: str) -> float:
        """Return the time of an implementation on one thread."""
        return next(each.seconds for each in self.timings if each.name == name)


def torch_or_why_not() -> tuple[Any, str]:
    """Return PyTorch if it and fastdiv.torch can be imported, and else why not."""
    try:
        importlib.import_module("fastdiv.torch")
        return importlib.import_module("torch"), ""
    except ImportError as error:
        return None, str(error)


def scipy_curves(study: Study) -> Curves:
    """Train the students of few images again, by the formula with SciPy's `log_softmax`."""
    inputs, teacher = study.learning.coarse[:, :FEW], study.teacher_logits(study.learning)[:, :FEW]
    loss = training.plain_distillation_loss(losses.TEMPERATURE)
    plain = training.train(inputs, teacher, loss, study.plan.steps)
    names = ("scipy.special.log_softmax", "fastdiv.logits.kl_divergence", "float64")
    return Curves(*names, plain.losses, study.distilled[FEW].losses)


def torch_curves(torch: Any, study: Study) -> Curves:
    """Train the first split's student by PyTorch, with its own loss and with ours."""
    inputs, teacher = study.learning.coarse[0, :FEW], study.teacher_logits(study.learning)[0, :FEW]
    with _threads_kept(torch):
        torch.set_num_threads(1)  # for tensors so small, several would wait for each other
        found = [
            _train_torch(torch, loss, inputs, teacher, study.plan.steps)[:, np.newaxis]
            for loss in (losses.torch_loss(), losses.fastdiv_loss())
        ]
    return Curves("torch.nn.functional.kl_div", "fastdiv.torch.kl_divergence", "float32", *found)


def _train_torch(
    torch: Any, loss: Callable[[Any, Any], Any], inputs: Array, teacher: Array, steps: int
) -> Array:
    """Descend as `training.train` does; the first use of torch.optim would load for seconds."""
    images, targets = (torch.tensor(each, dtype=torch.float32) for each in (inputs, teacher))
    weights = torch.zeros(inputs.shape[1], teacher.shape[1], requires_grad=True)
    velocity = torch.zeros_like(weights)
    found = []
    for _ in range(steps + 1):
        value = loss(targets, images @ weights)
        (gradient,) = torch.autograd.grad(value, weights)
        velocity = training.MOMENTUM * velocity + gradient
        weights = (weights.detach() - training.RATE * velocity).requires_grad_()
        found.append(value.item())
    return np.array(found)


def costs(context: Context, torch: Any) -> Costs:
    """Time each implementation at a large vocabulary, measure its memory, compare its results."""
    builders = losses.NUMPY_BUILDERS if torch is None else losses.BUILDERS
    with context.step(f"loss and gradient of {TOKENS} × {VOCABULARY:,} logits: peak memory"):
        memory = _memory(list(builders))
    pair = losses.random_logits(TOKENS, VOCABULARY)
    calls = {name: build(*pair) for name, build in builders.items()}
    with context.step("the same: results and times"), _threads_kept(torch):
        errors = _errors(calls, *pair)
        timings = _timing.compare(_contenders(torch, calls), context.quick)
    return Costs(timings, memory, *errors)


def _memory(names: list[str]) -> dict[str, int | None]:
    with ThreadPoolExecutor(max_workers=2) as pool:  # what takes long is loading Python and PyTorch
        found = pool.map(lambda name: _peak_memory.measure(name, TOKENS, VOCABULARY), names)
        return dict(zip(names, found, strict=True))


def _contenders(torch: Any, calls: dict[str, losses.Call]) -> list[_timing.Contender]:
    def threaded(call: losses.Call) -> Callable[[], Any]:
        def with_threads() -> Any:
            if torch is not None:
                torch.set_num_threads(fastdiv.get_num_threads())
            return call()

        return with_threads

    plain, *others = calls
    contenders = [_timing.Contender(plain, calls[plain])]
    for name in others:
        contenders += _timing.with_all_threads(name, threaded(calls[name]))
    # PyTorch's second thread keeps its processor busy for a while: not while others have one thread
    return sorted(contenders, key=lambda each: each.threads)


@contextmanager
def _threads_kept(torch: Any) -> Iterator[None]:
    before = torch and torch.get_num_threads()
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def _errors(
    calls: dict[str, losses.Call], teacher: losses.Logits, student: losses.Logits
) -> tuple[dict[str, float], dict[str, float]]:
    """Return relative errors of loss and gradient, against the formula in float64."""
    exact, slope = _exact(teacher, student)
    largest = np.abs(slope).max()
    loss_errors, gradient_errors = {}, {}
    for name, call in calls.items():
        loss, gradient = call()
        loss_errors[name] = abs(loss - exact) / exact
        gradient_errors[name] = float(np.abs(gradient - slope).max() / largest)
    return loss_errors, gradient_errors


def _exact(teacher: losses.Logits, student: losses.Logits) -> tuple[float, Array]:
    loss = training.plain_distillation_loss(losses.TEMPERATURE)
    values, gradient = loss(*(each[np.newaxis].astype(np.float64) for each in (teacher, student)))
    return float(values.mean()), gradient[0]
