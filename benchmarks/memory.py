"""The peak of memory of one call, beyond its inputs: a fresh process for each library.

What ran before would leave pages behind, so each process imports, makes the inputs, compiles by a
first call, gives free memory back, and resets the kernel's high-water mark before it calls again.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import works
from works import Work

STATUS, MARK = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# Large blocks come from the system and go back to it: what one call frees is not what another keeps.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_TRIM_THRESHOLD_": str(2**20)}

WORK = next(
    work for work in works.WORKS if work.domain == "logits" and work.new_arrays and work.argnums
)


@dataclass(frozen=True)
class Peak:
    """Bytes of one call, its new gradient among them."""

    library: str
    work: Work
    quick: bool
    total: int

    @property
    def gradient(self) -> int:
        """The bytes of the result itself."""
        return 4 * self.work.elements(self.quick)

    @property
    def beyond_gradient(self) -> int:
        """The bytes that were needed only on the way."""
        return self.total - self.gradient


def _read(field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    if match is None:
        raise RuntimeError(f"{STATUS} has no {field}")
    return 1024 * int(match.group(1))


def _measure(library: str, quick: bool) -> int | None:
    """Return the bytes of a call in this process."""
    arrays = works.arrays_of(WORK, "float32", quick)
    if library == "fastdiv":
        call: works.Call | None = works.fastdiv_call(WORK, arrays)
    else:
        import peers  # loads them all, which our own figure can do without

        call = peers.peer_call(library, WORK, arrays)
    if call is None:
        return None
    call()
    ctypes.CDLL(None).malloc_trim(0)
    MARK.write_text("5", encoding="ascii")  # the high-water mark is what is resident now
    before = _read("VmRSS")
    result = call()
    peak = _read("VmHWM") - before
    del result
    return peak


def peak_of(library: str, quick: bool) -> Peak | None:
    """Measure in a new process; None, with the reason printed, where that is impossible."""
    command = [sys.executable, __file__, library, *(["--quick"] if quick else [])]
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    last = (done.stdout.splitlines() or [""])[-1]
    if done.returncode or not last.isdigit():
        reason = (done.stderr.strip().splitlines() or [last])[-1]
        print(f"memory: {library} is left out: {reason}")
        return None
    return Peak(library, WORK, quick, int(last))


def peaks(libraries: Sequence[str], quick: bool) -> list[Peak]:
    """Measure each library, on Linux."""
    if sys.platform != "linux":
        print("memory: measured on Linux only")
        return []
    found = [peak_of(library, quick) for library in libraries]
    return [peak for peak in found if peak is not None]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    measured = _measure(options.library, options.quick)
    print("it has nothing for this" if measured is None else measured)
