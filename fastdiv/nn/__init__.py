"""Autoencoders on fastdiv's kernels, as estimators for scikit-learn.

    Autoencoder             encodes and reconstructs
    DenoisingAutoencoder    reconstructs what has been corrupted
    SparseAutoencoder       few units are active at a time
    VariationalAutoencoder  a distribution of codes, by the evidence lower bound

    load                    any of them from its file

    functional              those kernels on arrays
    datasets                readers of data sets' files

Data are arrays of shape (n_samples, n_features): images are flattened first, ``images.reshape(len(images), -1) / 255``.

Matrix products are NumPy's. On a machine that others use as well, OpenBLAS's threads spin as they wait for each other
and may slow training many times over: start Python with ``OPENBLAS_NUM_THREADS=1``, or train within
``threadpoolctl.threadpool_limits(1, "blas")``. Small networks are held to one thread as it is.

With ``device="cuda"`` everything is computed on CuPy's current GPU, matrix products by cuBLAS. Rows are copied there
once if half of its free memory has room, else batch by batch.

`functional` and `datasets` need NumPy alone; scikit-learn is imported when an estimator is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import datasets as datasets
from . import functional as functional
from ._load import load as load

if TYPE_CHECKING:
    from ._autoencoder import Autoencoder as Autoencoder
    from ._denoising_autoencoder import DenoisingAutoencoder as DenoisingAutoencoder
    from ._sparse_autoencoder import SparseAutoencoder as SparseAutoencoder
    from ._variational_autoencoder import VariationalAutoencoder as VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "DenoisingAutoencoder",
    "SparseAutoencoder",
    "VariationalAutoencoder",
    "datasets",
    "functional",
    "load",
]

_ESTIMATORS = {
    "Autoencoder": "._autoencoder",
    "DenoisingAutoencoder": "._denoising_autoencoder",
    "SparseAutoencoder": "._sparse_autoencoder",
    "VariationalAutoencoder": "._variational_autoencoder",
}


def __getattr__(name: str) -> Any:
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        importlib.import_module("sklearn")
    except ImportError as error:
        message = f"fastdiv.nn.{name} needs scikit-learn: pip install 'fastdiv[nn]'"
        raise ImportError(message) from error
    globals()[name] = found = getattr(importlib.import_module(_ESTIMATORS[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})
