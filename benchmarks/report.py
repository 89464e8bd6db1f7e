"""Measure everything in one process and write tables and pictures, a section a domain.

Run ``python benchmarks/report.py [--quick] [--only WORD] [--output benchmarks/RESULTS.md]``.
WORD is a part of a work's name or a domain: ``--only logits`` leaves the other sections alone.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import document
import estimates
import fashion
import fits
import machine
import memory
import peers
import peers_logits
import peers_random
import picture
import training
import works
from exact import reference_of
from floor import floor_of
from measurement import Measurement, thread_counts
from table import write_section
from table_fits import write_fits
from table_logits import write_extras
from table_montecarlo import write_estimates
from timing import QUICK, Call, Effort, interleave
from works import Array, Work


def _calls(work: Work, arrays: tuple[Array, ...], quick: bool) -> dict[str, Call]:
    """Return every library's call, each run once before to compile."""
    calls = {"fastdiv": works.fastdiv_call(work, arrays)}
    for library in peers.peers_of(work.domain, quick):
        call = peers.peer_call(library, work, arrays)
        if call is not None:
            calls[library] = call
    return calls


def measure(work: Work, dtype: str, quick: bool) -> list[Measurement]:
    """Assert that all answers are right, then time them with one thread and with all."""
    arrays = works.arrays_of(work, dtype, quick)
    reference = reference_of(work, arrays)
    calls = _calls(work, arrays, quick)
    errors = {}
    for library, call in calls.items():
        errors[library] = reference.errors(peers.as_arrays(call()))
        reference.require(library, errors[library], work)
    effort = QUICK if quick else Effort(budget=work.budget)
    results = []
    for count in thread_counts(work):
        with machine.threads(count):
            possible = {
                library: call
                for library, call in calls.items()
                if library != "JAX" or count == machine.processors() or machine.can_pin()
            }
            if "torch.compile" in possible:
                possible["torch.compile"]()  # compiles again for another number of threads
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
    """Measure every work called like one of the words, or all; print a line for each."""
    chosen = [work for work in works.WORKS if not only or _is_called(work, only)]
    total = sum(len(work.dtypes) * len(thread_counts(work)) for work in chosen)
    results: list[Measurement] = []
    start = time.perf_counter()
    for work in chosen:
        for dtype in work.dtypes:
            for result in measure(work, dtype, quick):
                results.append(result)
                seconds = time.perf_counter() - start
                print(_progress(len(results), total, seconds, result), flush=True)
            gc.collect()
    return results


def _is_called(work: Work, words: Sequence[str]) -> bool:
    return any(word in f"{work.domain} {work.identifier()}" for word in words)


def _train(options: Any) -> training.Results | None:
    """Measure training, if it was asked for and its data is here."""
    if options.only and not any(word in "nn" for word in options.only):
        return None
    if fashion.missing():
        print(f"no training: {fashion.missing()}")
        return None
    return training.measure(options.quick)


def _write(
    results: Sequence[Measurement],
    trained: training.Results | None,
    record: dict[str, str],
    options: Any,
) -> None:
    """Draw and write the sections that were measured."""
    bodies = {}
    for section in document.SECTIONS:
        own = [result for result in results if result.work.domain in section.domains]
        if not own:
            continue
        known = {work for work in works.WORKS if work.domain in section.domains}
        only = options.only if {result.work for result in own} != known else []
        drawn = picture.draw(own, options.output.with_name(section.picture), section.title)
        name = section.picture if drawn else None
        lines = write_section(own, record, options.quick, only, name)
        if "logits" in section.domains:
            libraries = ["fastdiv"] if options.quick else ["fastdiv", *peers_logits.WITH_GRADIENTS]
            peaks = memory.peaks(libraries, options.quick)
            lines += write_extras(own, peaks, options.quick)
        if "random" in section.domains:
            lines += [peers_random.NOTES]
        bodies[section.title] = lines
    if not options.only or any(word in "montecarlo" for word in options.only):
        found = estimates.measure(options.quick)
        bodies["Monte Carlo estimates"] = write_estimates(found, record, options.quick)
    if not options.only or any(word in "fitting" for word in options.only):
        bodies["Fits"] = write_fits(fits.measure(options.quick), record, options.quick)
    if trained is not None:
        bodies[training.TITLE] = training.section(trained, record, options.quick)
    document.write(options.output, bodies)
    print(f"wrote {' and '.join(bodies)} to {options.output}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: a trial")
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="works or domains like WORD"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), metavar="FILE"
    )
    options = parser.parse_args(arguments)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    record = machine.record()
    for key, value in record.items():
        print(f"{key}: {value}")
    results, trained = run(options.only, options.quick), _train(options)
    if not results and trained is None and not {"fitting", "montecarlo"} & set(options.only):
        parser.error(f"no work is called like {' or '.join(options.only)}")
    _write(results, trained, record, options)


if __name__ == "__main__":
    main()
