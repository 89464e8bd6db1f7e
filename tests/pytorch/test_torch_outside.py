"""Tensors given to functions of arrays: the message says where they go."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastdiv

torch = pytest.importorskip("torch", reason="needs PyTorch")


@pytest.mark.parametrize(
    "function",
    [
        fastdiv.entropy,
        fastdiv.logits.entropy,
        fastdiv.grad(fastdiv.logits.entropy),
        fastdiv.pairwise.js_divergence,
        fastdiv.pairwise.kl_divergence,
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_tensor_is_sent_to_fastdiv_torch(function: Callable[..., Any], device: str) -> None:
    for tensor in (torch.ones(2, 3), torch.nn.Parameter(torch.ones(2, 3))):
        with pytest.raises(TypeError, match=r"^[px] is a torch.Tensor: .*import fastdiv\.torch"):
            function(tensor.to(device))


def test_the_second_argument_is_looked_at_too() -> None:
    for measure in (fastdiv.kl_divergence, fastdiv.pairwise.kl_divergence):
        with pytest.raises(TypeError, match=r"^q is a torch.Tensor"):
            measure(np.ones((1, 3)), torch.ones(1, 3))


def test_functions_without_gradients_by_value_and_grad() -> None:
    measures = importlib.import_module("fastdiv.torch")
    with pytest.raises(TypeError, match=r"got fastdiv\.torch.*kl_divergence; .*\.backward\(\)"):
        fastdiv.value_and_grad(measures.kl_divergence)
