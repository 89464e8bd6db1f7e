"""Training on Fashion-MNIST: images a second and what is reached, beside torch; sparse and denoising models."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fashion
import machine
import peers_nn
import training_profile
from fastdiv import nn, random
from peers_nn import BATCH, CODE, HIDDEN

Array = Any
TITLE = "Training"
EPOCHS = 10
_DRAWS = 5  # of z for each test image
_SPARSITY_WEIGHT = 50.0
_ALLOWED_NATS = 0.5
_TARGET = 40_000  # images a second


@dataclass
class Run:
    """A library's training."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    """Of each pass over `rows` images, by the number of threads."""
    rows: dict[int, int] = field(default_factory=dict)
    negative_elbo: float = float("nan")

    def speed(self, threads: int) -> float:
        """Return images a second: the median pass."""
        return self.rows[threads] / statistics.median(self.seconds[threads])


@dataclass
class Results:
    """All that the section shows."""

    runs: dict[str, Run]
    difference: float
    """Largest relative difference of a gradient from torch's."""
    activation: float
    errors: dict[str, float]
    """Mean squared error of corrupted test images' pixels: none, plain, denoising."""
    epochs: int
    images: int
    parts: dict[str, float]
    """Milliseconds of a step, with all threads, by what they go to."""


def measure(quick: bool) -> Results:
    """Train everything; assert equal gradients first, and equal bounds at the end."""
    learning, test = fashion.images(quick)
    if quick:
        learning, test = learning[: 20 * BATCH], test[:500]
    model = peers_nn.fastdiv_model()
    models = peers_nn.contenders(model)
    difference = 0.0
    for name, peer in models.items():
        if name != "fastdiv":
            difference = max(difference, peers_nn.require_equal_gradients(peer, model, learning))
    epochs = 2 if quick else EPOCHS
    runs = {name: Run() for name in models}
    for threads in machine.thread_counts():
        with machine.threads(threads):
            last = threads == machine.thread_counts()[-1]
            _train(models if last else peers_nn.contenders(peers_nn.fastdiv_model()), runs,
                   learning if last else learning[: 100 * BATCH], threads, epochs if last else 3)  # fmt: skip
    for name, trained in models.items():
        judged = model if name == "fastdiv" else trained.put_into(peers_nn.fastdiv_model())
        runs[name].negative_elbo = -float(judged.elbo(test, _DRAWS).mean())
        print(f"{name}: −ELBO of test images {runs[name].negative_elbo:.2f} nats", flush=True)
    if not quick:
        for name, run in runs.items():
            apart = abs(run.negative_elbo - runs["fastdiv"].negative_elbo)
            assert apart <= _ALLOWED_NATS, f"{name}: {apart:.2f} nats apart"
    with machine.threads(machine.processors()):
        parts = training_profile.profile(
            peers_nn.fastdiv_model(), learning[: 100 * BATCH], 2 if quick else 9
        )
    others = 1 if quick else 5
    return Results(
        runs, difference, _sparse(learning, others), _denoising(learning, test, others), epochs,
        len(learning), parts,
    )  # fmt: skip


def _train(models: Any, runs: dict[str, Run], X: Array, threads: int, epochs: int) -> None:
    """Let every library make a pass in turn over the same rows, each time beginning with another."""
    names = list(models)
    for name in names:
        runs[name].seconds[threads], runs[name].rows[threads] = [], len(X)
        if (
            name == "torch.compile"
        ):  # compiles for this number of threads, for whole batches and the last
            for rows in {BATCH, len(X) % BATCH or BATCH}:
                noise = np.zeros((rows, CODE), np.float32)
                models[name].gradients(X[:rows], noise)
    for epoch in range(epochs):
        rows = X[np.argsort(random.uniform(epoch, len(X)))]
        first = epoch % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            models[name].partial_fit(rows)
            seconds = time.perf_counter() - start
            runs[name].seconds[threads].append(seconds)
            done = f"pass {epoch + 1}, threads: {threads}, {name}"
            print(f"{done}: {len(X) / seconds:,.0f} images/s", flush=True)


def _sparse(X: Array, epochs: int) -> float:
    model = nn.SparseAutoencoder(
        n_components=200, sparsity_weight=_SPARSITY_WEIGHT, likelihood="bernoulli",
        max_epochs=epochs, random_state=0, verbose=False,
    )  # fmt: skip
    return float(model.fit(X).transform(X).mean())


def _denoising(X: Array, test: Array, epochs: int) -> dict[str, float]:
    options: dict[str, Any] = {
        "hidden_layer_sizes": (HIDDEN,), "n_components": 32, "likelihood": "bernoulli",
        "max_epochs": epochs, "random_state": 0, "verbose": False,
    }  # fmt: skip
    corrupted = nn.functional.corrupt(test, "mask", 0.5, seed=1)
    plain = nn.Autoencoder(**options).fit(X)
    denoising = nn.DenoisingAutoencoder(**options, corruption="mask", corruption_level=0.5).fit(X)
    found = {
        "corrupted images": corrupted,
        "Autoencoder": plain.reconstruct(corrupted),
        "DenoisingAutoencoder": denoising.reconstruct(corrupted),
    }
    return {name: float(np.mean((each - test) ** 2)) for name, each in found.items()}


def section(results: Results, record: dict[str, str], quick: bool) -> list[str]:
    """Return the section's lines."""
    counts = machine.thread_counts()
    what = ", ".join(f"{key}: {value}" for key, value in record.items())
    header = [f"images/s, {count} thread{'s' if count > 1 else ''}" for count in counts]
    lines = [
        f"{'**A trial with small sizes.** ' if quick else ''}Variational autoencoder "
        f"784-{HIDDEN}-{CODE} on {results.images:,} images of Fashion-MNIST, batches of {BATCH}, "
        f"Adam 1e-3, float32, the same initial parameters and order of images.",
        "",
        what + ".",
        "",
        f"| library | {' | '.join(header)} | × fastdiv's time | "
        f"−ELBO of test images after {results.epochs} passes, nats |",
        "|---|" + "--:|" * (len(counts) + 2),
    ]
    ours = results.runs["fastdiv"]
    reached = ours.speed(counts[-1]) >= _TARGET
    for name, run in results.runs.items():
        speeds = " | ".join(f"{run.speed(count):,.0f}" for count in counts)
        ratio = ours.speed(counts[-1]) / run.speed(counts[-1])
        shown = "" if run is ours else f"{ratio:.2f}"
        lines.append(f"| {name} | {speeds} | {shown} | {run.negative_elbo:.2f} |")
    errors = ", ".join(f"{name} {value:.4f}" for name, value in results.errors.items())
    return [
        *lines,
        "",
        f"- *images/s*: the median pass, libraries in turn; a pass of fastdiv draws its noise by Philox. "
        f"The target is {_TARGET:,} with all threads: {'reached' if reached else 'not reached'}.",
        f"- *gradients*: of the first batch, with the same noise, within {results.difference:.1e} of "
        f"torch's, relative to each parameter's largest.",
        f"- *−ELBO*: of all by `VariationalAutoencoder.elbo` with {_DRAWS} draws.",
        f"- *sparse*: 200 units held to 5 %, weight {_SPARSITY_WEIGHT:g}: active "
        f"{results.activation:.2%} of the time.",
        f"- *denoising*: half of the pixels masked, mean squared error: {errors}.",
        *training_profile.lines(results.parts, machine.processors()),
    ]
