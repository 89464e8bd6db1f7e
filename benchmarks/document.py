"""The file of results: a section for what is measured together, and how to read them.

A run replaces the sections that it measured, each with its own record of the machine, and leaves
the others as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Section:
    """Domains that share a table and a picture."""

    title: str
    domains: tuple[str, ...]
    picture: str


SECTIONS = (
    Section("Probabilities and all pairs of rows", ("probabilities", "pairwise"), "results.png"),
    Section("Logits", ("logits",), "results-logits.png"),
    Section("Random numbers", ("random",), "results-random.png"),
    Section("Monte Carlo estimates", ("montecarlo",), ""),
    Section("Fits", ("fitting",), ""),
    Section("Training", ("nn",), ""),
    Section("GPU", ("gpu",), ""),
)

_READING = """\
## How to read it

Each figure is the median over interleaved rounds: fastdiv, then each peer, and again; in brackets
the least and the greatest round. **× peer** is how many times longer the peer took than fastdiv,
the median over rounds side by side: above 1 fastdiv is faster. All sides get the same arrays:
positive weights, which they normalise, or logits. Every answer is compared with long-double
arithmetic before it is timed.

- *ns/element*: of p, for two arguments of p and q together, for pairs of rows of each pair's
  entries.
- *GB/s*: inputs and outputs, each counted once, over the time.
- *of the floor*: the least possible time over the time taken. The floor is the larger of the
  bytes moved at the speed of a copy of that size, and the logarithms that are needed at the speed
  of our own logarithm in cache (for KL of all pairs the matrix product). Short calls, whose time
  is the call itself, have none.
- *max error*: of fastdiv, values and gradients, in units in the last place of the sum of the
  |terms|.
- *threads*: the same for all. With fewer than all, the process is held to as many processors,
  which is the only way to limit JAX; SciPy uses one thread at all times, NumPy uses several in
  matrix products only.
- *peers*: NumPy writes to memory that it keeps, and has no gradients of its own: its are written
  by hand. torch is eager and differentiates by autograd; JAX is compiled. Where plain formulas
  are quicker than library functions they are used, although they give NaN where an entry is 0.
- *target*: checked with all threads (for long rows: the memory floor, or the target of short
  ones); ✓ is reached.

Written by `python benchmarks/report.py`; with `--only logits` it replaces that section alone."""


def read(path: Path) -> dict[str, list[str]]:
    """Return the lines of each section that the file has, by its title."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    titles, bodies = parts[1::2], parts[2::2]
    return {t: body.strip("\n").split("\n") for t, body in zip(titles, bodies, strict=True)}


def write(path: Path, measured: Mapping[str, Sequence[str]]) -> None:
    """Put what was measured in the place of what the file had."""
    bodies = {**read(path), **measured}
    lines = ["# Results", ""]
    for section in SECTIONS:
        body = bodies.get(section.title)
        if body:
            text = "\n".join(body).strip("\n")
            lines += [f"## {section.title}", "", text, ""]
    path.write_text("\n".join([*lines, _READING, ""]), encoding="utf-8")
