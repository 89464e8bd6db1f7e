"""Unconstrained coordinates: there and back, and their derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastdiv.distributions import Mixture, MultivariateNormal, Normal, flatten, unflatten
from fastdiv.fitting._coordinates import Coordinates

KINDS = ("normal", "full", "mixture", "full mixture", "logits")


def random_distribution(kind: str, rng: np.random.Generator, batch: tuple[int, ...] = ()) -> Any:
    components = (3,) if kind in KINDS[2:] else ()
    shape = (*batch, *components, 2)
    mean, std = rng.normal(size=shape), rng.uniform(0.2, 2, shape)
    if kind in ("full", "full mixture"):
        scale = np.zeros((*shape, 2))
        scale[..., 1, 0] = rng.normal(size=shape[:-1])
        scale[..., [0, 1], [0, 1]] = std
        normal: Any = MultivariateNormal(mean, scale)
    else:
        normal = Normal(mean, std)
    if not components:
        return normal
    if kind == "logits":
        return Mixture(components=normal, logits=rng.normal(size=shape[:-1]))
    return Mixture(rng.dirichlet(np.ones(3), batch), normal)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(kind: str, batch: tuple[int, ...], rng: np.random.Generator) -> None:
    d = random_distribution(kind, rng, batch)
    coordinates = Coordinates(d)
    where = coordinates.of(d)
    assert where.shape == (*batch, coordinates.count)
    back = coordinates.distribution(coordinates.parameters(where))
    assert type(back) is type(d)
    np.testing.assert_allclose(flatten(back), flatten(d), rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_every_point_is_a_distribution(kind: str, rng: np.random.Generator) -> None:
    d = random_distribution(kind, rng)
    coordinates = Coordinates(d)
    moved = coordinates.of(d) + 5 * rng.normal(size=coordinates.count)
    there = coordinates.distribution(coordinates.parameters(moved))
    fields = {name: value for name, value in vars(there).items() if name in type(d).__annotations__}
    type(d)(**fields)  # which validates


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_the_chain_rule(kind: str, rng: np.random.Generator) -> None:
    """Of log p(x): its gradient by parameters is known from difference quotients, too."""
    d = random_distribution(kind, rng)
    coordinates = Coordinates(d)
    where = coordinates.of(d)
    parameters = coordinates.parameters(where)
    x = rng.normal(size=2)

    def of_parameters(flat: Any) -> Any:
        if coordinates.by_weights:  # which count as divided by their sum
            flat = flat.copy()
            flat[:3] /= flat[:3].sum()
        return unflatten(d, flat).log_prob(x)

    by_parameters = unflatten(d, quotients(of_parameters, parameters))
    found = coordinates.gradient(parameters, by_parameters)

    def of_coordinates(point: Any) -> Any:
        return coordinates.distribution(coordinates.parameters(point)).log_prob(x)

    np.testing.assert_allclose(found, quotients(of_coordinates, where), atol=1e-7)


def quotients(f: Any, x: Any) -> Any:
    step = 1e-6
    return np.array([(f(x + h) - f(x - h)) / (2 * step) for h in step * np.eye(len(x))])


def test_weights_and_logits_have_the_same_coordinates_up_to_a_shift(
    rng: np.random.Generator,
) -> None:
    by_logits = random_distribution("logits", rng)
    by_weights = Mixture(np.exp(by_logits.log_weights), by_logits.components)
    a, b = (Coordinates(d).of(d) for d in (by_logits, by_weights))
    np.testing.assert_allclose(a[3:], b[3:])
    assert np.ptp(a[:3] - b[:3]) < 1e-14


def test_type_is_kept(dtype: type, rng: np.random.Generator) -> None:
    for kind in KINDS:
        d = random_distribution(kind, rng)
        narrow = unflatten(d, flatten(d))
        narrow = type(d)(**{
            name: cast(value, dtype) for name, value in vars(narrow).items()
            if name in type(d).__annotations__
        })  # fmt: skip
        coordinates = Coordinates(narrow)
        where = coordinates.of(narrow)
        assert where.dtype == np.float64
        assert coordinates.distribution(coordinates.parameters(where)).dtype == dtype


def cast(value: Any, dtype: type) -> Any:
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        # Rounded weights sum to 1 up to their own rounding.
        return value.astype(dtype)
    return type(value)(**{name: each.astype(dtype) for name, each in vars(value).items()})
