"""The denoising autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import functional
from ._autoencoder import Array, Autoencoder
from ._hyperparameters import CORRUPTIONS, fraction, non_negative, one_of
from ._position import CORRUPTION
from ._workspace import Workspace


class DenoisingAutoencoder(Autoencoder):
    r"""An autoencoder that reproduces the data from a corrupted copy, drawn anew in every step.

    .. math:: \min_{\phi, \theta} \frac{1}{n} \sum_i -\log p(x_i \mid g_\theta(e_\phi(\tilde x_i)))

    summed over features, mean over rows, in nats.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default (128,)
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    n_components : int, default 16
        Width of the code.
    corruption : {"mask", "gaussian", "salt_and_pepper"}, default "mask"
        Set entries to 0; add normal noise; set entries to 0 or 1, each half the time.
    corruption_level : float, default 0.3
        The share of entries, from 0 to below 1, or the noise's standard deviation, 0 or more. With few data, take more.
    activation : {"relu", "tanh", "sigmoid", "softplus", "gelu", "identity"}, default "relu"
        Of hidden layers; code and output are linear.
    likelihood : {"gaussian", "bernoulli"}, default "gaussian"
        "bernoulli" takes data in [0, 1], such as grey values.
    scale : float, default 1.0
        Standard deviation of the Gaussian likelihood: about that of the noise in a feature. 1 suits standardised data,
        0.2 data in [0, 1]. Here it sets the units of the loss, and hardly what is learned.
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
        Seed of initial parameters, order of rows and noise. The same int gives the same bits.
    verbose : bool, default True
        Show a progress bar on a terminal (with tqdm installed) when a fit takes longer than a second.

    Attributes
    ----------
    history_ : dict of lists of float
        "loss", in nats: of every pass of `fit` and every call of `partial_fit` the mean over its rows.
    n_features_in_ : int
        Columns of the data.

    See Also
    --------
    fastdiv.nn.functional.corrupt : The corruption, to test on corrupted data.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, *Extracting and Composing Robust Features with Denoising
    Autoencoders*, 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdiv.nn import DenoisingAutoencoder, functional
    >>> X = load_digits().data / 16
    >>> model = DenoisingAutoencoder(likelihood="bernoulli", random_state=0).fit(X)
    >>> noisy = functional.corrupt(X, "mask", 0.3, seed=1)
    >>> bool(((model.reconstruct(noisy) - X) ** 2).mean() < 0.5 * ((noisy - X) ** 2).mean())
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (128,),
        n_components: int = 16,
        *,
        corruption: str = "mask",
        corruption_level: float = 0.3,
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
        self.corruption = corruption
        self.corruption_level = corruption_level

    def _require(self) -> None:
        super()._require()
        one_of("corruption", self.corruption, CORRUPTIONS)
        if self.corruption == "gaussian":
            non_negative("corruption_level", self.corruption_level)
        else:
            fraction("corruption_level", self.corruption_level, zero=True)

    def _extra(self) -> dict[str, int]:
        return {"corrupted": self._network.architecture.n_features}

    def _inputs(self, workspace: Workspace) -> Array:
        return functional.corrupt(
            workspace.rows,
            self.corruption,
            float(self.corruption_level),
            self._position.seed,
            self._position.rows_seen * workspace.rows.shape[1],
            CORRUPTION,
            out=workspace.extra["corrupted"],
        )
