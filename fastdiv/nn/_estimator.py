"""What the estimators share: scikit-learn's conventions around a network, a likelihood and a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from . import _checkpoint, _training
from ._fingerprint import fingerprint
from ._likelihood import likelihood_of
from ._quiet import quiet
from ._saving import FilePath, Saved

Array = NDArray[Any]


class BaseAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Saved):
    """Encoder and decoder, trained by Adam; subclasses say what the loss is.

    A fitted model is used with the hyper-parameters that it was fitted with, whatever `set_params` is given later.

    Attributes
    ----------
    history_ : dict of lists of float
        Each term of the loss, in nats: of every pass of `fit` and every call of `partial_fit` the mean over its rows.
    n_features_in_ : int
        Columns of the data.
    """

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        checkpoint: FilePath | None = None,
        checkpoint_steps: int | None = None,
        callback: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Train on all rows, `max_epochs` times over, each time in another order.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            The data, a row a sample; images are flattened, ``images.reshape(len(images), -1) / 255``. A `numpy.memmap`
            is read batch by batch, whatever its type.
        y : ignored
            Present because scikit-learn passes it.
        checkpoint : path, optional
            Where to save the training after each pass. If the file exists, training goes on from there, to the same
            bits as if it had never stopped; if it is at its end, by `max_epochs` or the callback, it is loaded. A file
            of a training with other hyper-parameters (`verbose` and a greater `max_epochs` aside) or on other data is
            refused. Data are compared by hashes of all rows, or of some where X is mapped or larger than 256 MiB.
        checkpoint_steps : int, optional
            Save after so many steps as well.
        callback : callable, optional
            Called with the estimator after each pass, before that is saved; training ends if it returns true, for good:
            a checkpoint remembers it, and `partial_fit` is what goes on.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, X has values outside the likelihood's range, or the checkpoint is damaged or
            of another training; the message names it.
        OSError
            If the checkpoint cannot be read, or written to: this is found out before the first step.
        FloatingPointError
            If loss or parameters are no longer finite. The model is left as it was before the step that failed, which
            the steps before may have spoilt; where no pass was completed or the parameters are not finite, it counts as
            not fitted. On a GPU this is found out at the end of the pass, and the model counts as not fitted. The
            checkpoint, if there is one, is still that of the last pass.

        Examples
        --------
        A loss of validation after each pass, which ends the training once it has not fallen for three:

        >>> from sklearn.datasets import load_digits
        >>> from fastdiv.nn import Autoencoder
        >>> X = load_digits().data / 16
        >>> training, validation, losses = X[:1500], X[1500:], []
        >>> def has_settled(model):
        ...     losses.append(-model.score(validation))
        ...     return len(losses) > 3 and min(losses[-3:]) > min(losses[:-3])
        >>> model = Autoencoder(n_components=8, likelihood="bernoulli", random_state=0)
        >>> _ = model.fit(training, callback=has_settled)
        >>> len(losses) == len(model.history_["loss"]), losses[-1] < losses[0]
        (True, True)
        """
        self._require()
        file = _training.require_options(checkpoint, checkpoint_steps, callback)
        X = self._data(X, reset=True)
        likelihood_of(self).require(X)
        if file is not None and file.exists():
            _checkpoint.resume(self, file, X)
        else:
            self._start(X.shape[1])
            self._position.n_samples = len(X)
            self._position.data = fingerprint(X, self._dtype)
        _training.fit(self, X, file, checkpoint_steps, callback)
        self._after_fit()
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Any:
        """Go on training on these rows once, in their order, `batch_size` at a time.

        Between calls `learning_rate`, `batch_size` and the weights of the loss may change. What the model depends on
        may not: `hidden_layer_sizes`, `n_components`, `activation`, `likelihood`, `scale`, `dtype`, `device`,
        `random_state`.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows; of data in pieces, one piece: ``for piece in pieces: model.partial_fit(piece)``.
        y : ignored
            Present because scikit-learn passes it.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As `fit`; and if a hyper-parameter that the model depends on has changed.
        """
        fresh = not self.__sklearn_is_fitted__()
        if fresh:
            self._require()
        else:
            self._require_same_model()
        X = self._data(X, reset=fresh)
        likelihood_of(self).require(X)
        if fresh:
            self._start(X.shape[1])
        self._block_size = int(self.batch_size)
        _training.partial_fit(self, X)
        return self

    @quiet
    def transform(self, X: Any) -> Array:
        """Return the codes of rows.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_components)
            In the estimator's `dtype`; of a variational autoencoder the posterior's means.
        """
        check_is_fitted(self)
        X = self._data(X, reset=False)
        codes = np.empty((len(X), self._network.architecture.n_components), self._dtype)
        for rows, block in self._blocks(len(X)):
            self._put(X[rows], block.rows)
            codes[rows] = self._fetch(self._encode(block))
        return codes

    @quiet
    def inverse_transform(self, X: Any) -> Array:
        """Return the data that codes stand for: the means of the likelihood.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_components)
            Codes.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Means, in the estimator's `dtype`.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=self._dtype, order="C", input_name="X")
        expected = self._network.architecture.n_components
        if codes.shape[1] != expected:
            raise ValueError(
                f"X has {codes.shape[1]} columns: expected {expected} components of a code"
            )
        means = np.empty((len(codes), self.n_features_in_), self._dtype)
        for rows, block in self._blocks(len(codes)):
            self._put(codes[rows], block.code)
            means[rows] = self._fetch(self._decode_means(block))
        return means

    def reconstruct(self, X: Any) -> Array:
        """Return what decoding makes of the codes of rows: `inverse_transform(transform(X))`.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Means of the likelihood, in the estimator's `dtype`.
        """
        return self.inverse_transform(self.transform(X))

    @quiet
    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of rows given their own codes; greater is better.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rows.
        y : ignored
            Present because scikit-learn passes it.

        Returns
        -------
        float
            In nats: summed over features, mean over rows; -inf if a row is too far off for the range of `dtype`, NaN
            if it is beyond that inside the network already.
        """
        check_is_fitted(self)
        X = self._data(X, reset=False)
        self._likelihood.require(X)
        total = 0.0
        for rows, block in self._blocks(len(X)):
            self._put(X[rows], block.rows)
            outputs = self._network.decoder.forward(self._encode(block), block.decoder)
            values = self._likelihood.nll(outputs, block.rows, out=block.values)
            total -= float(values.sum(dtype=np.float64))
        return total / len(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # `dtype` decides
        return tags
