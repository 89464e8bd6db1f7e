"""Unsigned words of 32 and 64 bits, which keep their width: Numba would widen."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.cuda.extending import intrinsic

from .lowering import I32, I64, Generate, device, lower, require, unary


def _resized(result: Any, content: Any) -> Any:
    def generate_for(kind: Any) -> tuple[Any, Generate]:
        require(isinstance(kind, types.Integer), f"{kind} as a word")

        def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            resize = builder.trunc if kind.bitwidth > content.width else builder.zext
            return arguments[0] if kind.bitwidth == content.width else resize(arguments[0], content)

        return result, generate

    return generate_for


low_word = unary(_resized(types.uint32, I32), "Return the 32 lowest bits.")
index_of = unary(
    _resized(types.uint64, I64), "Return a non-negative number as an unsigned word of 64 bits."
)


@intrinsic
def _product(typing: Any, a: Any, b: Any) -> Any:
    """Return the product of two words of 32 bits, a word of 64."""
    require(types.unliteral(a) == types.uint32 == types.unliteral(b), f"the product of {a} and {b}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.mul(*(builder.zext(each, I64) for each in arguments))

    return types.uint64(types.uint32, types.uint32), lower(generate)


@intrinsic
def _upper_word(typing: Any, x: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.trunc(builder.lshr(arguments[0], ir.Constant(I64, 32)), I32)

    return types.uint32(types.uint64), lower(generate)


@device
def multiply_words(a: Any, b: Any) -> Any:
    """Return the product of two 32-bit words: its high word and its low one."""
    product = _product(a, b)
    return _upper_word(product), low_word(product)


@intrinsic
def join_words(typing: Any, low: Any, high: Any) -> Any:
    """Return the 64 bits that two words make."""
    require(
        types.unliteral(low) == types.uint32 == types.unliteral(high), f"{low} and {high} as words"
    )

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        parts = [builder.zext(each, I64) for each in arguments]
        return builder.or_(parts[0], builder.shl(parts[1], ir.Constant(I64, 32)))

    return types.uint64(types.uint32, types.uint32), lower(generate)
