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
from ._network import Network
from ._position import Position
from ._progress import progress
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

    def _gradients(self, workspace: Workspace) -> dict[str, float]:
        """Compute the loss's gradient by all parameters; return the loss and its terms, means over the rows."""

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
        while position.epoch < model.max_epochs and not position.ended:
            for _ in _pass(model, X, position.order()):
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
    model._position.leave_fit()
    with suitable_threads(model._network, min(int(model.batch_size), len(X))):
        for _ in _pass(model, X, None):
            pass
    _record(model)


def _pass(model: Trainee, X: Array, order: Array | None) -> Iterator[None]:
    """Go through the rows from the model's position on; yield after each step."""
    position = model._position
    whole = model._training_workspace(min(int(model.batch_size), len(X)))
    gather = _gatherer(X, whole.rows.dtype, len(whole.rows))
    while position.row < len(X):
        start = position.row
        stop = min(start + model.batch_size, len(X))
        workspace = whole.first(stop - start)
        gather(slice(start, stop) if order is None else order[start:stop], workspace.rows)
        with np.errstate(all="ignore"):  # the loss tells
            _step(model, workspace)
        yield


def _step(model: Trainee, workspace: Workspace) -> None:
    position = model._position
    terms = model._gradients(workspace)
    if not math.isfinite(terms["loss"]):
        raise _diverged(model, f"the loss is {terms['loss']}", position.step + 1)
    position.advance(len(workspace.rows), terms)
    model._update()


def _require_finite(model: Trainee) -> None:
    """Refuse what a step made of the parameters, which the next step's loss would tell."""
    if not model._network.is_finite:
        raise _diverged(model, "the parameters are not finite", model._position.step)


def _diverged(model: Trainee, what: str, step: int) -> FloatingPointError:
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
    if position.epoch == 0 or not model._network.is_finite:
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


def _gatherer(X: Array, dtype: np.dtype[Any], n_rows: int) -> Callable[[Any, Array], None]:
    """Return what copies some rows of X, an array or a mapped file of any type, to a buffer."""
    plain = X.flags.carray or (X.flags.c_contiguous and X.flags.aligned and X.dtype.isnative)
    same = X.dtype == dtype
    raw = None if same or not plain else np.empty((n_rows, X.shape[1]), X.dtype)

    def gather(rows: Any, out: Array) -> None:
        if isinstance(rows, slice) or not plain:  # take would copy all of an array with gaps
            out[...] = X[rows]
            return
        target = out if raw is None else raw[: len(out)]
        np.take(X, rows, axis=0, out=target, mode="clip")  # other modes buffer the output
        if raw is not None:
            out[...] = target

    return gather
