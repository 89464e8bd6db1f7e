"""Kernels for a GPU run in the simulator here, whatever the environment says."""

import importlib
import os

_before = os.environ.get("FASTDIV_CUDA")
os.environ["FASTDIV_CUDA"] = "simulator"

try:
    prims = importlib.import_module("fastdiv._cuda.prims")
except ImportError:  # Numba is not there for every Python
    prims = None
    collect_ignore_glob = ["test_*.py"]

if _before is None:
    del os.environ["FASTDIV_CUDA"]
else:
    os.environ["FASTDIV_CUDA"] = _before

assert prims is None or prims.SIMULATED, "the compiled back end was imported before"
