"""What kernels call. Compiled by Numba, a value is a number of one thread; simulated, an array over many lanes.

A kernel's control flow depends on nothing that differs between the lanes of a warp: what does is a `select` or a mask.
The simulator runs Python, the emulator what was compiled: for either one memory is the host's.
"""

from __future__ import annotations

from ... import _stand_in

SIMULATED = _stand_in.NAME is not None
EMULATED = _stand_in.NAME == _stand_in.EMULATOR

if SIMULATED and not EMULATED:
    from ._simulated import *  # noqa: F403
else:
    from ._compiled import *  # noqa: F403
