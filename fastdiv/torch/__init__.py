"""fastdiv for PyTorch: measures of logits with autograd, and drop-ins under PyTorch's own paths.

`import fastdiv` does not import this; ``import fastdiv.torch`` does, and PyTorch with it.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("fastdiv.torch needs PyTorch: pip install 'fastdiv[torch]'") from error

from . import distributions as distributions
from . import nn as nn
from ._cross_entropy import cross_entropy as cross_entropy
from ._entropy import entropy as entropy
from ._js_divergence import js_divergence as js_divergence
from ._kl_divergence import kl_divergence as kl_divergence
from ._kl_estimate import kl_estimate as kl_estimate
