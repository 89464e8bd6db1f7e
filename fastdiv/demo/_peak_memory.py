"""The memory that one loss and its gradient take on one thread, measured in a process of its own.

``python -m fastdiv.demo._peak_memory NAME TOKENS VOCABULARY`` prints how many bytes the process grew, at its
highest, beyond the inputs; nothing where the system does not tell (it does on Linux, to about a quarter MiB).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ._distillation_losses import BUILDERS, random_logits

# One thread; and every large array goes back to the system as soon as it is freed, so that only what is needed
# at one time counts, not what an allocator keeps for later: that differs from run to run.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "FASTDIV_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
}
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(name: str, tokens: int, vocabulary: int) -> int | None:
    """Return the bytes at the peak of one call, the result among them, or None if they are not known."""
    arguments = [name, str(tokens), str(vocabulary)]
    command = [sys.executable, "-m", __name__, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **_ENVIRONMENT}
    )
    if done.returncode != 0:
        raise RuntimeError(f"measuring the memory of {name} failed: {done.stderr.strip()}")
    return int(done.stdout) if done.stdout.strip() else None


def _grown(name: str, tokens: int, vocabulary: int) -> int | None:
    BUILDERS[name](*random_logits(tokens, 500))()  # what is loaded once: code, threads
    call = BUILDERS[name](*random_logits(tokens, vocabulary))
    try:
        _RESET.write_text("5")  # the peak starts from what is in memory now
        before = _kibibytes("VmRSS")
        call()
        return 1024 * (_kibibytes("VmHWM") - before)
    except (OSError, KeyError):
        return None


def _kibibytes(entry: str) -> int:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[entry].split()[0])


if __name__ == "__main__":
    found = _grown(sys.argv[1], *map(int, sys.argv[2:]))
    print("" if found is None else found)
