"""The variational autoencoder in torch, eager and compiled, from fastdiv's own initial parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fastdiv
from fastdiv import nn
from peers_eager import torch

Array = Any
PEERS = ("torch", "torch.compile")
HIDDEN, CODE, BATCH, RATE = 400, 20, 128, 1e-3
_TOLERANCE = 2e-5  # of a gradient in float32, relative to its largest entry


def fastdiv_model(seed: int = 0, **options: Any) -> Any:
    """Return the model before its first step."""
    model = nn.VariationalAutoencoder(
        (HIDDEN,), CODE, likelihood="bernoulli", batch_size=BATCH, learning_rate=RATE,
        random_state=seed, verbose=False, **options,
    )  # fmt: skip
    model._start(28 * 28)
    model.n_features_in_ = 28 * 28
    return model


class Peer:
    """The same network, loss and optimiser in torch; weights lie as in torch, [outputs, inputs]."""

    def __init__(self, model: Any, compiled: bool, device: str = "cpu") -> None:
        self.device = device
        self.parameters = []
        for parameter in model._network.parameters:
            value = torch.tensor(np.ascontiguousarray(parameter.value.T), device=device)
            self.parameters.append(value.requires_grad_())
        self.loss = torch.compile(self._loss) if compiled else self._loss
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE, fused=True)
        torch.manual_seed(0)

    def _loss(self, x: Any, noise: Any) -> Any:
        linear = torch.nn.functional.linear
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        encoded = linear(torch.relu(linear(x, w1, b1)), w2, b2)
        mean, log_variance = encoded[:, :CODE], encoded[:, CODE:]
        z = mean + torch.exp(log_variance / 2) * noise
        logits = linear(torch.relu(linear(z, w3, b3)), w4, b4)
        nll = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum() / 2
        return (nll + kl) / len(x)

    def partial_fit(self, X: Array) -> None:
        """Train on the rows once, in their order."""
        rows = torch.from_numpy(X).to(self.device)
        for start in range(0, len(X), BATCH):
            x = rows[start : start + BATCH]
            loss = self.loss(x, torch.randn(len(x), CODE, device=self.device))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()

    def gradients(self, X: Array, noise: Array) -> list[Array]:
        """Return the gradient by each parameter, as fastdiv has it."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(torch.from_numpy(X), torch.from_numpy(noise)).backward()
        found = [parameter.grad.numpy().T.copy() for parameter in self.parameters]
        self.optimizer.zero_grad(set_to_none=True)
        return found

    def put_into(self, model: Any) -> Any:
        """Copy what was learned to a model of fastdiv, to be judged by the same measure."""
        for own, parameter in zip(self.parameters, model._network.parameters, strict=True):
            parameter.value[...] = own.detach().numpy().T
        return model


def require_equal_gradients(peer: Peer, model: Any, X: Array) -> float:
    """Assert that a step of both has the same gradient; return the largest relative difference."""
    from fastdiv.nn._position import LATENT

    rows = X[:BATCH]
    workspace = model._training_workspace(BATCH)
    workspace.rows[...] = rows
    model._gradients(workspace)
    noise = fastdiv.random.normal(
        model._position.seed, (BATCH, CODE), stream=LATENT, dtype=np.float32
    )
    worst = 0.0
    for theirs, parameter in zip(
        peer.gradients(rows, noise), model._network.parameters, strict=True
    ):
        difference = np.abs(theirs - parameter.gradient).max() / np.abs(parameter.gradient).max()
        assert difference <= _TOLERANCE, f"{parameter.name}: {difference:.2g}"
        worst = max(worst, float(difference))
    return worst


def contenders(model: Any) -> dict[str, Callable[[Array], Any]]:
    """Return what makes a pass over rows, by library; all start from the model's parameters."""
    found: dict[str, Any] = {"fastdiv": model}
    if torch is not None:
        found |= {name: Peer(model, name == "torch.compile") for name in PEERS}
    return found
