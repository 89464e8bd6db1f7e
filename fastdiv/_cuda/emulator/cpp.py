"""From a kernel's PTX to C++: a function that takes a warp from barrier to barrier, a case for each basic block.

A register that one block alone uses is a variable there; the others are members of a lane.
"""

from __future__ import annotations

import re
from collections import defaultdict

from .ptx import Instruction, Program, entries

_REGISTER = re.compile(r"%(p|rs|rd|r|fd|f)(\d+)")
_REGISTERS = {"p": "u8", "rs": "u16", "r": "u32", "rd": "u64", "f": "f32", "fd": "f64"}
_SPECIAL = {
    "%tid.x": "lane.thread",
    "%ctaid.x": "block",
    "%ntid.x": "launch.lanes",
    "%nctaid.x": "launch.grid",
}
_TYPES = {f"{sign}{bits}": f"u{bits}" for sign in "usb" for bits in (16, 32, 64)}
_TYPES |= {"f32": "f32", "f64": "f64", "pred": "u8"}
_BYTES = {"u16": 2, "u32": 4, "u64": 8, "f32": 4, "f64": 8}
_HALF_BITS = {"u16": 16, "u32": 32}
_SHIFTS = ("shl", "shr")
_TOGETHER = ("shfl", "vote")
"""What all lanes of a warp do at once."""


def cpp_of(program: Program) -> str:
    """Return the C++ of a kernel; `run` in it launches a grid."""
    kept, own = _registers(program)
    writer = _Writer(program, kept)
    cases = [writer.case(number, own[number]) for number in range(len(program.blocks))]
    members = "".join(f"  {_kind(register)} {_name(register)};\n" for register in sorted(kept))
    shared = program.shared_bytes
    return _FILE.format(members=members, cases="".join(cases), shared=shared)


def _registers(program: Program) -> tuple[set[str], dict[int, set[str]]]:
    """Return the registers that pass from block to block or from lane to lane, and the others of each block."""
    blocks = defaultdict(set)
    kept = set()
    for number, block in enumerate(program.blocks):
        for instruction in block:
            text = " ".join((instruction.guard, *instruction.operands))
            for match in _REGISTER.finditer(text):
                blocks[match.group()].add(number)
            if instruction.stem in _TOGETHER:
                kept |= set(instruction.operands[0].split("|"))
    kept |= {register for register, numbers in blocks.items() if len(numbers) > 1}
    own = defaultdict(set)
    for register in blocks.keys() - kept:
        own[blocks[register].pop()].add(register)
    return kept, own


def _kind(register: str) -> str:
    match = _REGISTER.fullmatch(register)
    assert match is not None
    return _REGISTERS[match.group(1)]


def _name(register: str) -> str:
    return "_" + register.strip("%")


class _Writer:
    """Writes a program's blocks."""

    def __init__(self, program: Program, kept: set[str]) -> None:
        self.program, self.kept = program, kept

    def case(self, number: int, own: set[str]) -> str:
        """Return a block: each of its lanes in turn, then what they do together."""
        block = self.program.blocks[number]
        variables = [f"{_kind(register)} {_name(register)}{{}};" for register in sorted(own)]
        lines = [*variables, f"lane.next = {number + 1};", *map(self._guarded, block)]
        together = [
            self._together(instruction) for instruction in block if instruction.stem in _TOGETHER
        ]
        return _CASE.format(
            number=number, each="\n          ".join(lines), all="\n        ".join(together)
        )

    def _value(self, text: str, kind: str = "u64") -> str:
        """Return an operand: a register, a number, or where an array in shared memory begins."""
        if text in self.kept:
            return f"lane.{_name(text)}"
        if _REGISTER.fullmatch(text):
            return _name(text)
        if text in _SPECIAL:
            return _SPECIAL[text]
        if text in self.program.shared:
            return f"u64{{{self.program.shared[text]}}}"
        if text[:2] in ("0f", "0d"):
            bits = 4 * len(text[2:])
            return f"std::bit_cast<f{bits}>(u{bits}{{0x{text[2:]}}})"
        return f"static_cast<{kind}>({int(text, 0) % 2**64:#x}ull)"

    def _guarded(self, instruction: Instruction) -> str:
        statement = self._statement(instruction)
        guard = instruction.guard
        if not guard:
            return statement
        condition = "!" * guard.startswith("!") + self._value(guard.strip("!"))
        return f"if ({condition}) {{ {statement} }}"

    def _statement(self, instruction: Instruction) -> str:
        """Return what a lane does."""
        special = getattr(self, f"_{instruction.stem}", None)
        if special is not None:
            return str(special(instruction))
        types = [_TYPES[part] for part in instruction.opcode.split(".") if part in _TYPES]
        target, *sources = instruction.operands
        kinds = [types[-1]] * len(sources)
        if instruction.stem in _SHIFTS:
            kinds[1] = "u32"
        if instruction.stem == "bfi":
            kinds[2:] = "u32", "u32"
        values = ", ".join(map(self._value, sources, kinds))
        return f"{self._value(target)} = {instruction.opcode.replace('.', '_')}({values});"

    def _bra(self, instruction: Instruction) -> str:
        return f"lane.next = {self.program.labels[instruction.operands[0]]};"

    def _ret(self, instruction: Instruction) -> str:
        return "lane.ended = true;"

    def _bar(self, instruction: Instruction) -> str:
        return "lane.waits = true;"

    def _selp(self, instruction: Instruction) -> str:
        target, first, second, predicate = instruction.operands
        one, other = (self._value(each, _kind(target)) for each in (first, second))
        return f"{self._value(target)} = {self._value(predicate)} ? {one} : {other};"

    def _mov(self, instruction: Instruction) -> str:
        target, source = instruction.operands
        if target.startswith("{"):
            parts, shift = entries(target), 0
            taken = []
            for part in parts:
                kind = _kind(part)
                taken.append(f"{self._value(part)} = {kind}({self._value(source)} >> {shift});")
                shift += _HALF_BITS[kind]
            return " ".join(taken)
        kind = _kind(target)
        if source.startswith("{"):
            low, high = entries(source)
            half = _HALF_BITS[_kind(low)]
            word = f"u{2 * half}"
            joined = f"{word}{{{self._value(low)}}} | {word}{{{self._value(high)}}} << {half}"
            return f"{self._value(target)} = std::bit_cast<{kind}>({joined});"
        value = self._value(source, kind)
        if _REGISTER.fullmatch(source):
            value = f"std::bit_cast<{kind}>({value})"
        return f"{self._value(target)} = {value};"

    def _ld(self, instruction: Instruction) -> str:
        target, place = instruction.operands
        kind = _TYPES[instruction.opcode.split(".")[-1]]
        if ".param." in instruction.opcode:
            parameter = self.program.parameters[place.strip("[]")]
            return f"std::memcpy(&{self._value(target)}, &launch.parameters[{parameter}], sizeof({kind}));"
        parts = [
            f"{self._value(part)} = get<{kind}>(at + {k * _BYTES[kind]});"
            for k, part in enumerate(entries(target))
        ]
        return self._access(instruction, place, "true", parts)

    def _st(self, instruction: Instruction) -> str:
        place, source = instruction.operands
        kind = _TYPES[instruction.opcode.split(".")[-1]]
        parts = [
            f"put<{kind}>(at + {k * _BYTES[kind]}, {self._value(part, kind)});"
            for k, part in enumerate(entries(source))
        ]
        return self._access(instruction, place, "false", parts)

    def _access(self, instruction: Instruction, place: str, reads: str, parts: list[str]) -> str:
        space, kind = instruction.opcode.split(".")[1], instruction.opcode.split(".")[-1]
        if space not in ("global", "shared"):
            raise ValueError(f"PTX line {instruction.line}: {instruction.opcode} is not emulated")
        base, _, offset = place.strip("[]").partition("+")
        address = f"{self._value(base)} + {self._value(offset or '0')}"
        size = _BYTES[_TYPES[kind]] * len(parts)
        found = f"at_{space}<{reads}>(memory, {address}, {size}, {instruction.line})"
        return f"{{ unsigned char* at = {found}; {' '.join(parts)} }}"

    def _shfl(self, instruction: Instruction) -> str:
        self._require(instruction, "shfl.sync.bfly.b32")
        _, value, distance, clamp, members = (
            self._value(each, "u32") if k else "" for k, each in enumerate(instruction.operands)
        )
        return (
            f"exchange.said[at] = {value}; exchange.distance[at] = {distance}; "
            f"exchange.clamp[at] = {clamp}; exchange.members[at] = {members};"
        )

    def _vote(self, instruction: Instruction) -> str:
        self._require(instruction, "vote.sync.any.pred")
        _, predicate, members = instruction.operands
        negated = "!" * predicate.startswith("!") + self._value(predicate.strip("!"), "u8")
        return (
            f"exchange.said[at] = {negated}; exchange.members[at] = {self._value(members, 'u32')};"
        )

    def _require(self, instruction: Instruction, opcode: str) -> None:
        if instruction.opcode != opcode or instruction.guard:
            raise ValueError(f"PTX line {instruction.line}: {instruction.opcode} is not emulated")

    def _together(self, instruction: Instruction) -> str:
        """Return what comes of a warp's exchange."""
        target, *valid = instruction.operands[0].split("|")
        line = instruction.line
        result = f"exchange.shuffled(k, {line})" if instruction.stem == "shfl" else "exchange.any()"
        taken = [f"warp[k].{_name(target)} = {result};"]
        taken += [f"warp[k].{_name(each)} = 1;" for each in valid]
        every = f"for (u32 k = 0; k < lanes_of_warp; ++k) {{ {' '.join(taken)} }}"
        return f"exchange.check(active, {line});\n        {every}"


_CASE = """\
      case {number}: {{
        for (u32 left = active; left; left &= left - 1) {{
          [[maybe_unused]] const int at = std::countr_zero(left);
          Lane& lane = warp[at];
          {each}
        }}
        {all}
        break;
      }}
"""
_FILE = """\
#include "machine.hpp"

namespace {{
using namespace ptx;

struct Lane {{
  u32 thread, next;
  bool ended, waits;
{members}}};

void run_warp(Warp<Lane>& warp, Memory& memory, const Launch& launch, u32 block) {{
  [[maybe_unused]] Exchange exchange;
  u32 number = 0;
  while (u32 active = furthest_behind(warp, number)) {{
    switch (number) {{
{cases}      default: throw Fault("no such block");
    }}
  }}
}}
}}  // namespace

extern "C" int run(u32 grid, u32 lanes, const u64* parameters, const Range* arrays, u32 count, u32 dynamic_bytes,
                   char* message, u32 length) {{
  Memory memory{{arrays, count, std::vector<unsigned char>({shared} + dynamic_bytes)}};
  return run_grid<Lane>(Launch{{grid, lanes, parameters}}, memory, message, length, run_warp);
}}
"""
