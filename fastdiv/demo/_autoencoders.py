"""Chapter: four autoencoders, trained in seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from . import _autoencoders_figures as figures
from . import _autoencoders_models as models
from ._autoencoders_models import CODE, CORRUPTION, FEATURES, IMPORTANCE, LEVEL, SPARSITY
from ._chapter import Chapter, Check, Context, Highlight, Table

_SPARSITY_TOLERANCE = 0.01
_ELBO_TOLERANCE = 0.1  # nats: 200 draws of other random numbers for each image


@dataclass(frozen=True)
class _Found:
    """Everything that the report shows."""

    trained: models.Models
    errors: models.Errors
    bounds: models.Bounds
    seconds: float

    def activation(self) -> float:
        """Return the sparse model's mean activation."""
        return float(self.trained.sparse.transform(self.trained.learning.pixels).mean())


def build(context: Context) -> Chapter:
    """Train, check."""
    start = time.perf_counter()
    trained = models.train(context)
    seconds = time.perf_counter() - start
    with context.step("autoencoders: reconstructions and bounds"):
        found = _Found(trained, models.errors(trained), models.bounds(trained), seconds)
    return Chapter(
        title="Four autoencoders learn the digits",
        text=_text(found),
        figures=[
            figures.reconstructions(trained),
            figures.plane(trained),
            figures.sparse(trained),
            figures.course(trained, found.bounds),
        ],
        tables=[_table(found)],
        checks=_checks(found),
        highlights=_highlights(found),
        numbers=_numbers(found),
    )


def _checks(found: _Found) -> list[Check]:
    errors, bounds = found.errors, found.bounds
    difference = abs(bounds.elbo - bounds.plain_elbo)
    histories = [
        found.trained.plain,
        found.trained.denoising,
        found.trained.sparse,
        found.trained.plane,
        found.trained.variational,
    ]
    rises = max(each.history_["loss"][-1] - each.history_["loss"][0] for each in histories)
    return [
        Check("largest rise of a loss over a training, nats", rises, 0),
        Check(
            f"error of {CODE} numbers over that of {CODE} principal components",
            errors.plain / errors.principal_components,
            1,
        ),
        Check(
            "error of denoised images over that of the plain model’s",
            errors.denoised / errors.plain_of_corrupted,
            1,
        ),
        Check(
            "mean activation of the sparse units, off its target",
            abs(found.activation() - SPARSITY),
            _SPARSITY_TOLERANCE,
        ),
        Check("ELBO: difference from NumPy’s formula, nats", difference, _ELBO_TOLERANCE),
        Check("ELBO minus importance-weighted bound", bounds.elbo - bounds.importance, 0),
    ]


def _highlights(found: _Found) -> list[Highlight]:
    errors = found.errors
    return [
        Highlight(f"{found.seconds:.0f} s", "to train five autoencoders, all kinds"),
        Highlight(
            f"{errors.corrupted:.2f} → {errors.denoised:.2f}",
            f"error of a pixel, corrupted → denoised, {LEVEL:.0%} of the pixels being noise",
        ),
    ]


def _text(found: _Found) -> list[str]:
    errors, bounds, trained = found.errors, found.bounds, found.trained
    return [
        f"An autoencoder squeezes an image through a narrow code and draws it again. Three quarters "
        f"of the images are learned from, {len(trained.learning.pixels):,}; every error is of the "
        f"others. `fastdiv.nn.Autoencoder` with {CODE} numbers an image is off by "
        f"{errors.plain:.3f} of full ink a pixel; {CODE} principal components are off by "
        f"{errors.principal_components:.3f}.",
        f"`fastdiv.nn.DenoisingAutoencoder` learns to draw the clean image from a corrupted one "
        f"(`{CORRUPTION}`: {LEVEL:.0%} of the pixels become paper or ink). On corrupted test images "
        f"its error is {errors.denoised:.3f}, the plain model’s {errors.plain_of_corrupted:.3f}, "
        f"that of the corrupted images themselves {errors.corrupted:.3f}.",
        f"`fastdiv.nn.SparseAutoencoder` has as many units as there are pixels, {FEATURES}, but each "
        f"may be active {SPARSITY:.0%} of the time: the penalty is KL(ρ ‖ ρ̂). On average they are "
        f"active {found.activation():.1%} of the time, and each is excited by images of one shape.",
        f"`fastdiv.nn.VariationalAutoencoder` learns a distribution of codes for each image, close "
        f"to the prior N(0, I), so that codes drawn from the prior are digits, too. Its loss is "
        f"minus the ELBO: E log p(x | z) − KL(q(z | x) ‖ p(z)). With {CODE} numbers the ELBO of test "
        f"images is {bounds.elbo:.2f} nats, the importance-weighted bound of {IMPORTANCE} draws "
        f"{bounds.importance:.2f}.",
    ]


def _table(found: _Found) -> Table:
    errors = found.errors
    rows = [
        (f"{CODE} principal components", "clean", f"{errors.principal_components:.3f}"),
        (f"Autoencoder, {CODE} numbers", "clean", f"{errors.plain:.3f}"),
        ("nothing done", "corrupted", f"{errors.corrupted:.3f}"),
        (f"Autoencoder, {CODE} numbers", "corrupted", f"{errors.plain_of_corrupted:.3f}"),
        (f"DenoisingAutoencoder, {CODE} numbers", "corrupted", f"{errors.denoised:.3f}"),
    ]
    caption = "Root of the mean squared error of a test image’s pixels, from 0 to 1."
    return Table(caption, ("model", "test images", "error"), rows)


def _numbers(found: _Found) -> dict[str, object]:
    trained, errors, bounds = found.trained, found.errors, found.bounds
    return {
        "errors": vars(errors),
        "activation": found.activation(),
        "elbo": bounds.elbo,
        "plain_elbo": bounds.plain_elbo,
        "importance_weighted_bound": bounds.importance,
        "test_elbo": trained.test_elbo,
        "losses": {
            name: np.array(getattr(trained, name).history_["loss"])
            for name in ("plain", "denoising", "sparse", "plane", "variational")
        },
    }
