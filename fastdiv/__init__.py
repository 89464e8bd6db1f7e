"""fastdiv: information measures at hardware speed, value and gradient in one pass.

Of probabilities, weights or counts p[..., n]:

    self_information      -log p of every entry
    entropy               H(p)
    cross_entropy         H(p, q)
    kl_divergence         KL(p ‖ q)
    js_divergence         JS(p, q), symmetric and finite
    js_distance           the square root of JS, a metric

Of a joint table p[..., nx, ny]:

    joint_entropy         H(X, Y)
    conditional_entropy   H(Y | X) or H(X | Y)
    mutual_information    I(X; Y)

Of any measure:

    value_and_grad        a function of its value and gradient
    grad                  a function of its gradient

Packages, with functions of their own:

    logits                entropy and divergences of softmax(x / temperature)
    pairwise              divergences of all pairs of rows of two matrices
    distributions         normal distributions and their mixtures
    montecarlo            divergences of mixtures, estimated from samples
    fitting               fits of distributions by gradients
    nn                    autoencoders, plain, denoising, sparse and variational
    plotting              pictures of distributions and fits
    random                normal and uniform numbers, any slice of a stream
    scipy                 drop-ins for SciPy; import fastdiv.scipy
    torch                 measures of logits with autograd for PyTorch; import fastdiv.torch
    demo                  a report on real data: python -m fastdiv demo

Threads, and where the C library lies:

    get_num_threads, set_num_threads
    get_include, get_library_dir, get_cmake_dir, get_pkg_config_dir
"""

import typing as _typing
from importlib import import_module as _import_module

try:
    _import_module("fastdiv._native")
except ImportError as _error:
    raise ImportError(
        f"fastdiv was imported from {__path__[0]}, which lacks its compiled part ({_error}): "
        "in a checkout, go to another folder or pip install -e ."
    ) from None

from . import _runtime as _runtime
from . import distributions as distributions
from . import fitting as fitting
from . import logits as logits
from . import montecarlo as montecarlo
from . import nn as nn
from . import pairwise as pairwise
from . import plotting as plotting
from . import random as random
from ._autodiff import grad as grad
from ._autodiff import value_and_grad as value_and_grad
from ._runtime import get_cmake_dir as get_cmake_dir
from ._runtime import get_include as get_include
from ._runtime import get_library_dir as get_library_dir
from ._runtime import get_num_threads as get_num_threads
from ._runtime import get_pkg_config_dir as get_pkg_config_dir
from ._runtime import set_num_threads as set_num_threads
from .probabilities import conditional_entropy as conditional_entropy
from .probabilities import cross_entropy as cross_entropy
from .probabilities import entropy as entropy
from .probabilities import joint_entropy as joint_entropy
from .probabilities import js_distance as js_distance
from .probabilities import js_divergence as js_divergence
from .probabilities import kl_divergence as kl_divergence
from .probabilities import mutual_information as mutual_information
from .probabilities import self_information as self_information

__all__ = [
    "conditional_entropy",
    "cross_entropy",
    "distributions",
    "entropy",
    "fitting",
    "get_cmake_dir",
    "get_include",
    "get_library_dir",
    "get_num_threads",
    "get_pkg_config_dir",
    "grad",
    "joint_entropy",
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "logits",
    "montecarlo",
    "mutual_information",
    "nn",
    "pairwise",
    "plotting",
    "random",
    "self_information",
    "set_num_threads",
    "value_and_grad",
]

__version__ = _runtime.version()
_runtime.start()

if not _typing.TYPE_CHECKING:  # a type checker would take every name for known

    def __getattr__(name: str) -> object:
        """Say how to come by a package that is not imported with this one."""
        if name in ("torch", "scipy", "demo"):
            message = f"fastdiv.{name} is imported by itself alone: import fastdiv.{name}"
            raise AttributeError(message, name=name)
        raise AttributeError(f"module 'fastdiv' has no attribute {name!r}", name=name)
