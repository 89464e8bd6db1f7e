"""Kernels for a GPU run in the simulator here, whatever the environment says."""

import os

_before = os.environ.get("FASTDIV_CUDA")
os.environ["FASTDIV_CUDA"] = "simulator"

import fastdiv._cuda.prims  # noqa: E402

if _before is None:
    del os.environ["FASTDIV_CUDA"]
else:
    os.environ["FASTDIV_CUDA"] = _before

assert fastdiv._cuda.prims.SIMULATED, "the compiled back end was imported before"
