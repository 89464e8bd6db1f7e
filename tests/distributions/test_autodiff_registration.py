"""Functions that bring their own gradients, under value_and_grad and grad."""

from typing import Any

import pytest

import fastdiv
from fastdiv._autodiff import computes_gradients


def _product_gradients(
    positions: tuple[int, ...], p: float, q: float, *, scale: float = 1.0
) -> tuple[float, tuple[float, ...]]:
    return scale * p * q, tuple(scale * (q, p)[position] for position in positions)


@computes_gradients(("p", "q"), _product_gradients)
def product(p: float, q: float, *, scale: float = 1.0) -> float:
    """Multiply."""
    return scale * p * q


def _square_gradients(
    positions: tuple[int, ...], p: float, cotangent: Any = None, grad_out: Any = None
) -> tuple[float, tuple[Any, ...]]:
    return p * p, (((1.0 if cotangent is None else cotangent) * 2 * p, grad_out),)


@computes_gradients(("p",), _square_gradients)
def square(p: float) -> float:
    """Square."""
    return p * p


def test_argnums_choose_the_gradients() -> None:
    assert fastdiv.value_and_grad(product)(2.0, 5.0) == (10.0, 5.0)
    assert fastdiv.value_and_grad(product, argnums=1)(2.0, 5.0) == (10.0, 2.0)
    assert fastdiv.value_and_grad(product, argnums=(1, 0))(2.0, 5.0) == (10.0, (2.0, 5.0))
    assert fastdiv.grad(product, argnums=(0,))(2.0, q=5.0, scale=2.0) == (10.0,)


def test_keywords_go_to_those_that_take_them() -> None:
    assert fastdiv.value_and_grad(square)(3.0, cotangent=2.0, grad_out="here") == (
        9.0,
        (12.0, "here"),
    )
    assert fastdiv.value_and_grad(product)(2.0, 5.0, cotangent=None, grad_out=None)[1] == 5.0
    for keyword in ("cotangent", "grad_out"):
        with pytest.raises(TypeError, match=f"{keyword} is not taken by product"):
            fastdiv.value_and_grad(product)(2.0, 5.0, **{keyword: 1.0})


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="argnums is 2: expected positions from 0 to 1"):
        fastdiv.value_and_grad(product, argnums=2)
    with pytest.raises(TypeError, match="f must be a measure of fastdiv"):
        fastdiv.value_and_grad(_square_gradients)
