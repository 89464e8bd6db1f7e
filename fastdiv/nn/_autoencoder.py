"""The plain autoencoder, and the step that its kin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ._estimator import BaseAutoencoder
from ._tally import Loss
from ._workspace import Workspace

Array = NDArray[Any]


class Autoencoder(BaseAutoencoder):
    r"""Encoder e and decoder g, trained to reproduce the data through a narrow code.

    .. math:: \min_{\phi, \theta} \frac{1}{n} \sum_i -\log p(x_i \mid g_\theta(e_\phi(x_i)))

    which for the Gaussian likelihood is ½ ‖x − g(e(x))‖² / scale² and a constant: summed over features, mean over rows,
    in nats.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default (128,)
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    n_components : int, default 16
        Width of the code.
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

    References
    ----------
    G. E. Hinton and R. R. Salakhutdinov, *Reducing the Dimensionality of Data with Neural Networks*, 2006.
    D. P. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdiv.nn import Autoencoder
    >>> X = load_digits().data / 16
    >>> model = Autoencoder(n_components=8, max_epochs=20, likelihood="bernoulli", random_state=0).fit(X)
    >>> model.transform(X).shape
    (1797, 8)
    >>> bool(abs(model.reconstruct(X) - X).mean() < 0.1)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (128,),
        n_components: int = 16,
        *,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_components = n_components
        self.activation = activation
        self.likelihood = likelihood
        self.scale = scale
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _gradients(self, workspace: Workspace) -> Loss:
        encoder, decoder = self._network.encoder, self._network.decoder
        inputs = self._inputs(workspace)
        code = encoder.forward(inputs, workspace.encoder)
        outputs = decoder.forward(code, workspace.decoder)
        values = self._likelihood.nll(
            outputs,
            workspace.rows,
            out=workspace.values,
            gradient=workspace.decoder.gradients[-1],
            cotangent=1 / len(workspace.rows),
        )
        decoder.backward(code, workspace.decoder, out=workspace.encoder.gradients[-1])
        column_gradient, *penalty = self._penalise(code, workspace)
        encoder.backward(inputs, workspace.encoder, column_gradient=column_gradient)
        return Loss(values, *penalty)

    def _inputs(self, workspace: Workspace) -> Array:
        """Return what is encoded."""
        return workspace.rows

    def _penalise(self, code: Array, workspace: Workspace) -> tuple[Any, ...]:
        """Return a gradient to add to every row of that by the code, and what there is to add to the loss."""
        return (None,)
