"""What the CUDA kernels' machine code must look like, checked without a GPU.

    python tools/cuda_gate.py               # one kernel of each family, of some all; for two generations of GPUs
    python tools/cuda_gate.py --all         # every kernel
    python tools/cuda_gate.py --only kl     # those whose name contains this; --show prints their element loops

Each kernel is compiled on the route that users take. It fails when registers spill or a stack or local memory is
used, when a float32 kernel computes in float64 inside an element loop, and when a kernel that declares vector loads
does not read its elements by 16 bytes at a time. An element loop touches memory, and lanes do not speak to each other
in it: no barrier, no shuffle. Where they do a row's sums come together; what is done once a row may be float64.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CAPABILITIES = ((8, 0), (9, 0))
COLUMNS = (
    "registers",
    "shared",
    "stack",
    "spill",
    "local",
    "loops",
    "longest",
    "f64",
    "LDG",
    "LDG.128",
    "code",
)
"""Of the table: bytes of memory, then what element loops have, the longest of them in instructions."""
FLOAT64 = re.compile(
    r"(D(ADD|MUL|FMA|SETP|MNMX|MMA)\b|MUFU\.(RCP|RSQ)64H|F2F\S*\.F64|[IF]2[IF]\S*\.F64)"
)
SINGLE = re.compile(r"FFMA\b")
SPOKEN = re.compile(r"BAR\b|SHFL\b")
MEMORY = re.compile(r"(LD|ST)[GS]\b")
WIDE = re.compile(r"\.128\b")
INSTRUCTION = re.compile(r"^\s*/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?([A-Z]\S*)(.*?);")
LABEL = re.compile(r"^([.$\w]+):")
TARGET = re.compile(r"`\(([^)]+)\)")


def disassembler() -> str | None:
    """Return the path of nvdisasm, of its wheel or of a toolkit."""
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in Path(folder).glob("cu*/bin/nvdisasm"):
            return str(path)
    return shutil.which("nvdisasm")


def disassemble(cubin: bytes) -> str:
    """Return machine code as text."""
    program = disassembler()
    if program is None:
        raise RuntimeError("nvdisasm is missing: pip install '.[cuda-gate]'")
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [program, "-c", file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass
class Block:
    """Instructions that run one after another, and what may follow: numbers of blocks."""

    lines: list[str] = field(default_factory=list)
    followers: list[int] = field(default_factory=list)
    called: list[int] = field(default_factory=list)


def control_flow(text: str) -> list[Block]:
    """Cut a disassembly into blocks."""
    blocks = [Block()]
    labels: dict[str, int] = {}
    jumps: list[tuple[int, str, bool]] = []
    falls: list[int] = []
    open_end = False
    for line in text.splitlines():
        label, instruction = LABEL.match(line), INSTRUCTION.match(line)
        if label:
            if blocks[-1].lines:
                if open_end:
                    falls.append(len(blocks) - 1)
                blocks.append(Block())
            labels[label.group(1)] = len(blocks) - 1
        if not instruction:
            continue
        predicated = "@" in line.split("*/", 1)[1].split(instruction.group(2))[0]
        name = instruction.group(2)
        blocks[-1].lines.append(name + instruction.group(3))
        target = TARGET.search(instruction.group(3))
        ends = name.split(".")[0] in ("BRA", "EXIT", "RET", "BRX", "JMP", "CALL")
        # On sm_80 a call of a local label is a jump by which lanes come together.
        call = name.startswith("CALL") and not (target and target.group(1).startswith(".L"))
        open_end = predicated or call or not ends
        if target and ends and not name.startswith("RET"):  # its operand is where the caller is
            jumps.append((len(blocks) - 1, target.group(1), call))
        if ends:
            if open_end:
                falls.append(len(blocks) - 1)
            blocks.append(Block())
    for number in falls:
        if number + 1 < len(blocks):
            blocks[number].followers.append(number + 1)
    for number, target_name, call in jumps:
        if target_name in labels:
            kind = blocks[number].called if call else blocks[number].followers
            kind.append(labels[target_name])
    return blocks


def cycles(blocks: list[Block], among: set[int]) -> Iterator[set[int]]:
    """Find the strongly connected sets of blocks that can come back to themselves."""
    order: list[int] = []
    seen: set[int] = set()
    before: dict[int, list[int]] = {number: [] for number in among}
    for number in among:
        for follower in blocks[number].followers:
            if follower in among:
                before[follower].append(number)
    for start in sorted(among):
        stack = [(start, False)]
        while stack:
            number, done = stack.pop()
            if done:
                order.append(number)
            elif number not in seen:
                seen.add(number)
                stack.append((number, True))
                stack += [(each, False) for each in blocks[number].followers if each in among]
    left = set(among)
    for start in reversed(order):
        if start not in left:
            continue
        members, stack_back = set(), [start]
        while stack_back:
            number = stack_back.pop()
            if number in left:
                left.remove(number)
                members.add(number)
                stack_back += before[number]
        if len(members) > 1 or start in blocks[start].followers:
            yield members


def quiet_loops(blocks: list[Block], among: set[int]) -> Iterator[set[int]]:
    """Find the largest loops in which lanes do not speak to each other."""
    for loop in cycles(blocks, among):
        if any(SPOKEN.match(line) for number in loop for line in blocks[number].lines):
            yield from quiet_loops(blocks, loop - {_header(blocks, loop)})
        else:
            yield loop


def _header(blocks: list[Block], loop: set[int]) -> int:
    """Return the block by which a loop is entered from outside."""
    for number, block in enumerate(blocks):
        if number not in loop:
            for follower in block.followers:
                if follower in loop:
                    return follower
    return min(loop)


def lines_of(blocks: list[Block], loop: Iterable[int]) -> list[str]:
    """Return a loop's instructions, with those of the functions that it calls."""
    lines: list[str] = []
    waiting, seen = list(loop), set(loop)
    calls = {each for number in seen for each in blocks[number].called}
    while waiting or calls:
        if not waiting:
            number = calls.pop()
            if number in seen:
                continue
            waiting, seen = [number], seen | {number}
        number = waiting.pop()
        lines += blocks[number].lines
        if number not in set(loop):  # inside a function that is called: follow it to its end
            calls |= {each for each in blocks[number].followers if each not in seen}
    return lines


def element_loops(text: str) -> list[list[str]]:
    """Return the instructions of each element loop."""
    blocks = control_flow(text)
    loops = [lines_of(blocks, loop) for loop in quiet_loops(blocks, set(range(len(blocks))))]
    return [lines for lines in loops if any(map(MEMORY.match, lines))]


@dataclass
class Report:
    """What was found in one kernel's machine code."""

    name: str
    capability: tuple[int, int]
    counts: dict[str, int]
    faults: list[str]
    seconds: float = 0.0
    """Of a processor."""
    loops: list[list[str]] = field(default_factory=list)


def inspect(
    name: str,
    capability: tuple[int, int],
    cubin: bytes,
    log: str,
    single: bool,
    vector_loads: bool,
    wide_sums: bool = False,
) -> Report:
    """Judge machine code and what ptxas said of it."""
    text = disassemble(cubin)
    every = [match.group(2) for match in map(INSTRUCTION.match, text.splitlines()) if match]
    loops = element_loops(text)
    # Sums of what was computed in float32 may be taken in float64, where nothing else is computed.
    single_loops = [loop for loop in loops if not wide_sums or any(map(SINGLE.match, loop))]
    inside = [line for loop in loops for line in loop]

    def said(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, log)))

    loads = [line for line in inside if line.startswith("LDG")]
    counts = {
        "registers": max(map(int, re.findall(r"Used (\d+) registers", log)), default=0),
        "shared": said(r"(\d+) bytes smem"),
        "stack": said(r"(\d+) bytes stack frame"),
        "spill": said(r"(\d+) bytes spill"),
        "local": sum(line.startswith(("LDL", "STL")) for line in every),
        "loops": len(loops),
        "longest": max(map(len, loops), default=0),
        "f64": sum(bool(FLOAT64.match(line)) for loop in single_loops for line in loop),
        "LDG": len(loads),
        "LDG.128": sum(bool(WIDE.search(line)) for line in loads),
        "code": len(every),
    }
    faults = [f"{counts[each]} {each}" for each in ("stack", "spill", "local") if counts[each]]
    if single and counts["f64"]:
        faults.append(f"{counts['f64']} float64 instructions in element loops")
    if vector_loads and not counts["LDG.128"]:
        faults.append("no LDG.128 in an element loop")
    elif vector_loads and any(_mixed(loop) for loop in loops):
        faults.append("an element loop loads less than 16 bytes at a time")
    return Report(name, capability, counts, faults, loops=loops)


def _mixed(loop: list[str]) -> bool:
    wide = [bool(WIDE.search(line)) for line in loop if line.startswith("LDG")]
    return any(wide) and not all(wide)


def check(name: str) -> list[Report]:
    """Compile a kernel by name for every generation and judge it."""
    from fastdiv._cuda import _cubin
    from fastdiv._cuda._kernel import KERNELS, Pointer

    kernel = KERNELS[name]
    memory: list[Any] = [kind.dtype for kind in kernel.arguments if isinstance(kind, Pointer)]
    single = any(np.dtype(dtype) in (np.float32, np.uint16) for dtype in memory)
    reports = []
    for capability in CAPABILITIES:  # what Numba makes of Python is the same for all
        started = time.process_time()
        cubin, log = _cubin.build(kernel, capability)
        report = inspect(
            name, capability, cubin, log, single, kernel.vector_loads, kernel.wide_sums
        )
        report.seconds = time.process_time() - started
        reports.append(report)
    return reports


def load_kernels(every: bool, modules: Iterable[str]) -> list[str]:
    """Let everything list its kernels; return the names of those to check."""
    from fastdiv._cuda import catalogue
    from fastdiv._cuda._kernel import KERNELS

    names = [kernel.name for kernel in catalogue.kernels(every)]
    before = set(KERNELS)
    for module in modules:
        importlib.import_module(module)
    return names + [name for name in KERNELS if name not in before]


def main() -> int:
    """Check kernels, print a table, return the number of those that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="every kernel")
    parser.add_argument("--only", default="", help="kernels whose name contains this")
    parser.add_argument("--show", action="store_true", help="print the element loops' code")
    parser.add_argument("--module", action="append", default=[], help="more kernels")
    options = parser.parse_args()

    names = [name for name in load_kernels(options.all, options.module) if options.only in name]
    started, failed, width = time.perf_counter(), 0, max(map(len, names), default=0)
    if names:
        print(f"{'kernel':{width}}  cc  " + " ".join(f"{each:>9}" for each in COLUMNS))
    with ProcessPoolExecutor(
        os.cpu_count(), None, load_kernels, (options.all, options.module)
    ) as pool:
        for report in itertools.chain.from_iterable(pool.map(check, names)):
            failed += bool(report.faults)
            print(line_of(report, width), flush=True)
            if options.show:
                print("\n".join("    " + line for loop in report.loops for line in [*loop, ""]))
    seconds = time.perf_counter() - started
    passed = len(names) * len(CAPABILITIES) - failed
    print(f"{passed} passed, {failed} failed in {seconds:.0f} s")
    return failed


def line_of(report: Report, width: int) -> str:
    """Return a report's line of the table."""
    numbers = " ".join(f"{report.counts[each]:9}" for each in COLUMNS)
    verdict = "  FAILED: " + "; ".join(report.faults) if report.faults else ""
    capability = "".join(map(str, report.capability))
    return f"{report.name:{width}}  {capability}  {numbers} {report.seconds:5.1f} s{verdict}"


if __name__ == "__main__":
    sys.exit(main() > 0)
