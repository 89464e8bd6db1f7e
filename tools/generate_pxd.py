"""Writes fastdiv/capi.pxd, the Cython view of fastdiv.h: `python tools/generate_pxd.py`."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = ROOT / "csrc" / "include" / "fastdiv" / "fastdiv.h"
OUTPUT = ROOT / "fastdiv" / "capi.pxd"


def members(body: str) -> list[str]:
    """Return the declarations of a struct's members, one name each."""
    found = []
    for declaration in re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).split(";"):
        text = " ".join(declaration.split())
        names = [text] if "(" in text else text.split(", ")
        kind = names[0].rpartition(" ")[0]
        found += [names[0], *(f"{kind} {name}" for name in names[1:])]
    return [text for text in found if text]


def generate(header: str) -> str:
    """Return the declarations of a header's text."""
    lines = [
        "# Written by tools/generate_pxd.py from fastdiv.h, which explains the functions.",
        "from libc.stdint cimport uint16_t, uint32_t, uint64_t",
        "",
        'cdef extern from "fastdiv/fastdiv.h" nogil:',
    ]
    numbers = re.findall(r"^#define (FASTDIV_(?:ABI|MAX)_\w+) \d+$", header, re.MULTILINE)
    lines += [f"    int {number}" for number in numbers]
    lines += ["    enum:"]
    lines += [
        f"        {code}" for code in re.findall(r"^  (FASTDIV_\w+) = \d+", header, re.MULTILINE)
    ]
    for body, name in re.findall(
        r"^typedef struct \w+ \{(.*?)^\} (\w+);", header, re.MULTILINE | re.DOTALL
    ):
        lines += [f"    ctypedef struct {name}:"]
        lines += [f"        {member}" for member in members(body)]
    for result, name, arguments in re.findall(
        r"^FASTDIV_API (\w[\w ]*[ *])(\w+)\((.*?)\);", header, re.MULTILINE | re.DOTALL
    ):
        parts = [part.strip() for part in arguments.replace("\n", " ").split(",")]
        if parts == ["void"]:
            lines.append(f"    {result}{name}()")
            continue
        lines.append(f"    {result}{name}(")
        lines += [f"        {part}," for part in parts[:-1]] + [f"        {parts[-1]})"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(generate(HEADER.read_text()))
