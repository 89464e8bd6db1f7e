"""Trainings of the chapter on autoencoders, and what is computed of them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from sklearn.decomposition import PCA

import fastdiv
from fastdiv import nn

from ._chapter import Context
from ._digits import GREY_VALUES

CODE = 8  # numbers that an image is squeezed into
FEATURES = 64  # units of the sparse model
SPARSITY = 0.05
CORRUPTION, LEVEL = "salt_and_pepper", 0.3
IMPORTANCE = 200
_SEED = 0
_TEST_SHARE = 4  # one image of so many

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Images:
    """Pixels in [0, 1], and the digit that each image shows."""

    pixels: Array
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Models:
    """What was trained, on which images, and the course of the variational one."""

    learning: Images
    test: Images
    plain: Any
    denoising: Any
    sparse: Any
    plane: Any
    """A variational model with two numbers for an image."""
    variational: Any
    test_elbo: list[float]
    """Of the variational model after each pass over the learning images."""

    def corrupted(self) -> Array:
        """Return the test images, corrupted by numbers that no training saw."""
        return nn.functional.corrupt(self.test.pixels, CORRUPTION, LEVEL, seed=_SEED + 1)


def train(context: Context) -> Models:
    """Train all four kinds; a model learns from three images of four."""
    learning, test = _split(context)
    common: dict[str, Any] = {
        "likelihood": "bernoulli",
        "batch_size": 64,
        "learning_rate": 2e-3,
        "max_epochs": 40 if context.quick else 100,
        "random_state": _SEED,
        "verbose": False,
    }
    with context.step(f"autoencoder: {CODE} numbers for 64 pixels"):
        plain = nn.Autoencoder(n_components=CODE, **common).fit(learning.pixels)
    with context.step("denoising autoencoder"):
        denoising = nn.DenoisingAutoencoder(
            n_components=CODE, corruption=CORRUPTION, corruption_level=LEVEL, **common
        ).fit(learning.pixels)
    with context.step(f"sparse autoencoder: {FEATURES} units"):
        sparse = nn.SparseAutoencoder(
            n_components=FEATURES, sparsity=SPARSITY, **{**common, "learning_rate": 5e-3}
        ).fit(learning.pixels)
    with context.step(f"variational autoencoders: 2 and {CODE} numbers"):
        plane = nn.VariationalAutoencoder(n_components=2, **common).fit(learning.pixels)
        course: list[float] = []
        variational = nn.VariationalAutoencoder(n_components=CODE, **common)
        variational.fit(
            learning.pixels, callback=lambda model: course.append(model.score(test.pixels))
        )
    return Models(learning, test, plain, denoising, sparse, plane, variational, course)


def _split(context: Context) -> tuple[Images, Images]:
    digits = context.digits
    order = np.argsort(fastdiv.random.uniform(_SEED, len(digits.images)))
    pixels, labels = digits.images[order] / (GREY_VALUES - 1), digits.labels[order]
    cut = len(order) // _TEST_SHARE
    return Images(pixels[cut:], labels[cut:]), Images(pixels[:cut], labels[:cut])


@dataclass(frozen=True)
class Errors:
    """Root of the mean squared error of test images' pixels, in shares of full ink."""

    plain: float
    principal_components: float
    corrupted: float
    plain_of_corrupted: float
    denoised: float


def errors(models: Models) -> Errors:
    """Compare reconstructions with principal components, and both models on corrupted images."""
    test, corrupted = models.test.pixels, models.corrupted()
    components = PCA(CODE).fit(models.learning.pixels)
    by_components = components.inverse_transform(components.transform(test))

    def error(found: Any) -> float:
        return float(np.sqrt(np.mean((found - test) ** 2)))

    return Errors(
        error(models.plain.reconstruct(test)),
        error(by_components),
        error(corrupted),
        error(models.plain.reconstruct(corrupted)),
        error(models.denoising.reconstruct(corrupted)),
    )


@dataclass(frozen=True)
class Bounds:
    """Of the test images' log-likelihood, means in nats."""

    elbo: float
    importance: float
    plain_elbo: float
    """The ELBO by NumPy's formulas, of the tensors that the model saves."""


def bounds(models: Models) -> Bounds:
    """Return the ELBO and the importance-weighted bound of the variational model."""
    model, X = models.variational, models.test.pixels
    return Bounds(
        float(model.elbo(X, IMPORTANCE).mean()),
        float(model.log_likelihood(X, IMPORTANCE).mean()),
        _plain_elbo(model, X),
    )


def _plain_elbo(model: Any, X: Array) -> float:
    """Estimate the ELBO by its formula, with NumPy alone: weights from the checkpoint, numbers from its generator."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.safetensors")
        tensors = load_file(Path(folder) / "model.safetensors")

    def through(x: Array, part: str) -> Array:
        hidden = np.maximum(x @ tensors[f"{part}.0.weight"] + tensors[f"{part}.0.bias"], 0)
        return np.asarray(hidden @ tensors[f"{part}.1.weight"] + tensors[f"{part}.1.bias"])

    rng = np.random.default_rng(_SEED)
    mean, log_variance = np.split(through(X, "encoder"), 2, axis=1)
    total = -(mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2
    for _ in range(IMPORTANCE):
        logits = through(mean + np.exp(log_variance / 2) * rng.normal(size=mean.shape), "decoder")
        total += (X * logits - np.logaddexp(0, logits)).sum(axis=1) / IMPORTANCE
    return float(total.mean())
