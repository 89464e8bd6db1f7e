"""What the library and its objects export, and nothing else."""

import re
from pathlib import Path

import fastdiv

# Global, and neither weak nor unique: the kinds that two objects may define at once.
STRONG = set("TDRBC")
MERGED = set("WVuiwv")


def defined(nm, run, *arguments):
    """Return {name: kind} of the symbols that are defined and not local."""
    lines = [line.split() for line in run(nm, "--defined-only", *arguments).splitlines()]
    pairs = [line[-2:] for line in lines if len(line) >= 2 and len(line[-2]) == 1]
    return {name: kind for kind, name in pairs if kind in STRONG | MERGED}


def test_the_library_exports_the_header(tool, run):
    header = Path(fastdiv.get_include(), "fastdiv", "fastdiv.h").read_text()
    declared = re.findall(r"^FASTDIV_API\b[^;(]*?(\w+)\(", header, re.MULTILINE)
    assert len(declared) == len(set(declared)) > 40
    library = next(Path(fastdiv.get_library_dir()).glob("libfastdiv.*"))
    exported = defined(tool("nm"), run, "-D", library)
    assert set(exported) == set(declared)
    assert set(exported.values()) == {"T"}


def test_kernels_export_one_table(native_checks, tool, run):
    build = native_checks("core").parent
    objects = list(build.rglob("csrc/kernels/*.cpp.o"))
    assert objects
    for path in objects:
        name = path.parents[2].name.removesuffix(".dir")
        symbols = defined(tool("nm"), run, path)
        merged = {symbol for symbol, kind in symbols.items() if kind in MERGED}
        # The linker keeps one of these for all: perhaps compiled for more than the machine has.
        assert not merged
        assert len(symbols) == 1
        assert name in next(iter(symbols))
