"""What the tests of Monte Carlo estimates share: distributions, normals as the estimators draw them, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import montecarlo_reference as reference
from fastdiv import montecarlo
from fastdiv.distributions import Mixture, MultivariateNormal, Normal

Array = NDArray[Any]
NAMES = ("kl_divergence", "js_divergence")
FORMS = ("diagonal", "triangular")
LOW = np.uint64(2**32 - 1)


def function(name: str) -> Any:
    return getattr(montecarlo, name)


def philox(index: Array, block: int, stream: int, seed: int) -> list[Array]:
    """Return the four words of Philox4x32-10 of each index."""
    half = np.uint64(32)
    a, b = index & LOW, index >> half
    c, d = np.full_like(a, block), np.full_like(a, stream)
    k, m = seed & (2**32 - 1), seed >> 32
    for _ in range(10):
        first, second = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b, c, d = (
            (second >> half) ^ b ^ np.uint64(k),
            second & LOW,
            (first >> half) ^ d ^ np.uint64(m),
            first & LOW,
        )
        k, m = (k + 0x9E3779B9) % 2**32, (m + 0xBB67AE85) % 2**32
    return [a, b, c, d]


def normals(
    seed: int, count: int, dimension: int, stream: int = 0, dtype: Any = np.float64, first: int = 0
) -> Array:
    """Return the normals of samples first, first + 1, …: by Box and Muller's formula in float64."""
    index = np.arange(first, first + count, dtype=np.uint64)
    numbers: list[Array] = []
    for block in range(dimension):
        words = philox(index, block, stream, seed)
        if dtype == np.float32:
            uniform = [((w >> np.uint64(9)) + 0.5) * 2.0**-23 for w in words]
        else:
            wide = [words[0] | words[1] << np.uint64(32), words[2] | words[3] << np.uint64(32)]
            uniform = [((w >> np.uint64(12)) + 0.5) * 2.0**-52 for w in wide]
        for u, v in zip(uniform[::2], uniform[1::2], strict=True):
            radius = np.sqrt(-2 * np.log(u))
            numbers += [radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)]
        if len(numbers) >= dimension:
            break
    return np.stack(numbers[:dimension], axis=1)


def source_normals(
    name: str, seed: int, count: int, dimension: int, dtype: Any = np.float64, first: int = 0
) -> list[Array]:
    streams = range(2 if name == "js_divergence" else 1)
    return [normals(seed, count, dimension, stream, dtype, first) for stream in streams]


def gaussian(
    rng: np.random.Generator, form: str, dimension: int, dtype: Any = np.float64, batch: Any = ()
) -> Normal | MultivariateNormal:
    mean = rng.normal(size=(*batch, dimension)).astype(dtype)
    std = rng.uniform(0.5, 1.5, (*batch, dimension)).astype(dtype)
    if form == "diagonal":
        return Normal(mean, std)
    spread = 0.6 / np.sqrt(dimension)
    scale = np.tril(rng.normal(size=(*batch, dimension, dimension)) * spread, -1).astype(dtype)
    scale[..., range(dimension), range(dimension)] = std
    return MultivariateNormal(mean, scale)


def mixture(
    rng: np.random.Generator,
    form: str,
    components: int,
    dimension: int,
    dtype: Any = np.float64,
    batch: Any = (),
    logits: bool = False,
) -> Any:
    """Return a mixture, or for 0 components a normal distribution alone."""
    if components == 0:
        return gaussian(rng, form, dimension, dtype, batch)
    parts = gaussian(rng, form, dimension, dtype, (*batch, components))
    if logits:
        return Mixture(logits=rng.normal(size=(*batch, components)).astype(dtype), components=parts)
    weights = rng.dirichlet(np.full(components, 3.0), batch or None)
    return Mixture(weights.astype(dtype), parts)


def parameters(d: Any) -> dict[str, Array]:
    """Return a distribution's parameters, or a gradient's fields, by name."""
    parts = d.components if isinstance(d, Mixture) else d
    fields = {name: getattr(parts, name, None) for name in ("mean", "std", "scale_tril")}
    if isinstance(d, Mixture):
        fields |= {"weights": d.weights, "logits": d.logits}
    return {name: array for name, array in fields.items() if array is not None}


def expected_parameters(d: Any, gradient: reference.Mixture) -> dict[str, Array]:
    """Return the reference's gradient by d under the names, and in the shapes, of `parameters`."""
    own = parameters(d)
    fields = {"mean": gradient.mean, "std": gradient.std, "scale_tril": gradient.scale_tril}
    fields["weights"] = gradient.weights
    fields["logits"] = reference.logits_gradient(gradient.weights, reference.of(d).probabilities)
    return {name: fields[name].reshape(array.shape) for name, array in own.items()}


def require_gradient(found: Any, expected: dict[str, Array], tolerance: float) -> None:
    """Compare with a tolerance relative to each field's largest entry."""
    actual = parameters(found)
    assert set(actual) == set(expected)
    for name, array in actual.items():
        assert array.shape == expected[name].shape
        error = np.abs(array - expected[name]).max()
        assert error <= tolerance * max(1.0, np.abs(expected[name]).max()), (name, error)


def bits(*distributions: Any) -> list[bytes]:
    return [a.tobytes() for d in distributions for _, a in sorted(parameters(d).items())]
