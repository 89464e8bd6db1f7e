"""The variational autoencoder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .. import _validate as validate
from .. import random
from . import functional
from ._estimator import BaseAutoencoder
from ._hyperparameters import non_negative
from ._latent import join, log_prior_ratio
from ._position import EVALUATION, LATENT, SAMPLE
from ._workspace import Workspace

Array = NDArray[Any]


class VariationalAutoencoder(BaseAutoencoder):
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
        "bernoulli" takes data in [0, 1].
    scale : float, default 1.0
        Standard deviation of the Gaussian likelihood.
    learning_rate : float, default 1e-3
        Of Adam, with its usual decay rates, 0.9 and 0.999.
    batch_size : int, default 128
        Rows of a step.
    max_epochs : int, default 50
        Passes over the data.
    dtype : {"float32", "float64"}, default "float32"
        Type that everything is computed in.
    random_state : int, RandomState or None, default None
        Seed of initial parameters, order of rows and noise. The same int gives the same bits.
    verbose : bool, default True
        Show a progress bar on a terminal (with tqdm installed) when a fit takes longer than a second.

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

    _encoded_per_component: ClassVar[int] = 2
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
        self.random_state = random_state
        self.verbose = verbose

    def elbo(self, X: Any, n_samples: int = 1) -> Array:
        r"""Return the evidence lower bound of each row.

        .. math:: ELBO(x) = E_{q(z \mid x)}[\log p(x \mid z)] - KL(q(z \mid x) \Vert p(z)) \le \log p(x)

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.
        n_samples : int, default 1
            Draws of z that the expectation is a mean over; the divergence is exact.

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            In nats. The draws depend on the seed, the number of rows and the row's place.
        """
        X, count = self._rows_and_count(X, "n_samples", n_samples)
        bounds = np.zeros(len(X))
        for rows, block in self._blocks(len(X)):
            block.rows[...] = X[rows]
            self._encode(block)
            for draw in range(count):
                kl = self._draw(block, EVALUATION, draw * len(X) + rows.start)
                bounds[rows] -= self._nll_of_code(block)
            bounds[rows] = bounds[rows] / count - kl
        return bounds

    def log_likelihood(self, X: Any, n_importance: int = 100) -> Array:
        r"""Return the importance-weighted bound on the log-likelihood of each row.

        .. math:: \log \frac{1}{K} \sum_k \frac{p(x \mid z_k) p(z_k)}{q(z_k \mid x)}, \quad z_k \sim q(z \mid x)

        In the mean it lies between the ELBO, which it is for K = 1, and log p(x), which it tends to.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.
        n_importance : int, default 100
            K.

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            In nats. The draws depend on the seed, the number of rows and the row's place.

        References
        ----------
        Y. Burda, R. Grosse and R. Salakhutdinov, *Importance Weighted Autoencoders*, 2016.
        """
        X, count = self._rows_and_count(X, "n_importance", n_importance)
        bounds = np.full(len(X), -np.inf)
        for rows, block in self._blocks(len(X)):
            block.rows[...] = X[rows]
            self._encode(block)
            for draw in range(count):
                self._draw(block, EVALUATION, draw * len(X) + rows.start)
                weights = log_prior_ratio(block) - self._nll_of_code(block)
                bounds[rows] = np.logaddexp(bounds[rows], weights)
        return bounds - math.log(count)

    def sample(self, n_samples: int = 1, seed: int | None = None) -> Array:
        """Draw from the model: codes from the prior, and the means of the likelihood given them.

        Parameters
        ----------
        n_samples : int, default 1
            How many.
        seed : int, optional
            Seed of the codes; by default that of training.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Means, in the estimator's `dtype`.
        """
        check_is_fitted(self)
        count = validate.integer("n_samples", n_samples, 1, 2**31 - 1)
        chosen = self._position.seed if seed is None else seed
        shape = (count, self._network.architecture.n_components)
        codes = random.normal(chosen, shape, stream=SAMPLE, dtype=self._dtype)
        return self.inverse_transform(codes)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean ELBO of rows, each with one draw; greater is better.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.
        y : ignored
            Present because scikit-learn passes it.

        Returns
        -------
        float
            In nats.
        """
        return float(self.elbo(X).mean())

    def _require(self) -> None:
        super()._require()
        non_negative("beta", self.beta)
        validate.integer("warm_up_steps", self.warm_up_steps, 0, 2**63 - 1)

    def _extra(self) -> dict[str, int]:
        width = self._network.architecture.n_components
        of_code = ("mean", "log_variance", "mean_gradient", "log_variance_gradient")
        return {**dict.fromkeys(of_code, width), "kl": 0}

    def _gradients(self, workspace: Workspace) -> dict[str, float]:
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
        reconstruction = float(values.sum(dtype=np.float64)) / n_rows
        divergence = float(kl.sum(dtype=np.float64)) / n_rows
        loss = reconstruction + weight * divergence
        return {"loss": loss, "reconstruction": reconstruction, "kl": divergence}

    def _kl_weight(self) -> float:
        rise = min(1.0, (self._position.step + 1) / max(1, self.warm_up_steps))
        return float(self.beta) * rise

    def _encode(self, workspace: Workspace) -> Array:
        """Write the posterior's means and log-variances; return the means."""
        encoded = self._network.encoder.forward(workspace.rows, workspace.encoder)
        mean, log_variance = workspace.extra["mean"], workspace.extra["log_variance"]
        width = mean.shape[1]
        mean[...], log_variance[...] = encoded[:, :width], encoded[:, width:]
        return mean

    def _noise(self, stream: int, row: int) -> tuple[int, int, int]:
        """Return seed, offset and stream of the noise that begins with a row."""
        return self._position.seed, row * self._network.architecture.n_components, stream

    def _draw(self, workspace: Workspace, stream: int, row: int) -> Array:
        """Draw codes from the posterior; return its divergence from the prior."""
        mean, log_variance = workspace.extra["mean"], workspace.extra["log_variance"]
        noise = self._noise(stream, row)
        kl, _ = functional.gaussian_kl_draw(
            mean, log_variance, *noise, z=workspace.code, out=workspace.extra["kl"]
        )
        return kl

    def _rows_and_count(self, X: Any, name: str, count: Any) -> tuple[Array, int]:
        check_is_fitted(self)
        number = validate.integer(name, count, 1, 2**31 - 1)
        X = self._data(X, reset=False)
        self._likelihood.require(X)
        return X, number

    def _nll_of_code(self, block: Workspace) -> Array:
        outputs = self._network.decoder.forward(block.code, block.decoder)
        return self._likelihood.nll(outputs, block.rows, out=block.values)
