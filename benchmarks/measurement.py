"""What was measured of one work, with one type and one number of threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import machine
from floor import Floor
from timing import Timing
from works import Work


def thread_counts(work: Work) -> list[int]:
    """Return with how many threads a work is measured."""
    counts = machine.thread_counts()
    return counts if work.single_thread else counts[-1:]


@dataclass(frozen=True)
class Measurement:
    """Timings and errors by library, and the floor."""

    work: Work
    dtype: str
    threads: int
    quick: bool
    timings: Mapping[str, Timing]
    errors: Mapping[str, tuple[float, ...]]
    """Of the value and of each gradient, by library."""
    floor: Floor

    @property
    def label(self) -> str:
        """What was done, and its size."""
        return self.work.label(self.quick)

    @property
    def scale(self) -> float:
        """From seconds per call to the unit of the table: ns per element, or µs per call."""
        return 1e6 if self.work.per_call else 1e9 / self.work.elements(self.quick)

    def figure(self, library: str) -> float:
        """Return the median in the unit of the table."""
        return self.timings[library].median * self.scale

    def nanoseconds_per_element(self, library: str) -> float:
        """Return the median, whatever the unit of the table."""
        return self.timings[library].median * 1e9 / self.work.elements(self.quick)

    def ratio(self, library: str) -> float | None:
        """How many times longer a peer took than fastdiv, or None."""
        timing = self.timings.get(library)
        return None if timing is None else timing.ratio(self.timings["fastdiv"])

    @property
    def gigabytes_per_second(self) -> float:
        """The rate of fastdiv."""
        moved = self.work.bytes_moved(self.quick, self.dtype)
        return moved / self.timings["fastdiv"].median / 1e9

    @property
    def share_of_floor(self) -> float:
        """The floor over the time of fastdiv: 1 is the best possible."""
        return self.floor.seconds / self.timings["fastdiv"].median

    @property
    def target(self) -> float | None:
        """The figure to reach, in the unit of the table."""
        target = self.work.targets.get(self.dtype)
        if target is not None and self.work.long_rows:
            return max(target, self.floor.memory * self.scale)
        return target
