"""The section on whole fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fits import LIBRARIES, Result, microseconds_per_step
from table import markdown

_NOTES = """\
A normal distribution with any covariance, in the plane, fitted to an equal mixture of two by Adam:
each step estimates a divergence and its gradient from new samples. *× peer*: as below. torch is
eager, JAX compiles the whole loop, all steps as one function; its compilation is not counted. Every
library's fit is required to end at the minimum that quadrature finds, before it is timed."""


def write_fits(results: Sequence[Result], record: Mapping[str, str], quick: bool) -> list[str]:
    """Return the lines of the section."""
    size = results[0].size
    lines = ["**A quick trial: not for quotation.**", ""] if quick else []
    lines += [", ".join(f"{key}: {value}" for key, value in record.items()) + ".", ""]
    peers = [library for library in LIBRARIES if library != "fastdiv"]
    head = (
        "fit", "dtype", "threads", "fastdiv ms (min–max)", "µs per step", *(f"× {p}" for p in peers)
    )  # fmt: skip
    rows = [_row(result, peers) for result in results]
    what = f"{size.steps:,} steps, {size.samples:,} samples each."
    return [*lines, what, "", *markdown(head, rows, words=3), "", _NOTES, ""]


def _row(result: Result, peers: Sequence[str]) -> list[str]:
    own = result.timings["fastdiv"]
    least, most = 1e3 * min(own.rounds), 1e3 * max(own.rounds)
    ratios = []
    for peer in peers:
        timing = result.timings.get(peer)
        ratios.append("–" if timing is None else f"{timing.ratio(own):.1f}")
    return [
        result.fit.title,
        result.dtype,
        str(result.threads),
        f"**{1e3 * own.median:.0f}** ({least:.0f}–{most:.0f})",
        f"{microseconds_per_step(result, 'fastdiv'):.0f}",
        *ratios,
    ]
