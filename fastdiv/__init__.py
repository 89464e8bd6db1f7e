"""fastdiv: information measures at hardware speed, value and gradient in one pass."""

from . import _runtime as _runtime
from . import logits as logits
from . import nn as nn
from . import pairwise as pairwise
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

__version__ = _runtime.version()
_runtime.start()
