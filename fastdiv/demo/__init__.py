"""A report on real data: what fastdiv computes, checked against SciPy, timed and drawn.

A chapter is one module with one function, ``build(context) -> Chapter``: it computes through the
public interface, checks what it shows against another implementation, and returns text, figures and
tables. To add one, write the module beside this file and add its line to `CHAPTERS`; the command
line and the report find it there.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The name on the command line, and the module.
CHAPTERS = {
    "mutual-information": "_mutual_information",
    "distances": "_distances",
    "gradients": "_gradients",
    "distillation": "_distillation",
    "lecture": "_lecture",
    "autoencoders": "_autoencoders",
}

_EXTRAS = ("matplotlib", "safetensors", "scipy", "sklearn")


class MissingExtrasError(ImportError):
    """A package that only the demo needs is not installed."""


class OutputError(OSError):
    """The report's folder cannot be made or written to."""


@dataclass(frozen=True)
class Outcome:
    """Where the report lies, and the checks that failed, a sentence each."""

    page: Path
    failures: tuple[str, ...]


def run(output: str | Path, chapters: Sequence[str] = (), quick: bool = False) -> Outcome:
    """Run chapters and write the report.

    Parameters
    ----------
    output : path
        The folder of the report; made if need be. Other files in it are left alone.
    chapters : sequence of str
        Names from `CHAPTERS`; all of them if empty.
    quick : bool
        Use fewer images, and time less long.

    Returns
    -------
    Outcome
        The page to open, and the checks that failed.

    Raises
    ------
    MissingExtrasError
        If matplotlib, SciPy or scikit-learn is missing.
    OutputError
        If the folder cannot be written to.
    ValueError
        If there is no chapter of a name.
    """
    unknown = [name for name in chapters if name not in CHAPTERS]
    if unknown:
        raise ValueError(f"no chapter {unknown[0]!r}: expected {', '.join(CHAPTERS)}")
    _require_extras()
    folder = _writable(Path(output))

    from . import _chapter, _digits, _report

    steps = _chapter.Steps()
    with steps("load the handwritten digits"):
        digits = _digits.load(every=3 if quick else 1)
    context = _chapter.Context(digits, quick, steps)
    built = []
    for name, module in CHAPTERS.items():
        if not chapters or name in chapters:
            built.append((name, importlib.import_module(f".{module}", __name__).build(context)))
    with steps("draw the figures, write the report"):
        try:
            page = _report.write(folder, built, context)
        except OSError as error:
            raise OutputError(f"cannot write the report to {folder}: {error.strerror}") from error
    print(f"Report: {page}", flush=True)
    failures = [
        f"{name}: {check}" for name, each in built for check in each.checks if not check.passed
    ]
    return Outcome(page, tuple(failures))


def _require_extras() -> None:
    for name in _EXTRAS:
        try:
            importlib.import_module(name)
        except ImportError as error:
            message = f"the demo needs {name} ({error}): pip install 'fastdiv[demo]'"
            raise MissingExtrasError(message) from error


def _writable(folder: Path) -> Path:
    """Make the folder, and find out before any work whether files can be written there."""
    probe = folder / ".fastdiv-demo"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(f"cannot write to the folder {folder}: {error.strerror}") from error
    return folder
