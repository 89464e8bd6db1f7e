"""Numbers: one instruction each, or nearly; inline assembly is left to what only touches registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.cuda.extending import intrinsic

from .lowering import DOUBLE, FLOAT, I32, I64, Generate, alike, device, lower, require, unary


def _float(*values: Any) -> Any:
    kind = alike(*values)
    require(kind in (types.float32, types.float64), f"a number of {kind}")
    return kind


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once."""
    kind = _float(a, b, c)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return kind(kind, kind, kind), lower(generate)


@intrinsic
def divide(typing: Any, a: Any, b: Any) -> Any:
    """Return a / b, correctly rounded."""
    kind = _float(a, b)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.fdiv(*arguments)

    return kind(kind, kind), lower(generate)


def _square_root(kind: Any) -> tuple[Any, Generate]:
    _float(kind)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        root = builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type])
        return builder.call(root, arguments)

    return kind, generate


square_root = unary(_square_root, "Return the correctly rounded square root.")


@intrinsic
def select(typing: Any, mask: Any, a: Any, b: Any) -> Any:
    """Return a where the mask holds, elsewhere b."""
    kind = alike(a, b)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        condition = context.cast(builder, arguments[0], mask, types.boolean)
        first, second = (
            context.cast(builder, value, given, kind)
            for value, given in zip(arguments[1:], (a, b), strict=True)
        )
        return builder.select(condition, first, second)

    return kind(mask, a, b), lower(generate)


@device
def at_least(x: Any, least: Any) -> Any:
    """Return the larger number; NaN in x stays."""
    return select(x < least, least, x)


@device
def at_most(x: Any, most: Any) -> Any:
    """Return the smaller number; NaN in x stays."""
    return select(x > most, most, x)


@intrinsic
def largest(typing: Any, a: Any, b: Any) -> Any:
    """Return the larger number; NaN if either is."""
    kind = _float(a, b)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        first, second = arguments
        if kind == types.float32:
            function = ir.FunctionType(FLOAT, [FLOAT, FLOAT])
            assembly = ir.InlineAsm(function, "max.NaN.f32 $0, $1, $2;", "=f,f,f")
            return builder.call(assembly, arguments)
        missing = builder.fcmp_unordered("uno", second, second)
        replaces = builder.or_(builder.fcmp_ordered(">", second, first), missing)
        return builder.select(replaces, second, first)

    return kind(a, b), lower(generate)


def _absolute(kind: Any) -> tuple[Any, Generate]:
    _float(kind)

    content, number = {types.float32: (I32, FLOAT), types.float64: (I64, DOUBLE)}[kind]

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], content)
        size = builder.and_(bits, ir.Constant(content, (1 << (content.width - 1)) - 1))
        return builder.bitcast(size, number)

    return kind, generate


absolute = unary(_absolute, "Return a number without its sign.")


def _bits(kind: Any) -> tuple[Any, Generate]:
    word = {types.float32: types.uint32, types.float64: types.uint64}.get(kind)
    require(word is not None, f"the bits of {kind}")
    content = {types.uint32: I32, types.uint64: I64}[word]
    return word, lambda context, builder, arguments: builder.bitcast(arguments[0], content)


def _from_bits(kind: Any) -> tuple[Any, Generate]:
    require(isinstance(kind, types.Integer), f"{kind} as the bits of a number")
    number, content = {32: (types.float32, FLOAT), 64: (types.float64, DOUBLE)}[kind.bitwidth]
    return number, lambda context, builder, arguments: builder.bitcast(arguments[0], content)


as_bits = unary(_bits, "Return the bits of a number as an unsigned word of its width.")
as_float = unary(_from_bits, "Return the number that has these bits.")


def _instruction(text: str, given: Any, result: Any, constraint: str, doc: str) -> Any:
    """Return an intrinsic that is one instruction of PTX."""

    def generate_for(kind: Any) -> tuple[Any, Generate]:
        require(kind == given, f"{text.split()[0]} of {kind}")

        def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            contents = [context.get_value_type(each) for each in (result, given)]
            kind = ir.FunctionType(contents[0], contents[1:])
            return builder.call(ir.InlineAsm(kind, text, constraint), arguments)

        return result, generate

    return unary(generate_for, doc)


_WORD, _SINGLE = types.uint16, types.float32

widen_half = _instruction(
    "cvt.f32.f16 $0, $1;", _WORD, _SINGLE, "=f,h", "Return a float16, given as 16 bits, as float32."
)
narrow_half = _instruction(
    "cvt.rn.f16.f32 $0, $1;",
    _SINGLE,
    _WORD,
    "=h,f",
    "Return a float32 rounded to float16, as 16 bits.",
)
narrow_bfloat16 = _instruction(
    "cvt.rn.bf16.f32 $0, $1;",
    _SINGLE,
    _WORD,
    "=h,f",
    "Return a float32 rounded to bfloat16, as 16 bits.",
)
exp2_approximate = _instruction(
    "ex2.approx.ftz.f32 $0, $1;",
    _SINGLE,
    _SINGLE,
    "=f,f",
    "Return 2^x to about 2 units in the last place; float32 alone.",
)
log2_approximate = _instruction(
    "lg2.approx.ftz.f32 $0, $1;",
    _SINGLE,
    _SINGLE,
    "=f,f",
    "Return the logarithm, its error absolute near 1; float32 alone.",
)
reciprocal_approximate = _instruction(
    "rcp.approx.ftz.f32 $0, $1;",
    _SINGLE,
    _SINGLE,
    "=f,f",
    "Return 1 / x to about 1 unit in the last place; float32 alone.",
)


def _widen_bfloat16(kind: Any) -> tuple[Any, Generate]:
    require(kind == _WORD, f"bfloat16 in {kind}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        word = builder.zext(arguments[0], I32)
        return builder.bitcast(builder.shl(word, ir.Constant(I32, 16)), FLOAT)

    return _SINGLE, generate


widen_bfloat16 = unary(_widen_bfloat16, "Return a bfloat16, given as 16 bits, as float32.")
