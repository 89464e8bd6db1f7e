"""What kernels call. Compiled by Numba, a value is a number of one thread; simulated, an array over many lanes.

A kernel's control flow depends on nothing that differs between lanes: what does is a `select` or a mask.
``FASTDIV_CUDA=simulator`` in the environment chooses the simulator.
"""

from __future__ import annotations

import os

SIMULATED = os.environ.get("FASTDIV_CUDA") == "simulator"

if SIMULATED:
    from ._simulated import *  # noqa: F403
else:
    from ._compiled import *  # noqa: F403
