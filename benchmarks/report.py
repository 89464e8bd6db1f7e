"""Measure everything in one process and write one table and one picture.

Run ``python benchmarks/report.py [--quick] [--only WORD] [--output benchmarks/RESULTS.md]``.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Sequence
from pathlib import Path

import machine
import peers
import picture
import works
from exact import Reference
from floor import floor_of
from measurement import Measurement
from table import write_table
from timing import QUICK, Call, Effort, interleave
from works import Array, Work


def _calls(work: Work, arrays: tuple[Array, ...]) -> dict[str, Call]:
    """Return every library's call, each run once before to compile."""
    calls = {"fastdiv": works.fastdiv_call(work, arrays)}
    for library in peers.PEERS:
        call = peers.peer_call(library, work, arrays)
        if call is not None:
            calls[library] = call
    return calls


def measure(work: Work, dtype: str, quick: bool) -> list[Measurement]:
    """Assert that all answers are right, then time them with one thread and with all."""
    arrays = works.arrays_of(work, dtype, quick)
    reference = Reference(work, arrays)
    calls = _calls(work, arrays)
    errors = {}
    for library, call in calls.items():
        errors[library] = reference.error(peers.as_arrays(call()))
        reference.require(library, errors[library], work)
    effort = QUICK if quick else Effort()
    results = []
    for count in machine.thread_counts():
        with machine.threads(count):
            possible = {
                library: call
                for library, call in calls.items()
                if library != "JAX" or count == machine.processors() or machine.can_pin()
            }
            timings = interleave(possible, effort)
            floor = floor_of(work, arrays, count, quick)
        results.append(Measurement(work, dtype, count, quick, timings, errors, floor))
    return results


def _progress(number: int, total: int, seconds: float, result: Measurement) -> str:
    unit = "µs" if result.work.per_call else "ns"
    figures = [f"fastdiv {result.figure('fastdiv'):.3g} {unit}"]
    figures += [f"{name} {result.figure(name):.3g}" for name in result.timings if name != "fastdiv"]
    what = f"{result.label}, {result.dtype}, threads: {result.threads}"
    return f"[{number:3}/{total}] {seconds:5.0f} s  {what}: {', '.join(figures)}"


def run(only: Sequence[str], quick: bool) -> list[Measurement]:
    """Measure every work whose name holds one of the words, or all; print a line for each."""
    chosen = [w for w in works.WORKS if not only or any(o in w.identifier() for o in only)]
    total = len(chosen) * len(works.DTYPES) * len(machine.thread_counts())
    results: list[Measurement] = []
    start = time.perf_counter()
    for work in chosen:
        for dtype in works.DTYPES:
            for result in measure(work, dtype, quick):
                results.append(result)
                seconds = time.perf_counter() - start
                print(_progress(len(results), total, seconds, result), flush=True)
            gc.collect()
    return results


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: a trial")
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="works whose name holds WORD"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), metavar="FILE"
    )
    options = parser.parse_args(arguments)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    record = machine.record()
    for key, value in record.items():
        print(f"{key}: {value}")
    results = run(options.only, options.quick)
    if not results:
        parser.error(f"no work is called like {' or '.join(options.only)}")
    drawn = picture.draw(results, options.output.with_name("results.png"))
    options.output.write_text(write_table(results, record, options.quick, drawn), encoding="utf-8")
    print(f"wrote {options.output}{' and results.png' if drawn else ''}")


if __name__ == "__main__":
    main()
