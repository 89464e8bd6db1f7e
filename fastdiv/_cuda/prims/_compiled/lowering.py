"""From a function's types to its code: what the intrinsics are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import cuda, types
from numba.cuda.core.errors import TypingError
from numba.cuda.extending import intrinsic

I16, I32, I64 = (ir.IntType(width) for width in (16, 32, 64))
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()

Generate = Callable[[Any, ir.IRBuilder, tuple[Any, ...]], Any]


def device(function: Any) -> Any:
    """Mark a function that kernels call."""
    return cuda.jit(device=True, forceinline=True)(function)


def require(condition: bool, message: str) -> None:
    if not condition:
        raise TypingError(message)


def alike(*values: Any) -> Any:
    """Return the one type of several values; Numba would widen."""
    kinds = [types.unliteral(value) for value in values]
    require(len(set(kinds)) == 1, f"one operation on {' and '.join(map(str, kinds))}")
    return kinds[0]


def lower(generate: Generate) -> Any:
    """Return a generator as Numba calls it: the signature is not needed."""
    return lambda context, builder, signature, arguments: generate(context, builder, arguments)


def unary(generate_for: Callable[[Any], tuple[Any, Generate]], doc: str) -> Any:
    """Return an intrinsic of one number; `generate_for` maps its type to the result's and the code."""

    @intrinsic
    def operation(typing: Any, x: Any) -> Any:
        kind = types.unliteral(x)
        result, generate = generate_for(kind)

        def cast_and_generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            return generate(context, builder, (context.cast(builder, arguments[0], x, kind),))

        return result(x), lower(cast_and_generate)

    operation.__doc__ = doc
    return operation
