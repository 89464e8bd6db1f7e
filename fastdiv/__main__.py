"""Command line: python -m fastdiv."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import fastdiv
from fastdiv import _native, demo

_DIRECTORIES = {
    "cmake-dir": (fastdiv.get_cmake_dir, "the CMake package, for fastdiv_DIR"),
    "include-dir": (fastdiv.get_include, "the C header fastdiv/fastdiv.h"),
    "library-dir": (fastdiv.get_library_dir, "the shared library libfastdiv"),
    "pkg-config-dir": (fastdiv.get_pkg_config_dir, "fastdiv.pc, for PKG_CONFIG_PATH"),
}


def _chapter_name(name: str) -> str:
    if name not in demo.CHAPTERS:
        message = f"no chapter {name!r}: expected {', '.join(demo.CHAPTERS)}"
        raise argparse.ArgumentTypeError(message)
    return name


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m fastdiv", description=fastdiv.__doc__)
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--version", action="version", version=_native.version)
    for name, (_, what) in _DIRECTORIES.items():
        text = f"print the folder of {what}"
        printed.add_argument(
            f"--{name}", dest="directory", action="store_const", const=name, help=text
        )
    commands = parser.add_subparsers(dest="command", metavar="command")

    commands.add_parser("info", help="print version, instruction sets, threads and folders")
    show = "compute on real data, check against SciPy, time both, write a report with pictures"
    command = commands.add_parser("demo", help=show, description=show.capitalize() + ".")
    command.add_argument(
        "chapters",
        nargs="*",
        type=_chapter_name,
        metavar="chapter",
        help=f"which to run (default: all): {', '.join(demo.CHAPTERS)}",
    )
    command.add_argument(
        "--output",
        type=Path,
        default=Path("fastdiv-demo"),
        metavar="DIR",
        help="folder of the report (default: %(default)s); an earlier report is overwritten",
    )
    command.add_argument("--quick", action="store_true", help="fewer images, shorter timing")
    return parser


def _info() -> None:
    instruction_sets = ", ".join(_native.available_isas())
    lines = {
        "fastdiv": _native.version,
        "instruction set": f"{_native.isa()} (available: {instruction_sets})",
        "threads": str(fastdiv.get_num_threads()),
        "library": fastdiv.get_library_dir(),
        "header": fastdiv.get_include(),
        "CMake package": fastdiv.get_cmake_dir(),
        "pkg-config": fastdiv.get_pkg_config_dir(),
        "Python module": _native.__file__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }
    for name, value in lines.items():
        print(f"{name:<16} {value}")


def _demo(output: Path, chapters: Sequence[str], quick: bool) -> int:
    try:
        report = demo.run(output, chapters, quick)
    except (demo.MissingExtrasError, demo.OutputError) as error:
        print(f"python -m fastdiv demo: {error}", file=sys.stderr)
        return 2
    for failure in report.failures:
        print(f"CHECK FAILED: {failure}", file=sys.stderr)
    return 1 if report.failures else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 if a check of the demo failed, or 2 if it could not run."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.directory and options.command:
        parser.error(f"--{options.directory} and {options.command} do not go together")
    if options.directory:
        print(_DIRECTORIES[options.directory][0]())
    elif options.command == "info":
        _info()
    elif options.command == "demo":
        return _demo(options.output, options.chapters, options.quick)
    else:
        parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
