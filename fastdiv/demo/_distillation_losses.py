"""One distillation loss and its gradient, by each implementation, for large vocabularies.

A builder takes the logits of teacher and student, float32 arrays of shape (tokens, vocabulary), and returns a
function without arguments. Each call computes T² mean KL(teacher ‖ student) and its gradient by the student's
logits anew.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

import fastdiv

TEMPERATURE = 4.0
_SQUARE = TEMPERATURE**2

Logits = NDArray[np.float32]
Call = Callable[[], tuple[float, Any]]
Builder = Callable[[Logits, Logits], Call]


def by_scipy(teacher: Logits, student: Logits) -> Call:
    """Return the formula with SciPy's `log_softmax`."""
    scale = np.float32(TEMPERATURE)

    def call() -> tuple[float, Any]:
        log_p = log_softmax(teacher / scale, axis=-1)
        log_q = log_softmax(student / scale, axis=-1)
        p = np.exp(log_p)
        loss = _SQUARE * float(np.sum(p * (log_p - log_q), axis=-1).mean())
        gradient = (np.exp(log_q) - p) * np.float32(TEMPERATURE / len(student))
        return loss, gradient

    return call


def by_arrays(teacher: Logits, student: Logits) -> Call:
    """Return `fastdiv.value_and_grad` on NumPy's arrays."""
    compute = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, argnums=1)
    share = np.array(_SQUARE / len(student), dtype=np.float32)

    def call() -> tuple[float, Any]:
        values, gradient = compute(teacher, student, temperature=TEMPERATURE, cotangent=share)
        return _SQUARE * float(values.mean()), gradient

    return call


def by_torch(teacher: Logits, student: Logits) -> Call:
    """Return PyTorch's loss as people write it, and its backward pass."""
    torch = importlib.import_module("torch")
    return _with_backward(torch_loss(), torch.from_numpy(teacher), torch.from_numpy(student))


def by_fastdiv_torch(teacher: Logits, student: Logits) -> Call:
    """Return the same with `fastdiv.torch.kl_divergence`."""
    torch = importlib.import_module("torch")
    return _with_backward(fastdiv_loss(), torch.from_numpy(teacher), torch.from_numpy(student))


def torch_loss() -> Callable[[Any, Any], Any]:
    """Return T² KL, the mean over all distributions, of tensors, by PyTorch's own functions."""
    functional = importlib.import_module("torch.nn.functional")

    def loss(teacher: Any, student: Any) -> Any:
        log_q = functional.log_softmax(student / TEMPERATURE, dim=-1)
        log_p = functional.log_softmax(teacher / TEMPERATURE, dim=-1)
        total = functional.kl_div(log_q, log_p, reduction="sum", log_target=True)
        return total * (_SQUARE * student.shape[-1] / student.numel())

    return loss


def fastdiv_loss() -> Callable[[Any, Any], Any]:
    """Return the same loss by `fastdiv.torch`."""
    ours = importlib.import_module("fastdiv.torch")

    def loss(teacher: Any, student: Any) -> Any:
        mean = ours.kl_divergence(teacher, student, temperature=TEMPERATURE, reduction="mean")
        return _SQUARE * mean

    return loss


def _with_backward(loss: Callable[[Any, Any], Any], teacher: Any, student: Any) -> Call:
    leaf = student.requires_grad_()

    def call() -> tuple[float, Any]:
        leaf.grad = None
        value = loss(teacher, leaf)
        value.backward()
        return value.item(), leaf.grad.numpy()

    return call


NUMPY_BUILDERS: dict[str, Builder] = {
    "SciPy's log_softmax, NumPy": by_scipy,
    "fastdiv.logits.kl_divergence": by_arrays,
}
TORCH_BUILDERS: dict[str, Builder] = {
    "torch's log_softmax, kl_div": by_torch,
    "fastdiv.torch.kl_divergence": by_fastdiv_torch,
}
BUILDERS = {**NUMPY_BUILDERS, **TORCH_BUILDERS}


def random_logits(tokens: int, vocabulary: int) -> tuple[Logits, Logits]:
    """Return logits of a teacher and a student, normal with standard deviation 3, always the same."""
    source = np.random.default_rng(0)
    pair = [source.standard_normal((tokens, vocabulary), dtype=np.float32) for _ in range(2)]
    for logits in pair:
        logits *= 3
    return pair[0], pair[1]
