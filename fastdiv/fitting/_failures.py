"""How a fit can fail on its way, and what to try."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_SATURATED = 1e-6  # nats below log 2 within which JS has no slope to follow


class DivergedError(ArithmeticError):
    """The loss, or its gradient, is no longer finite; `step` is the number of the step."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class StuckWarning(UserWarning):
    """A fit did not get away from its start, where the loss has no slope: it is no minimum."""


def require_finite(step: int, loss: Array, gradient: Array) -> None:
    """Stop where the loss or its gradient is no number to follow."""
    if np.isfinite(loss).all() and np.isfinite(gradient).all():
        return
    where = _first(~(np.isfinite(loss) & np.isfinite(gradient).all(axis=-1)))
    value = loss[where]
    if np.isfinite(value):
        raise _diverged(step, where, "the gradient of the loss{} is not finite")
    raise _diverged(step, where, f"the loss{{}} is {value}")


def require_inside(step: int, parameters: Array, scales: Array, limits: Any) -> None:
    """Stop where the type of the distribution cannot hold a parameter."""
    if scales.min() > limits.tiny and np.abs(parameters).max() < limits.max:
        return
    small = ~(scales > limits.tiny).all(axis=-1)
    where = _first(small | ~(np.abs(parameters) < limits.max).all(axis=-1))
    what = "a scale{} has fallen to 0" if small[where] else "a parameter{} is not finite"
    raise _diverged(step, where, what)


def warn_if_stuck(start: Array, end: Array, loss: Array, divergence: str) -> None:
    """Say so where a fit ends as far from the target as it began."""
    saturated = np.log(2) - loss < _SATURATED if divergence == "js" else np.zeros(loss.shape, bool)
    stuck = saturated | ((start == end).all(axis=-1) & (loss != 0))
    if not stuck.any():
        return
    where = _first(stuck)
    which = f"fit {list(where)}" if where else "the fit"
    if saturated[where]:
        what = "q and the target do not overlap: JS is log 2 there, and its gradient 0"
        advice = "a start nearer to the target or with a larger std, or forward_kl first"
    else:
        what = "no step changed a coordinate"
        advice = "a larger learning rate, or a start nearer to the target"
    message = f"{which} is stuck at loss {loss[where]:.6g}: {what}; try {advice}"
    warnings.warn(message, StuckWarning, stacklevel=3)


def _first(wrong: Any) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(wrong)[0])


def _diverged(step: int, where: tuple[int, ...], what: str) -> DivergedError:
    which = f" of fit {list(where)}" if where else ""
    advice = (
        "a start nearer to the target, or with a larger std"
        if step == 0
        else "a smaller learning rate, more samples a step, or a start nearer to the target"
    )
    return DivergedError(f"{what.format(which)} at step {step}: try {advice}", step)
