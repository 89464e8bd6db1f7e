"""PTX of one kernel, taken apart: its parameters, its shared memory, and blocks of instructions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction; `guard` is the predicate under which it runs, "" for always."""

    line: int
    guard: str
    opcode: str
    operands: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The opcode without its types and modes."""
        return self.opcode.partition(".")[0]


class Program(NamedTuple):
    """What a kernel consists of."""

    parameters: dict[str, int]
    """Their places."""
    shared: dict[str, int]
    """Addresses of arrays in shared memory; the launch's own is the last."""
    shared_bytes: int
    blocks: list[list[Instruction]]
    """Entered at the top alone; what lanes do together, or go apart at, ends one."""
    labels: dict[str, int]
    """Numbers of blocks."""


ENDS = ("bra", "ret", "bar", "shfl", "vote")
"""Instructions after which another block begins."""

_ENTRY = re.compile(r"\.visible \.entry \w+\((.*?)\)(.*?)^\{", re.DOTALL | re.MULTILINE)
_PARAMETER = re.compile(r"\.param \.\w+ (\w+)")
_SHARED = re.compile(
    r"^\s*(?:\.extern )?\.shared \.align (\d+) \.b8 ([\w$]+)\[(\d*)\];", re.MULTILINE
)
_NOT_EMULATED = re.compile(r"^\s*\.(?:global|const|local)\b|\.func\b", re.MULTILINE)
_DIRECTIVES = (".reg", ".shared", ".pragma", ".loc", "}")
_LABEL = re.compile(r"(\$\w+):")
_INSTRUCTION = re.compile(r"(?:@(!?%p\d+)\s+)?([\w.:]+)\s*(.*)")
_SHARED_ALIGNMENT = 16


def parse(text: str) -> Program:
    """Take a kernel apart; what kernels here never have is an error."""
    entry = _ENTRY.search(text)
    if entry is None or _NOT_EMULATED.search(text):
        raise ValueError("expected PTX of one kernel, without functions, constants or a stack")
    parameters = {name: place for place, name in enumerate(_PARAMETER.findall(entry.group(1)))}
    shared, size = _shared_memory(text)
    blocks: list[list[Instruction]] = [[]]
    labels = {}
    for line, statement in _statements(text, entry.end()):
        label = _LABEL.fullmatch(statement)
        if label:
            if blocks[-1]:
                blocks.append([])
            labels[label.group(1)] = len(blocks) - 1
            continue
        instruction = _instruction(line, statement)
        blocks[-1].append(instruction)
        if instruction.stem in ENDS:
            blocks.append([])
    return Program(parameters, shared, size, blocks, labels)


def _shared_memory(text: str) -> tuple[dict[str, int], int]:
    """Return where arrays begin, and the bytes of all but the launch's own."""
    addresses, size, last = {}, 0, ""
    for alignment, name, count in _SHARED.findall(text):
        if not count:
            last = name
            continue
        size = -(-size // int(alignment)) * int(alignment)
        addresses[name] = size
        size += int(count)
    size = -(-size // _SHARED_ALIGNMENT) * _SHARED_ALIGNMENT
    if last:
        addresses[last] = size
    return addresses, size


def _statements(text: str, begin: int) -> Iterator[tuple[int, str]]:
    """Find labels and instructions, with the numbers of their lines."""
    first = text.count("\n", 0, begin) + 1
    for line, content in enumerate(text[begin:].splitlines(), first):
        code = content.partition("//")[0].strip()
        if code.startswith(_DIRECTIVES):
            continue
        for statement in filter(None, map(str.strip, code.split(";"))):
            yield line, statement


def _instruction(line: int, statement: str) -> Instruction:
    match = _INSTRUCTION.fullmatch(statement)
    if match is None:
        raise ValueError(f"PTX line {line}: expected an instruction, got {statement!r}")
    guard, opcode, operands = match.groups()
    return Instruction(line, guard or "", opcode, operands_of(operands))


def operands_of(text: str) -> tuple[str, ...]:
    """Split at commas outside of braces."""
    parts = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", text)
    return tuple(parts)


def entries(operand: str) -> tuple[str, ...]:
    """Return what stands in braces, or the operand itself."""
    return operands_of(operand.strip("{}"))
