"""The sparse autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from . import functional
from ._autoencoder import Array, Autoencoder
from ._hyperparameters import fraction, non_negative
from ._workspace import Workspace


class SparseAutoencoder(Autoencoder):
    r"""An autoencoder whose code, of sigmoid units, is rarely active.

    .. math:: \min_{\phi, \theta} \frac{1}{n} \sum_i -\log p(x_i \mid g_\theta(e_\phi(x_i)))
              + \lambda \sum_j KL(\rho \Vert \hat\rho_j)

    where ρ̂ⱼ is unit j's mean activation over the batch: summed over features, mean over rows, in nats.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default ()
        Widths of hidden layers between data and code; the decoder has them in reverse.
    n_components : int, default 64
        Width of the code; it may be wider than the data.
    sparsity : float, default 0.05
        ρ, the mean activation that each unit is held to: above 0 and below 1.
    sparsity_weight : float, default 5.0
        λ, in nats. The mean activation stays above ρ while λ is small beside the reconstruction's loss: data of many
        features want more.
    activation : {"relu", "tanh", "sigmoid", "softplus", "gelu", "identity"}, default "relu"
        Of hidden layers; the code is sigmoid, the output linear.
    likelihood : {"gaussian", "bernoulli"}, default "gaussian"
        "bernoulli" takes data in [0, 1], such as grey values.
    scale : float, default 1.0
        Standard deviation of the Gaussian likelihood: about that of the noise in a feature. 1 suits standardised data.
        For data in [0, 1] take about 0.2: with 1 the penalty outweighs all that there is to reconstruct, and every row
        becomes the mean. likelihood="bernoulli" leaves the mean with a learning_rate of about 5e-3, or many epochs.
    learning_rate : float, default 1e-3
        Of Adam, with its usual decay rates, 0.9 and 0.999.
    batch_size : int, default 128
        Rows of a step.
    max_epochs : int, default 50
        Passes over the data.
    dtype : {"float32", "float64"}, default "float32"
        Type that everything is computed in.
    device : {"cpu", "cuda"}, default "cpu"
        Where everything is computed: "cuda" is CuPy's current GPU (``pip install 'fastdiv[cuda]'``). Data and results
        are NumPy's arrays with either.
    random_state : int, RandomState or None, default None
        Seed of initial parameters and order of rows. The same int gives the same bits.
    verbose : bool, default True
        Show a progress bar on a terminal (with tqdm installed) when a fit takes longer than a second.

    Attributes
    ----------
    history_ : dict of lists of float
        "loss", "reconstruction" and "penalty" (with its weight), in nats: of every pass of `fit` and every call of
        `partial_fit` the mean over its rows.
    n_features_in_ : int
        Columns of the data.

    References
    ----------
    A. Ng, *Sparse autoencoder*, lecture notes of Stanford's CS294A, 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdiv.nn import SparseAutoencoder
    >>> X = load_digits().data / 16
    >>> model = SparseAutoencoder(learning_rate=5e-3, likelihood="bernoulli", random_state=0).fit(X)
    >>> bool(0.04 < model.transform(X).mean() < 0.06)
    True
    """

    _code_activation: ClassVar[str] = "sigmoid"
    _terms: ClassVar[tuple[str, ...]] = ("loss", "reconstruction", "penalty")

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (),
        n_components: int = 64,
        *,
        sparsity: float = 0.05,
        sparsity_weight: float = 5.0,
        activation: str = "relu",
        likelihood: str = "gaussian",
        scale: float = 1.0,
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        max_epochs: int = 50,
        dtype: Any = "float32",
        device: str = "cpu",
        random_state: Any = None,
        verbose: bool = True,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            n_components,
            activation=activation,
            likelihood=likelihood,
            scale=scale,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_epochs=max_epochs,
            dtype=dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.sparsity = sparsity
        self.sparsity_weight = sparsity_weight

    def _require(self) -> None:
        super()._require()
        fraction("sparsity", self.sparsity)
        non_negative("sparsity_weight", self.sparsity_weight)

    def _extra(self) -> dict[str, int]:
        return {"penalty_gradient": self._network.architecture.n_components}

    def _penalise(self, code: Array, workspace: Workspace) -> tuple[Any, ...]:
        weight, gradient = float(self.sparsity_weight), workspace.extra["penalty_gradient"][0]
        # A unit at 0 or 1 in all rows would have an infinite penalty and no slope to leave by.
        least = np.finfo(code.dtype).eps
        self._network.device.xp.clip(code, least, 1 - least, out=code)
        penalty = functional.sparsity_penalty(
            code, float(self.sparsity), gradient=gradient, cotangent=weight
        )
        return gradient, penalty, weight, weight
