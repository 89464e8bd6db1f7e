"""What stands in for a GPU: ``FASTDIV_CUDA=simulator`` or ``emulator`` in the environment, or nothing does."""

from __future__ import annotations

import os

SIMULATOR, EMULATOR = "simulator", "emulator"
NAME = os.environ.get("FASTDIV_CUDA") or None

if NAME not in (None, SIMULATOR, EMULATOR):
    raise ValueError(f"FASTDIV_CUDA is {NAME!r}, expected {SIMULATOR!r}, {EMULATOR!r} or nothing")
