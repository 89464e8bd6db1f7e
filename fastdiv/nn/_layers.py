"""Layers: forward, backward and a list of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from . import functional

Array = NDArray[Any]


@dataclass(frozen=True)
class Parameter:
    """An array that is learned and the loss's gradient by it: views of a network's flat vectors."""

    name: str
    value: Array
    gradient: Array


@dataclass(frozen=True)
class Buffers:
    """What a chain computes of a batch: each layer's output, what its slope needs, and the gradient by its output."""

    outputs: list[Array]
    saved: list[Array]
    gradients: list[Array]

    def first(self, n_rows: int) -> Buffers:
        """Return views of the first rows."""
        parts = (self.outputs, self.saved, self.gradients)
        return Buffers(*([array[:n_rows] for array in part] for part in parts))


class Dense:
    """f(x W + b) with W of shape [inputs, outputs], of NumPy's or CuPy's arrays."""

    def __init__(self, weight: Parameter, bias: Parameter, activation: str, xp: Any) -> None:
        self.parameters = [weight, bias]
        self.activation = activation
        self.xp = xp

    @property
    def width(self) -> int:
        """How many outputs there are."""
        return len(self.parameters[1].value)

    @property
    def needs_input(self) -> bool:
        """Whether the slope needs what went into the activation; else its output tells it."""
        return self.activation == "gelu"

    def forward(self, x: Array, out: Array, saved: Array) -> None:
        """Write f(x W + b), and what `backward` needs of it: the output, or for gelu what went into it."""
        weight, bias = self.parameters
        self.xp.matmul(x, weight.value, out=out)
        pre = saved if self.needs_input else None
        functional.bias_activation(out, bias.value, self.activation, out=out, pre=pre)

    def backward(
        self,
        x: Array,
        saved: Array,
        gradient: Array,
        out: Array | None,
        column_gradient: Array | None = None,
    ) -> None:
        """Write the gradients by the parameters, and by x to `out`; `gradient`, by the output, is overwritten.

        `column_gradient` is added to every row of `gradient`.
        """
        weight, bias = self.parameters
        functional.bias_activation_backward(
            saved,
            gradient,
            self.activation,
            column_upstream=column_gradient,
            out=gradient,
            bias_gradient=bias.gradient,
        )
        self.xp.matmul(x.T, gradient, out=weight.gradient)
        if out is not None:
            self.xp.matmul(gradient, weight.value.T, out=out)


class Chain:
    """Layers one after another."""

    def __init__(self, layers: Sequence[Dense]) -> None:
        self.layers = layers

    @property
    def parameters(self) -> list[Parameter]:
        """What all layers learn."""
        return [parameter for layer in self.layers for parameter in layer.parameters]

    def buffers(self, n_rows: int, backward: bool = True) -> Buffers:
        """Allocate what a batch of so many rows needs."""
        dtype, xp = self.layers[0].parameters[0].value.dtype, self.layers[0].xp
        outputs = [xp.empty((n_rows, layer.width), dtype) for layer in self.layers]
        saved = [
            xp.empty_like(output) if layer.needs_input else output
            for layer, output in zip(self.layers, outputs, strict=True)
        ]
        return Buffers(outputs, saved, [xp.empty_like(each) for each in outputs if backward])

    def forward(self, x: Array, buffers: Buffers) -> Array:
        """Return the last layer's output, which lies in the buffers."""
        for layer, output, saved in zip(self.layers, buffers.outputs, buffers.saved, strict=True):
            layer.forward(x, output, saved)
            x = output
        return x

    def backward(
        self,
        x: Array,
        buffers: Buffers,
        out: Array | None = None,
        column_gradient: Array | None = None,
    ) -> None:
        """Go back from the gradient by the last output, the last of `buffers.gradients`; by x it goes to `out`.

        `column_gradient` is added to every row of the gradient by the last output.
        """
        last = len(self.layers) - 1
        for place in range(last, -1, -1):
            self.layers[place].backward(
                buffers.outputs[place - 1] if place else x,
                buffers.saved[place],
                buffers.gradients[place],
                buffers.gradients[place - 1] if place else out,
                column_gradient if place == last else None,
            )
