"""The loop over batches, and nothing about what is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _validate as validate
from ._blas import suitable_threads
from ._checkpoint_file import path_of, require_writable
from ._feeding import Feed
from ._network import Network
from ._position import Position
from ._progress import progress
from ._tally import Loss, Tally
from ._workspace import Workspace

Array = NDArray[Any]


class Trainee(Protocol):
    """What the loop asks of an estimator."""

    batch_size: int
    max_epochs: int
    learning_rate: float
    scale: float
    verbose: bool
    history_: dict[str, list[float]]
    _position: Position
    _network: Network

    def _require_same_model(self) -> None:
        """Refuse hyper-parameters that do not go with the network."""

    def _training_workspace(self, n_rows: int) -> Workspace:
        """Return memory for batches of so many rows."""

    def _gradients(self, workspace: Workspace) -> Loss:
        """Compute the loss's gradient by all parameters; return the loss."""

    @property
    def _tally(self) -> Tally:
        """What adds up the losses of the pass."""

    def _settle(self) -> None:
        """Bring the sums of losses to the position."""

    def _forget(self) -> None:
        """Count as not fitted."""

    def _update(self) -> None:
        """Take a step along the gradient."""

    def save(self, path: Path) -> None:
        """Save all that training needs to go on."""


def require_options(checkpoint: Any, checkpoint_steps: Any, callback: Any) -> Path | None:
    """Refuse options of `fit` that do not fit; return the checkpoint's path."""
    if callback is not None and not callable(callback):
        raise TypeError(
            f"callback must be a function of the estimator, got {validate.describe(callback)}"
        )
    if checkpoint_steps is not None:
        validate.integer("checkpoint_steps", checkpoint_steps, 1, 2**63 - 1)
        if checkpoint is None:
            raise ValueError(
                f"checkpoint_steps={checkpoint_steps} without a file: expected checkpoint=path as well"
            )
    if checkpoint is None:
        return None
    path = path_of("checkpoint", checkpoint)
    if not path.exists():
        require_writable(path)
    return path


def fit(
    model: Trainee,
    X: Array,
    checkpoint: Path | None,
    checkpoint_steps: int | None,
    callback: Callable[[Any], Any] | None,
) -> None:
    """Train from the model's position to its last epoch."""
    position = model._position
    if checkpoint and position.epoch < model.max_epochs and not position.ended:
        require_writable(checkpoint)
    steps = math.ceil(len(X) / model.batch_size)
    rows = min(int(model.batch_size), len(X))
    with (
        suitable_threads(model._network, rows),
        progress(steps * model.max_epochs, position.step, model.verbose) as bar,
    ):
        feed = _feed(model, X)
        while position.epoch < model.max_epochs and not position.ended:
            feed.begin(position.order())
            for _ in _pass(model, len(X), feed):
                bar.update(1)
                if checkpoint and checkpoint_steps and position.step % checkpoint_steps == 0:
                    _require_finite(model)
                    model.save(checkpoint)
            bar.set_postfix(epoch=position.epoch + 1, **_record(model))
            try:  # first of all the callback: who is killed in it repeats the pass and calls it again
                position.ended = callback is not None and bool(callback(model))
            finally:
                if checkpoint:
                    model.save(checkpoint)
            model._require_same_model()  # a callback may change how training goes on


def partial_fit(model: Trainee, X: Array) -> None:
    """Train on the rows once, in their order."""
    model._settle()  # of a pass that was not completed
    model._position.leave_fit()
    with suitable_threads(model._network, min(int(model.batch_size), len(X))):
        for _ in _pass(model, len(X), _feed(model, X)):
            pass
    _record(model)


def _feed(model: Trainee, X: Array) -> Feed:
    """Return what brings batches of the rows to where the model computes."""
    network = model._network
    with np.errstate(all="ignore"):
        return network.device.feed(
            X, np.dtype(network.architecture.dtype), min(int(model.batch_size), len(X))
        )


def _pass(model: Trainee, n_rows: int, feed: Feed) -> Iterator[None]:
    """Go through the rows from the model's position on; yield after each step."""
    position = model._position
    whole = model._training_workspace(min(int(model.batch_size), n_rows))
    while position.row < n_rows:
        start = position.row
        stop = min(start + model.batch_size, n_rows)
        workspace = whole.first(stop - start)
        with np.errstate(all="ignore"):  # the loss tells
            feed(start, stop, workspace.rows)
            _step(model, workspace)
        yield


def _step(model: Trainee, workspace: Workspace) -> None:
    position = model._position
    terms = model._tally.take(model._gradients(workspace))
    loss = terms.get("loss", 0.0)  # of a GPU it is known at the end of the pass
    if not math.isfinite(loss):
        raise _diverged(model, f"the loss is {loss}", position.step + 1)
    position.advance(len(workspace.rows), terms)
    model._update()


def _require_finite(model: Trainee) -> None:
    """Refuse what a step made of the parameters, which the next step's loss would tell."""
    model._settle()
    loss = model._position.sums.get("loss", 0.0)
    if not math.isfinite(loss):  # of a GPU: steps were taken since
        raise _diverged(model, f"the loss is {loss}", model._position.step, spoilt=True)
    if not model._network.is_finite:
        raise _diverged(model, "the parameters are not finite", model._position.step)


def _diverged(model: Trainee, what: str, step: int, spoilt: bool = False) -> FloatingPointError:
    """Return the error to raise; a model that is certainly of no use counts as not fitted from here on."""
    position = model._position
    if step == 1:
        advice = (
            f"scale the data to about unit size (images of 0 to 255: X / 255), then try a scale above "
            f"{model.scale:g}, a learning_rate below {model.learning_rate:g} or dtype='float64'"
        )
    else:
        advice = (
            f"try a learning_rate below {model.learning_rate:g}, data scaled to about unit size, a "
            f"scale above {model.scale:g} or dtype='float64'"
        )
    fate = (
        "the model is left as before that step, likely spoilt by those that led there: fit it anew"
    )
    if spoilt or position.epoch == 0 or not model._network.is_finite:
        model._forget()
        fate = "the model is not fitted"
    return FloatingPointError(
        f"{what} at step {step} (epoch {position.epoch + 1}): {advice}; {fate}"
    )


def _record(model: Trainee) -> dict[str, float]:
    _require_finite(model)
    means = model._position.finish_pass()
    for name, value in means.items():
        model.history_.setdefault(name, []).append(value)
    return means
