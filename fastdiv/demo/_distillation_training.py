"""Linear softmax classifiers, trained from several random splits of the digits at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

import fastdiv

from ._digits import CLASSES, GREY_VALUES, SIDE, Digits

RATE, MOMENTUM = 1.0, 0.9
_KEPT = 40  # how often along a run the weights are kept

Array = NDArray[np.float64]
# From target logits and a classifier's logits, shape (seeds, images, 10): each image's loss, and the gradient
# of each seed's mean loss by the classifier's logits, which it may write over them.
Loss = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Samples:
    """Images in a random order for each seed: what the two classifiers see, and the digits.

    `fine` has the 64 pixels and a constant, shape (seeds, images, 65); `coarse` the means of 2×2 pixels and a
    constant, shape (seeds, images, 17).
    """

    fine: Array
    coarse: Array
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]  # the images' numbers among the digits

    def part(self, chosen: slice) -> Samples:
        """Return some images of each seed's order."""
        fine, coarse = self.fine[:, chosen], self.coarse[:, chosen]
        return Samples(fine, coarse, self.labels[:, chosen], self.rows[:, chosen])


@dataclass(frozen=True)
class Run:
    """A training: losses, shape (steps + 1, seeds), and weights now and then, the last ones last."""

    losses: Array
    kept_steps: NDArray[np.int64]
    kept_weights: Array  # shape (kept, seeds, features, 10)

    @property
    def weights(self) -> Array:
        """The weights at the end, shape (seeds, features, 10)."""
        return np.asarray(self.kept_weights[-1])


def shuffle(digits: Digits, seeds: int) -> Samples:
    """Return all images in a random order for each seed."""
    fine = digits.images / (GREY_VALUES - 1)
    half = SIDE // 2
    coarse = fine.reshape(-1, half, 2, half, 2).mean(axis=(2, 4)).reshape(-1, half * half)
    orders = [np.random.default_rng(seed).permutation(len(fine)) for seed in range(seeds)]
    rows = np.array(orders, dtype=np.int64)
    return Samples(_with_bias(fine)[rows], _with_bias(coarse)[rows], digits.labels[rows], rows)


def _with_bias(images: Array) -> Array:
    return np.concatenate([images, np.ones((len(images), 1))], axis=1)


def label_logits(labels: NDArray[np.int64]) -> Array:
    """Return logits whose softmax is certain: 0 at the label and -inf elsewhere."""
    return np.where(np.eye(CLASSES) > 0, 0.0, -np.inf)[labels]


def hard_loss(targets: Array, logits: Array) -> tuple[Array, Array]:
    """Return the cross entropy of the labels, and the gradient in the logits' memory."""
    compute = fastdiv.value_and_grad(fastdiv.logits.cross_entropy, argnums=1)
    share = np.array(1 / logits.shape[1])
    return compute(targets, logits, cotangent=share, grad_out=logits)


def distillation_loss(temperature: float) -> Loss:
    """Return the loss T² KL(teacher ‖ student) at temperature T, by fastdiv."""
    compute = fastdiv.value_and_grad(fastdiv.logits.kl_divergence, argnums=1)

    def loss(targets: Array, logits: Array) -> tuple[Array, Array]:
        share = np.array(temperature**2 / logits.shape[1])
        values, gradient = compute(
            targets, logits, temperature=temperature, cotangent=share, grad_out=logits
        )
        return temperature**2 * values, gradient

    return loss


def plain_distillation_loss(temperature: float) -> Loss:
    """Return the same loss by its formula, with SciPy's `log_softmax`."""

    def loss(targets: Array, logits: Array) -> tuple[Array, Array]:
        log_p = log_softmax(targets / temperature, axis=-1)
        log_q = log_softmax(logits / temperature, axis=-1)
        p, q = np.exp(log_p), np.exp(log_q)
        values = np.sum(p * (log_p - log_q), axis=-1)
        return temperature**2 * values, (q - p) * (temperature / logits.shape[1])

    return loss


def train(inputs: Array, targets: Array, loss: Loss, steps: int) -> Run:
    """Descend from zero weights along the gradient of all images, with momentum."""
    weights = np.zeros((len(inputs), inputs.shape[-1], CLASSES))
    velocity = np.zeros_like(weights)
    kept_steps = np.unique(np.linspace(0, steps, _KEPT + 1).round().astype(np.int64))
    losses, kept = [], []
    for step in range(steps + 1):
        if step in kept_steps:
            kept.append(weights)
        values, gradient = loss(targets, inputs @ weights)
        losses.append(values.mean(axis=1))
        velocity = MOMENTUM * velocity + inputs.swapaxes(1, 2) @ gradient
        weights = weights - RATE * velocity
    return Run(np.array(losses), kept_steps, np.array(kept))


def accuracy(inputs: Array, weights: Array, labels: NDArray[np.int64]) -> Array:
    """Return the share of images named rightly, one number a seed; kept weights in front if there are."""
    return np.asarray(np.mean((inputs @ weights).argmax(axis=-1) == labels, axis=-1))


def cross_entropy(inputs: Array, weights: Array, labels: NDArray[np.int64]) -> Array:
    """Return the mean of -log q(label), one number a seed."""
    values = fastdiv.logits.cross_entropy(label_logits(labels), inputs @ weights)
    return np.asarray(values.mean(axis=-1))
