"""What the section on logits has besides its table: errors and memory of every library."""

from __future__ import annotations

from collections.abc import Sequence

from exact_logits import epsilon
from measurement import Measurement
from memory import Peak
from peers import peers_of
from table import markdown

_MIB = 2**20

_NOTES = """\
x is a teacher's logits from N(0, 2²), y a student's: x with noise from N(0, ½²) added. p and q are
their softmaxes; a gradient is with respect to the logits.

- *max error*: of values in units in the last place of the sum of the |terms|, of gradients in
  units of epsilon times the largest entry of the row, after what rounding to 16 bits costs; both
  of float32.
- *of the floor*: as below, plus one exponential for the entropy, two for KL, four with a
  gradient; for JS four and a logarithm, six and two with a gradient. The exponential is our own
  entropy of a row of float32 in cache, which takes one.
- *peers*: all compute in float32, also from bfloat16, except *torch bf16*, which does not leave
  it. torch.compile is told each size, JAX compiles for it. Their JS takes the logarithm of mixed
  probabilities, NaN where a probability underflows; the usual `logaddexp` is several times slower
  there. SciPy has values alone.
"""


def _error(result: Measurement, library: str) -> tuple[float, ...]:
    return result.errors.get(library, ())


def _cell(errors: Sequence[tuple[float, ...]]) -> str:
    """Write the worst value's error in ulp, and the worst gradient's relative to the largest."""
    known = [each for each in errors if each]
    if not known:
        return "–"
    value = max(each[0] for each in known)
    slopes = [slope for each in known for slope in each[1:]]
    text = f"{value:.2g}" if value < 100 else f"{value:,.0f}"
    return f"{text}, {max(slopes) * epsilon():.0e}" if slopes else text


def _errors(results: Sequence[Measurement], libraries: Sequence[str]) -> list[str]:
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for result in results:
        if not result.work.new_arrays:
            groups.setdefault((result.work.title, result.dtype), []).append(result)
    rows = [
        [title, dtype, *(_cell([_error(each, library) for each in group]) for library in libraries)]
        for (title, dtype), group in groups.items()
    ]
    return markdown(("work", "dtype", *libraries), rows, words=2)


def _memory(peaks: Sequence[Peak]) -> list[str]:
    rows = [
        [peak.library, *(f"{max(x, 0) / _MIB:.2f}" for x in (peak.total, peak.beyond_gradient))]
        for peak in peaks
    ]
    head = ("library", "peak of a call, MiB", "beyond the gradient itself, MiB")
    return markdown(head, rows, words=1)


def write_extras(results: Sequence[Measurement], peaks: Sequence[Peak], quick: bool) -> list[str]:
    """Return the lines below the table."""
    libraries = ("fastdiv", *peers_of("logits", quick))
    lines = [_NOTES, "Errors of every library, the worst of all sizes: of the value in ulp, of a"]
    lines += ["gradient relative to the largest entry of its row.", ""]
    lines += [*_errors(results, libraries), ""]
    if peaks:
        size = " × ".join(f"{n:,}" for n in peaks[0].work.size(quick))
        what = f"Memory for KL and its gradient by y, {size}, float32, beyond the inputs: each"
        lines += [what, "library in a process of its own, after a first call.", ""]
        lines += [*_memory(peaks), ""]
    return lines
