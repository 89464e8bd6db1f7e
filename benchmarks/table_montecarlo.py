"""The section on Monte Carlo estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from estimates import LIBRARIES, Result
from table import markdown

_NOTES = """\
Value, standard error (fastdiv alone gives one) and gradients by mean and scale, from new samples in
each call; ours by the weights as well. *× peer*: as below; torch.distributions with autograd, JAX
compiled. Every library's value and gradients are required to lie within what chance leaves of an
estimate from 4,000,000 samples before they are timed."""


def write_estimates(results: Sequence[Result], record: Mapping[str, str], quick: bool) -> list[str]:
    """Return the lines of the section."""
    lines = ["**A quick trial: not for quotation.**", ""] if quick else []
    lines += [", ".join(f"{key}: {value}" for key, value in record.items()) + ".", ""]
    peers = [library for library in LIBRARIES if library != "fastdiv"]
    head = (
        "work", "dtype", "threads", "fastdiv (min–max)", *(f"× {p}" for p in peers), "target"
    )  # fmt: skip
    most = max(result.threads for result in results)
    rows = [_row(result, peers, most) for result in results]
    return [*lines, *markdown(head, rows, words=3), "", _NOTES, ""]


def _row(result: Result, peers: Sequence[str], most: int) -> list[str]:
    own = result.timings["fastdiv"]
    unit = "µs per call" if result.estimation.per_call else "ns a sample"
    figure, least, greatest = (
        f"{seconds * result.scale:.3g}"
        for seconds in (own.median, min(own.rounds), max(own.rounds))
    )
    ratios = []
    for peer in peers:
        timing = result.timings.get(peer)
        ratios.append("–" if timing is None else f"{timing.ratio(own):.3g}")
    target = result.estimation.targets.get(result.dtype)
    if target is None or result.threads != most:
        mark = "–"
    else:
        mark = f"{target:g} {'✓' if result.figure('fastdiv') <= target else '✗'}"
    return [
        result.estimation.label(result.quick),
        result.dtype,
        str(result.threads),
        f"**{figure}** {unit} ({least}–{greatest})",
        *ratios,
        mark,
    ]
