"""Estimators of any class from their files."""

from __future__ import annotations

import importlib
import os
from typing import Any

from . import _checkpoint
from ._checkpoint_file import path_of


def load(path: str | os.PathLike[str], device: str = "cpu") -> Any:
    """Return the autoencoder in a file, of whichever class it is.

    Parameters
    ----------
    path : path
        A file that an estimator's `save`, or `fit` with a checkpoint, wrote.
    device : {"cpu", "cuda"}, default "cpu"
        Where the model computes from now on, wherever it was trained.

    Returns
    -------
    Autoencoder, DenoisingAutoencoder, SparseAutoencoder or VariationalAutoencoder
        Fitted as it was; training goes on from there, on the same device to the same bits.

    Raises
    ------
    ValueError
        If the file is damaged, of another program or of a class that is not in `fastdiv.nn`.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from fastdiv import nn
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     nn.Autoencoder(n_components=2, max_epochs=3).fit(X).save(path)
    ...     model = nn.load(path)
    >>> type(model).__name__, model.transform(X).shape
    ('Autoencoder', (100, 2))
    """
    file = path_of("path", path)
    name = _checkpoint.estimator_in(file)
    package = importlib.import_module(__package__)  # imports its classes when they are asked for
    if name not in package._ESTIMATORS:
        raise ValueError(
            f"{file} holds an estimator of class {name}, which is not in fastdiv.nn: use {name}.load"
        )
    return getattr(package, name).load(file, device)
