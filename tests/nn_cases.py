"""Small models of each kind and data for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdiv import nn

Array = NDArray[Any]

ESTIMATORS = (
    nn.Autoencoder,
    nn.DenoisingAutoencoder,
    nn.SparseAutoencoder,
    nn.VariationalAutoencoder,
)
ACTIVATIONS = ("identity", "relu", "tanh", "sigmoid", "softplus", "gelu")


def data(likelihood: str, n_rows: int = 40, n_features: int = 7) -> Array:
    """Correlated columns, for the Bernoulli likelihood in [0, 1]."""
    rng = np.random.default_rng(5)
    hidden = rng.normal(size=(n_rows, 2)) @ rng.normal(size=(2, n_features))
    x = hidden + 0.3 * rng.normal(size=hidden.shape)
    return 1 / (1 + np.exp(-x)) if likelihood == "bernoulli" else x


def small(kind: Any, **options: Any) -> Any:
    """A model that trains in a moment."""
    chosen = {
        "hidden_layer_sizes": (6, 5),
        "n_components": 3,
        "batch_size": 16,
        "max_epochs": 4,
        "random_state": 3,
        **options,
    }
    return kind(**chosen)
