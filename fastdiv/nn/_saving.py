"""Estimators in files and in pickles: wherever they compute, what is kept is in host memory."""

from __future__ import annotations

import os
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from . import _checkpoint
from ._checkpoint_file import path_of
from ._machinery import Machinery

FilePath = str | os.PathLike[str]


class Saved(Machinery, BaseEstimator):
    """What saves an estimator and brings it back."""

    def save(self, path: FilePath) -> None:
        """Save everything: parameters, the optimiser's moments, the position in the data and in each random stream.

        The file is in the safetensors format, and is replaced as a whole or not at all.

        Parameters
        ----------
        path : path
            The file; an existing one is replaced.

        Raises
        ------
        NotFittedError
            If nothing was trained yet.
        ValueError
            If a hyper-parameter that the model depends on has changed since; the message names it.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        self._require_same_model()
        _checkpoint.save(self, path_of("path", path))

    @classmethod
    def load(cls, path: FilePath, device: str = "cpu") -> Any:
        """Return the estimator that was saved; training goes on from there, on the same device to the same bits.

        Parameters
        ----------
        path : path
            A file that `save` or `fit` wrote.
        device : {"cpu", "cuda"}, default "cpu"
            Where the model computes from now on, wherever it was trained.

        Returns
        -------
        estimator
            Of this class.

        Raises
        ------
        ValueError
            If the file is damaged, of another program or of another class.
        OSError
            If it cannot be read.
        """
        return _checkpoint.load(cls, path_of("path", path), device)

    def __getstate__(self) -> Any:
        if hasattr(self, "_network"):
            self._settle()
        state = dict(super().__getstate__())
        for name in ("_own_workspace", "_own_tally"):  # no part of what was learned
            state.pop(name, None)
        return state
