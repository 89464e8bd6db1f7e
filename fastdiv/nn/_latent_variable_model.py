"""What a model of latent variables tells once it is trained: codes, bounds and samples."""

from __future__ import annotations

import math
import numbers
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .. import _validate as validate
from .. import random
from . import functional
from ._estimator import BaseAutoencoder
from ._latent import log_prior_ratio
from ._position import EVALUATION, SAMPLE
from ._quiet import quiet
from ._workspace import Workspace

Array = NDArray[Any]


class LatentVariableModel(BaseAutoencoder):
    """An encoder q(z | x) = N(z; mean, variance) and a decoder p(x | z) over the prior N(z; 0, I).

    Its loss is a subclass's.
    """

    _encoded_per_component: ClassVar[int] = 2

    @quiet
    def posterior(self, X: Any) -> tuple[Array, Array]:
        """Return means and standard deviations of q(z | x), the distribution of each row's code.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        means, standard_deviations : ndarray, shape (n_samples, n_components)
            In the estimator's `dtype`; the means are `transform(X)`. A component whose standard deviations are all
            about 1, and its means about 0, tells nothing of X.

        References
        ----------
        D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014, section 3.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from fastdiv.nn import VariationalAutoencoder
        >>> X = load_digits().data / 16
        >>> model = VariationalAutoencoder(n_components=2, likelihood="bernoulli", random_state=0).fit(X)
        >>> means, standard_deviations = model.posterior(X)
        >>> means.shape, bool((standard_deviations.mean(axis=0) < 0.5).all())
        ((1797, 2), True)
        """
        check_is_fitted(self)
        X = self._data(X, reset=False)
        shape = (len(X), self._network.architecture.n_components)
        means, deviations = np.empty(shape, self._dtype), np.empty(shape, self._dtype)
        for rows, block in self._blocks(len(X)):
            self._put(X[rows], block.rows)
            means[rows] = self._fetch(self._encode(block))
            np.exp(self._fetch(block.extra["log_variance"]) / 2, out=deviations[rows])
        return means, deviations

    @quiet
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
            In nats. The draws depend on the seed, the number of rows and the row's place. A row too far off for the
            range of `dtype` gives -inf, or NaN if it is beyond that inside the encoder already.
        """
        X, count = self._rows_and_count(X, "n_samples", n_samples)
        bounds = np.zeros(len(X))
        for rows, block in self._blocks(len(X)):
            self._put(X[rows], block.rows)
            self._encode(block)
            for draw in range(count):
                kl = self._fetch(self._draw(block, EVALUATION, draw * len(X) + rows.start))
                bounds[rows] -= self._nll_of_code(block)
            # The likelihood is bounded, so an infinite divergence decides, even where the code gives no number.
            bounds[rows] = np.where(np.isposinf(kl), -np.inf, bounds[rows] / count - kl)
        return bounds

    @quiet
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
            In nats. The draws depend on the seed, the number of rows and the row's place. A row too far off for the
            range of `dtype` gives -inf, or NaN if it is beyond that inside the encoder already.

        References
        ----------
        Y. Burda, R. Grosse and R. Salakhutdinov, *Importance Weighted Autoencoders*, 2016.
        """
        X, count = self._rows_and_count(X, "n_importance", n_importance)
        bounds = np.full(len(X), -np.inf)
        for rows, block in self._blocks(len(X)):
            self._put(X[rows], block.rows)
            self._encode(block)
            for draw in range(count):
                self._draw(block, EVALUATION, draw * len(X) + rows.start)
                ratio = self._log_prior_ratio(block, draw * len(X) + rows.start)
                weights = np.where(np.isneginf(ratio), -np.inf, ratio - self._nll_of_code(block))
                bounds[rows] = np.logaddexp(bounds[rows], weights)
        return bounds - math.log(count)

    def sample(self, n_samples: int = 1, seed: int | None = None) -> Array:
        """Draw from the model, the same at each call unless each is given another `seed`.

        Codes from the prior are decoded to the means of the likelihood given them.

        Parameters
        ----------
        n_samples : int, default 1
            How many.
        seed : int, optional
            Seed of the codes, any int (modulo 2^64); by default that of training.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Means, in the estimator's `dtype`.
        """
        check_is_fitted(self)
        count = validate.integer("n_samples", n_samples, 1, 2**31 - 1)
        if seed is not None and not isinstance(seed, numbers.Integral):
            raise TypeError(f"seed must be an int, got {validate.describe(seed)}")
        chosen = self._position.seed if seed is None else int(seed) % 2**64
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

    def _extra(self) -> dict[str, int]:
        width = self._network.architecture.n_components
        of_code = ("mean", "log_variance", "mean_gradient", "log_variance_gradient")
        return {**dict.fromkeys(of_code, width), "kl": 0}

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

    def _log_prior_ratio(self, block: Workspace, row: int) -> Array:
        """Return log p(z) − log q(z | x) of codes whose noise begins with a row."""
        seed, offset, stream = self._noise(EVALUATION, row)
        noise = random.normal(seed, block.code.shape, offset, stream, dtype=self._dtype)
        log_variance = self._fetch(block.extra["log_variance"])
        return log_prior_ratio(log_variance, self._fetch(block.code), noise)

    def _rows_and_count(self, X: Any, name: str, count: Any) -> tuple[Array, int]:
        check_is_fitted(self)
        number = validate.integer(name, count, 1, 2**31 - 1)
        X = self._data(X, reset=False)
        self._likelihood.require(X)
        return X, number

    def _nll_of_code(self, block: Workspace) -> Array:
        outputs = self._network.decoder.forward(block.code, block.decoder)
        return self._fetch(self._likelihood.nll(outputs, block.rows, out=block.values))
