"""Encoder and decoder on one flat vector of parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import random
from . import functional
from ._device import HOST, Device, device_of
from ._layers import Chain, Dense, Parameter

Array = NDArray[Any]


@dataclass(frozen=True)
class Architecture:
    """Sizes and functions: features, hidden layers, code, and back in mirrored order."""

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    n_encoded: int
    """Outputs of the encoder: of a variational one, means and log-variances of the code."""
    n_components: int
    activation: str
    code_activation: str
    dtype: str

    def widths(self) -> tuple[list[int], list[int]]:
        """Return encoder's and decoder's widths, from input to output."""
        hidden = list(self.hidden_layer_sizes)
        encoder = [self.n_features, *hidden, self.n_encoded]
        return encoder, [self.n_components, *reversed(hidden), self.n_features]


class Network:
    """The parameters, the loss's gradient by them and Adam's moments: four flat vectors; layers have views of them."""

    def __init__(self, architecture: Architecture, device: Device = HOST) -> None:
        self.architecture, self.device = architecture, device
        encoder, decoder = architecture.widths()
        size = sum(
            (inputs + 1) * outputs
            for widths in (encoder, decoder)
            for inputs, outputs in itertools.pairwise(widths)
        )
        # each begins at a multiple of 128 bytes
        self.vectors = device.xp.zeros((4, -(-size // 32) * 32), architecture.dtype)[:, :size]
        self._taken = 0
        self.encoder = self._chain("encoder", encoder, architecture.code_activation)
        self.decoder = self._chain("decoder", decoder, "identity")

    def _chain(self, name: str, widths: Sequence[int], last_activation: str) -> Chain:
        layers = []
        for place, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            is_last = place == len(widths) - 2
            layers.append(
                Dense(
                    self._take(f"{name}.{place}.weight", (inputs, outputs)),
                    self._take(f"{name}.{place}.bias", (outputs,)),
                    last_activation if is_last else self.architecture.activation,
                    self.device.xp,
                )
            )
        return Chain(layers)

    def _take(self, name: str, shape: tuple[int, ...]) -> Parameter:
        part = slice(self._taken, self._taken + math.prod(shape))
        self._taken = part.stop
        value, gradient = (self.vectors[row, part].reshape(shape) for row in (0, 1))
        return Parameter(name, value, gradient)

    @property
    def parameters(self) -> list[Parameter]:
        """What encoder and decoder learn."""
        return self.encoder.parameters + self.decoder.parameters

    @property
    def largest_weight(self) -> int:
        """How many entries the largest matrix has."""
        return max(parameter.value.size for parameter in self.parameters)

    @property
    def is_finite(self) -> bool:
        """Whether parameters and moments are numbers to go on with."""
        isfinite = self.device.xp.isfinite
        return all(bool(isfinite(self.vectors[row]).all()) for row in (0, 2, 3))

    def initialise(self, seed: int, stream: int) -> None:
        """Draw each layer's parameters uniformly within ± 1 / √inputs, as PyTorch's `nn.Linear`; forget the moments.

        Of a network in host memory.
        """
        self.vectors[1:] = 0
        values = self.vectors[0]
        random.uniform(seed, values.shape, stream=stream, dtype=values.dtype, out=values)
        values *= 2
        values -= 1
        for layer in (*self.encoder.layers, *self.decoder.layers):
            weight, bias = (parameter.value for parameter in layer.parameters)
            weight /= math.sqrt(len(weight))
            bias /= math.sqrt(len(weight))

    def update(self, step: int, learning_rate: float) -> None:
        """Take Adam's step number `step`, from 1, along the gradient."""
        values, gradient, first_moment, second_moment = self.vectors
        functional.adam_step(
            values, gradient, first_moment, second_moment, step, learning_rate=learning_rate
        )

    def on(self, device: Device) -> Network:
        """Return this network if it is on the device, else a copy there."""
        if device.name == self.device.name:
            return self
        return _restored(self.architecture, self.device.fetch(self.vectors), device.name)

    def __reduce__(self) -> Any:  # copies must have views of their own vectors
        vectors = np.ascontiguousarray(self.device.fetch(self.vectors))
        return _restored, (self.architecture, vectors, self.device.name)


def _restored(architecture: Architecture, vectors: Array, device: str = "cpu") -> Network:
    network = Network(architecture, device_of(device))
    for own, vector in zip(network.vectors, vectors, strict=True):
        network.device.put(vector, own)
    return network
