"""The variational autoencoder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from .. import _validate as validate
from . import functional
from ._hyperparameters import non_negative
from ._latent import join
from ._latent_variable_model import LatentVariableModel
from ._position import LATENT
from ._tally import Loss
from ._workspace import Workspace

_COLLAPSED = 0.01  # nats a row


class VariationalAutoencoder(LatentVariableModel):
    r"""A latent-variable model p(x, z) = N(z; 0, I) p(x | z) and an encoder q(z | x), trained on the ELBO.

    .. math:: \min_{\phi, \theta} \frac{1}{n} \sum_i -E_{q_\phi(z \mid x_i)}[\log p_\theta(x_i \mid z)]
              + \beta \, KL(q_\phi(z \mid x_i) \Vert p(z))

    with q(z | x) = N(z; μ(x), diag σ²(x)) and one z = μ + σξ, ξ ~ N(0, I), a row and step: summed over features,
    mean over rows, in nats. With β = 1 this is minus the evidence lower bound, −ELBO ≥ −log p(x).

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default (128,)
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    n_components : int, default 16
        Dimension of z.
    beta : float, default 1.0
        Weight of the divergence.
    warm_up_steps : int, default 0
        The weight rises to beta in a straight line over so many steps.
    activation : {"relu", "tanh", "sigmoid", "softplus", "gelu", "identity"}, default "relu"
        Of hidden layers; means, log-variances and output are linear.
    likelihood : {"gaussian", "bernoulli"}, default "gaussian"
        "bernoulli" takes data in [0, 1], such as grey values.
    scale : float, default 1.0
        Standard deviation of the Gaussian likelihood: about that of the noise in a feature. 1 suits standardised data.
        For data in [0, 1] take likelihood="bernoulli", or a scale of about 0.2: with 1 the divergence outweighs all
        that there is to reconstruct, the posterior collapses to the prior, and every row becomes the mean. `fit` warns
        of that.
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

    Warns
    -----
    UserWarning
        At the end of `fit`, if the posterior has collapsed to the prior: a mean divergence below 0.01 nats a row.

    Attributes
    ----------
    history_ : dict of lists of float
        "loss", "reconstruction" and "kl" (without its weight), in nats: of every pass of `fit` and every call of
        `partial_fit` the mean over its rows.
    n_features_in_ : int
        Columns of the data.

    References
    ----------
    D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014.
    I. Higgins et al., *beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework*, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdiv.nn import VariationalAutoencoder
    >>> X = load_digits().data / 16
    >>> model = VariationalAutoencoder(n_components=2, likelihood="bernoulli", random_state=0)
    >>> model.fit(X).transform(X).shape
    (1797, 2)
    >>> model.sample(5).shape
    (5, 64)
    >>> bool(model.log_likelihood(X[:100], 50).mean() > model.elbo(X[:100], 50).mean())
    True
    """

    _terms: ClassVar[tuple[str, ...]] = ("loss", "reconstruction", "kl")

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (128,),
        n_components: int = 16,
        *,
        beta: float = 1.0,
        warm_up_steps: int = 0,
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
        self.beta = beta
        self.warm_up_steps = warm_up_steps
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

    def _require(self) -> None:
        super()._require()
        non_negative("beta", self.beta)
        validate.integer("warm_up_steps", self.warm_up_steps, 0, 2**63 - 1)

    def _gradients(self, workspace: Workspace) -> Loss:
        decoder, extra, n_rows = self._network.decoder, workspace.extra, len(workspace.rows)
        self._encode(workspace)
        kl = self._draw(workspace, LATENT, self._position.rows_seen)
        values = self._likelihood.nll(
            decoder.forward(workspace.code, workspace.decoder),
            workspace.rows,
            out=workspace.values,
            gradient=workspace.decoder.gradients[-1],
            cotangent=1 / n_rows,
        )
        decoder.backward(workspace.code, workspace.decoder, out=workspace.code_gradient)
        weight = self._kl_weight()
        functional.gaussian_kl_draw_backward(
            extra["mean"],
            extra["log_variance"],
            workspace.code_gradient,
            *self._noise(LATENT, self._position.rows_seen),
            cotangent=weight / n_rows,
            mean_gradient=extra["mean_gradient"],
            log_variance_gradient=extra["log_variance_gradient"],
        )
        join(extra, "_gradient", workspace.encoder.gradients[-1])
        self._network.encoder.backward(workspace.rows, workspace.encoder)
        return Loss(values, kl, weight)

    def _after_fit(self) -> None:
        divergence = self.history_["kl"][-1]
        if divergence >= _COLLAPSED or self.beta == 0:
            return
        advice = "standardised data, likelihood='bernoulli' for data in [0, 1], or a smaller beta"
        if self.likelihood == "gaussian":
            advice = f"a scale below {self.scale:g}, about the noise's standard deviation; {advice}"
        warnings.warn(
            f"the posterior has collapsed to the prior: its divergence is {divergence:.2g} nats a row, so codes tell "
            f"nothing of X; try {advice}",
            stacklevel=3,
        )

    def _kl_weight(self) -> float:
        rise = min(1.0, (self._position.step + 1) / max(1, self.warm_up_steps))
        return float(self.beta) * rise
