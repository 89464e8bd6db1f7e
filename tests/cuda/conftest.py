"""Kernels for a GPU run in the simulator here, which nothing else in the process may have chosen otherwise."""

import importlib

from fastdiv import _stand_in

collect_ignore_glob = []
if _stand_in.NAME == _stand_in.EMULATOR:
    collect_ignore_glob = ["test_*.py"]
else:
    before, _stand_in.NAME = _stand_in.NAME, _stand_in.SIMULATOR
    try:
        prims = importlib.import_module("fastdiv._cuda.prims")
    except ImportError:  # Numba is not there for every Python
        collect_ignore_glob = ["test_*.py"]
    else:
        assert prims.SIMULATED, "the compiled back end was imported before"
    _stand_in.NAME = before
