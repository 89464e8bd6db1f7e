"""The section of some domains in the results: their record, picture and table, in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from measurement import Measurement
from peers import peers_of

_HEAD = (
    "work",
    "dtype",
    "threads",
    "fastdiv ns/element (min–max)",
    "GB/s",
    "of the floor",
    "max error, ulp",
)


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


def _row(result: Measurement, peers: Sequence[str], all_threads: int) -> list[str]:
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
        f"{max(result.errors['fastdiv']):.2f}",
        *(_ratio(result.ratio(peer)) for peer in peers),
        _target(result, all_threads),
    ]


def _noise(results: Sequence[Measurement], peers: Sequence[str]) -> str:
    """Say how far rounds lay apart."""
    count = [len(result.timings["fastdiv"].rounds) for result in results]
    parts = []
    for library in ("fastdiv", *peers):
        spreads = [r.timings[library].spread for r in results if library in r.timings]
        if spreads:
            middle, worst = 100 * statistics.median(spreads), 100 * max(spreads)
            parts.append(f"{library} {middle:.0f} % (at worst {worst:.0f} %)")
    rounds = str(count[0]) if len(set(count)) == 1 else f"{min(count)} to {max(count)}"
    what = f"(max − min) / median over the {rounds} rounds, in the median row"
    return f"Noise: {what}: {', '.join(parts)}."


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """Return the lines of a table whose first columns are words, the others numbers."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * words}{'---:|' * (len(head) - words)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def write_section(
    results: Sequence[Measurement],
    record: Mapping[str, str],
    quick: bool,
    only: Sequence[str],
    drawn: str | None,
) -> list[str]:
    """Return the lines of what every domain has; `drawn` is the name of a picture."""
    all_threads = max(result.threads for result in results)
    peers = peers_of(results[0].work.domain, quick)
    lines = []
    if quick:
        lines += ["**A quick trial with small sizes and few rounds: not for quotation.**", ""]
    if only:
        lines += [f"**Only works called like {' or '.join(only)}.**", ""]
    lines += [", ".join(f"{key}: {value}" for key, value in record.items()) + ".", ""]
    lines += [_noise(results, peers), ""]
    if drawn:
        lines += [f"![Time per element of each library]({drawn})", ""]
    head = (*_HEAD, *(f"× {peer}" for peer in peers), "target")
    rows = [_row(result, peers, all_threads) for result in results]
    return [*lines, *markdown(head, rows, words=3), ""]
