"""The table of results, in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from measurement import Measurement
from peers import PEERS

_HEAD = (
    "work",
    "dtype",
    "threads",
    "fastdiv ns/element (min–max)",
    "GB/s",
    "of the floor",
    "max error, ulp",
    *(f"× {peer}" for peer in PEERS),
    "target",
)

_NOTES = """\
Each figure is the median over interleaved rounds: fastdiv, then each peer, and again; in brackets
the least and the greatest round. **× peer** is how many times longer the peer took than fastdiv,
the median over rounds side by side: above 1 fastdiv is faster. All sides get the same arrays of
positive weights and normalise them. Every answer is compared with long-double arithmetic before
it is timed.

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
"""


def _number(value: float) -> str:
    """Three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 1.95 else f"{value:.2f}"


def _target(result: Measurement, all_threads: int) -> str:
    if result.target is None or result.threads != all_threads:
        return "–"
    reached = result.figure("fastdiv") <= result.target
    unit = " µs" if result.work.per_call else ""
    return f"{result.target:.2g}{unit} {'✓' if reached else '✗'}"


def _row(result: Measurement, all_threads: int) -> list[str]:
    rounds = [seconds * result.scale for seconds in result.timings["fastdiv"].rounds]
    spread = f"{_number(min(rounds))}–{_number(max(rounds))}"
    small = result.work.per_call
    unit = " µs per call" if small else ""
    return [
        result.label,
        result.dtype,
        str(result.threads),
        f"**{_number(result.figure('fastdiv'))}**{unit} ({spread})",
        "–" if small else f"{result.gigabytes_per_second:.1f}",
        "–" if small else f"{100 * result.share_of_floor:.0f} %",
        f"{result.errors['fastdiv']:.2f}",
        *(_ratio(result.ratio(peer)) for peer in PEERS),
        _target(result, all_threads),
    ]


def _noise(results: Sequence[Measurement]) -> str:
    """Say how far rounds lay apart."""
    count = [len(result.timings["fastdiv"].rounds) for result in results]
    parts = []
    for library in ("fastdiv", *PEERS):
        spreads = [r.timings[library].spread for r in results if library in r.timings]
        if spreads:
            middle, worst = 100 * statistics.median(spreads), 100 * max(spreads)
            parts.append(f"{library} {middle:.0f} % (at worst {worst:.0f} %)")
    rounds = str(count[0]) if len(set(count)) == 1 else f"{min(count)} to {max(count)}"
    what = f"(max − min) / median over the {rounds} rounds, in the median row"
    return f"Noise: {what}: {', '.join(parts)}."


def write_table(
    results: Sequence[Measurement], record: Mapping[str, str], quick: bool, drawn: bool
) -> str:
    """Return the whole document."""
    all_threads = max(result.threads for result in results)
    lines = ["# Results", ""]
    if quick:
        lines += ["**A quick trial with small sizes and few rounds: not for quotation.**", ""]
    lines += [", ".join(f"{key}: {value}" for key, value in record.items()) + ".", ""]
    lines += [_noise(results), ""]
    if drawn:
        lines += ["![Time per element of each library](results.png)", ""]
    lines += [f"| {' | '.join(_HEAD)} |", f"|{'---|' * 3}{'---:|' * (len(_HEAD) - 3)}"]
    lines += [f"| {' | '.join(_row(result, all_threads))} |" for result in results]
    lines += ["", _NOTES.rstrip(), "", "Written by `python benchmarks/report.py`.", ""]
    return "\n".join(lines)
