"""Memory, read and written by plain LLVM instructions: they know that a store or barrier between two loads matters."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.cuda import cgutils
from numba.cuda.extending import intrinsic

from .lowering import I16, I32, I64, lower, require

VECTOR_BYTES = 16
_GLOBAL, _SHARED = 1, 3
"""Address spaces."""


def _element(pointer: Any) -> Any:
    """Return the type of what a pointer points to."""
    require(isinstance(pointer, types.CPointer), f"memory is a pointer, got {pointer}")
    return pointer.dtype


def _size(element: Any) -> int:
    return int(element.bitwidth) // 8


def _address(builder: ir.IRBuilder, kind: Any, pointer: Any, index: Any, content: Any) -> Any:
    """Return a pointer to `content` at an element of global or shared memory."""
    space = _SHARED if kind.addrspace == _SHARED else _GLOBAL
    there = builder.addrspacecast(pointer, pointer.type.pointee.as_pointer(space))
    there = builder.gep(there, [index])
    return builder.bitcast(there, content.as_pointer(space))


def _index(context: Any, builder: ir.IRBuilder, value: Any, kind: Any) -> Any:
    return context.cast(builder, value, kind, types.int64)


@intrinsic
def misalignment(typing: Any, pointer: Any, index: Any) -> Any:
    """Return how many elements an index lies behind a multiple of 16 bytes."""
    size = _size(_element(pointer))

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        address = builder.ptrtoint(arguments[0], I64)
        element = builder.lshr(address, ir.Constant(I64, size.bit_length() - 1))
        element = builder.add(element, _index(context, builder, arguments[1], index))
        return builder.and_(element, ir.Constant(I64, VECTOR_BYTES // size - 1))

    return types.int64(pointer, index), lower(generate)


@intrinsic
def load(typing: Any, pointer: Any, index: Any, mask: Any, other: Any) -> Any:
    """Return the element at an index where the mask holds, elsewhere `other`."""
    element = _element(pointer)
    require(types.unliteral(other) == element, f"{other} in place of {element}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        memory, at, wanted, otherwise = arguments
        at = _index(context, builder, at, index)
        content = context.get_value_type(element)
        before = builder.block
        with builder.if_then(context.cast(builder, wanted, mask, types.boolean)):
            there = _address(builder, pointer, memory, at, content)
            value = builder.load(there, align=_size(element))
            inside = builder.block
        result = builder.phi(content)
        result.add_incoming(context.cast(builder, otherwise, other, element), before)
        result.add_incoming(value, inside)
        return result

    return element(pointer, index, mask, other), lower(generate)


@intrinsic
def store(typing: Any, pointer: Any, index: Any, value: Any, mask: Any) -> Any:
    """Write the element at an index where the mask holds."""
    element = _element(pointer)
    require(types.unliteral(value) == element, f"{value} is stored as {element}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        memory, at, number, wanted = arguments
        at = _index(context, builder, at, index)
        number = context.cast(builder, number, value, element)
        with builder.if_then(context.cast(builder, wanted, mask, types.boolean)):
            there = _address(builder, pointer, memory, at, number.type)
            builder.store(number, there, align=_size(element))
        return context.get_dummy_value()

    return types.void(pointer, index, value, mask), lower(generate)


def _lanes(element: Any) -> int:
    return VECTOR_BYTES // _size(element)


def _vector_type(context: Any, element: Any) -> ir.VectorType:
    """Return 16 bytes as PTX moves them: at most four words of 32 or 64 bits."""
    if _size(element) == 2:
        return ir.VectorType(I32, 4)
    return ir.VectorType(context.get_value_type(element), _lanes(element))


def _pack(context: Any, builder: ir.IRBuilder, element: Any, values: list[Any]) -> Any:
    """Return numbers as the vector that PTX stores."""
    if _size(element) == 2:
        wide = [builder.zext(value, I32) for value in values]
        high = [builder.shl(value, ir.Constant(I32, 16)) for value in wide[1::2]]
        values = [builder.or_(a, b) for a, b in zip(wide[::2], high, strict=True)]
    vector = ir.Constant(_vector_type(context, element), ir.Undefined)
    for k, value in enumerate(values):
        vector = builder.insert_element(vector, value, ir.Constant(I32, k))
    return vector


def _unpack(builder: ir.IRBuilder, element: Any, vector: Any) -> list[Any]:
    """Return the numbers of a vector that PTX loaded."""
    words = [builder.extract_element(vector, ir.Constant(I32, k)) for k in range(vector.type.count)]
    if _size(element) == 2:
        halves = [(word, builder.lshr(word, ir.Constant(I32, 16))) for word in words]
        words = [builder.trunc(half, I16) for pair in halves for half in pair]
    return words


def _inside(builder: ir.IRBuilder, at: Any, begin: Any, end: Any, count: int) -> Any:
    """Return a word whose bits say which of the elements from an index on lie in [begin, end)."""

    def behind(bound: Any) -> Any:
        """Return the bits of the elements at a bound and behind it."""
        distance = builder.sub(bound, at)
        for sign, most in (("<", 0), (">", count)):
            limit = ir.Constant(I64, most)
            beyond = builder.icmp_signed(sign, distance, limit)
            distance = builder.select(beyond, limit, distance)
        return builder.shl(ir.Constant(I32, (1 << count) - 1), builder.trunc(distance, I32))

    every = ir.Constant(I32, (1 << count) - 1)
    return builder.and_(builder.and_(behind(begin), builder.not_(behind(end))), every)


def _has_bit(builder: ir.IRBuilder, word: Any, k: int) -> Any:
    bit = builder.and_(word, ir.Constant(I32, 1 << k))
    return builder.icmp_unsigned("!=", bit, ir.Constant(I32, 0))


@intrinsic
def load_vector(typing: Any, pointer: Any, index: Any, begin: Any, end: Any, other: Any) -> Any:
    """Return the elements of 16 aligned bytes from an index on; outside of [begin, end) they are `other`.

    One instruction even where some are outside: an aligned vector with an element inside lies in memory as a whole.
    """
    element = _element(pointer)
    require(types.unliteral(other) == element, f"{other} in place of {element}")
    count = _lanes(element)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        places = zip(arguments[1:4], (index, begin, end), strict=True)
        at, first, last = (_index(context, builder, value, kind) for value, kind in places)
        otherwise = context.cast(builder, arguments[4], other, element)
        bits = _inside(builder, at, first, last, count)
        some = builder.icmp_unsigned("!=", bits, ir.Constant(I32, 0))
        nothing = _pack(context, builder, element, [otherwise] * count)
        before = builder.block
        with builder.if_then(some):
            there = _address(builder, pointer, arguments[0], at, nothing.type)
            vector = builder.load(there, align=VECTOR_BYTES)
            inside = builder.block
        loaded = builder.phi(nothing.type)
        loaded.add_incoming(nothing, before)
        loaded.add_incoming(vector, inside)
        values = [
            builder.select(_has_bit(builder, bits, k), value, otherwise)
            for k, value in enumerate(_unpack(builder, element, loaded))
        ]
        return context.make_tuple(builder, types.UniTuple(element, count), values)

    signature = types.UniTuple(element, count)(pointer, index, begin, end, other)
    return signature, lower(generate)


@intrinsic
def store_vector(typing: Any, pointer: Any, index: Any, begin: Any, end: Any, values: Any) -> Any:
    """Write the elements of 16 aligned bytes from an index on that lie in [begin, end)."""
    element = _element(pointer)
    count = _lanes(element)
    kinds = {types.unliteral(kind) for kind in values}
    require(len(values) == count and kinds == {element}, f"{values} is stored as {element}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        places = zip(arguments[1:4], (index, begin, end), strict=True)
        at, first, last = (_index(context, builder, value, kind) for value, kind in places)
        numbers = cgutils.unpack_tuple(builder, arguments[4], count)
        bits = _inside(builder, at, first, last, count)
        every = ir.Constant(I32, (1 << count) - 1)
        with builder.if_else(builder.icmp_unsigned("==", bits, every)) as (whole, partial):
            with whole:
                vector = _pack(context, builder, element, numbers)
                there = _address(builder, pointer, arguments[0], at, vector.type)
                builder.store(vector, there, align=VECTOR_BYTES)
            with partial:
                for k, number in enumerate(numbers):
                    with builder.if_then(_has_bit(builder, bits, k)):
                        place = builder.add(at, ir.Constant(I64, k))
                        there = _address(builder, pointer, arguments[0], place, number.type)
                        builder.store(number, there, align=_size(element))
        return context.get_dummy_value()

    return types.void(pointer, index, begin, end, values), lower(generate)


def _shared_pointer(dtype: Any) -> Any:
    element = dtype.dtype if isinstance(dtype, types.DTypeSpec) else dtype.instance_type
    return types.CPointer(element, addrspace=_SHARED)


def _shared_memory(
    context: Any, builder: ir.IRBuilder, element: Any, count: int, external: bool
) -> Any:
    """Return a pointer to new shared memory, or to the launch's."""
    content = ir.ArrayType(context.get_value_type(element), count)
    name = "dynamic_shared" if external else builder.module.get_unique_name("shared")
    memory = builder.module.globals.get(name)
    if memory is None:
        memory = ir.GlobalVariable(builder.module, content, name, _SHARED)
        memory.align = VECTOR_BYTES
        memory.linkage = "external" if external else "internal"
        if not external:
            memory.initializer = ir.Constant(content, ir.Undefined)
    generic = context.get_value_type(element).as_pointer()
    return builder.addrspacecast(memory, generic)


@intrinsic
def shared(typing: Any, count: Any, dtype: Any) -> Any:
    """Return memory that the block's lanes share; the count is a constant."""
    require(isinstance(count, types.IntegerLiteral), f"shared memory of {count} elements")
    pointer = _shared_pointer(dtype)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return _shared_memory(context, builder, pointer.dtype, count.literal_value, False)

    return pointer(count, dtype), lower(generate)


@intrinsic
def dynamic_shared(typing: Any, dtype: Any) -> Any:
    """Return the shared memory whose size the launch says."""
    pointer = _shared_pointer(dtype)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return _shared_memory(context, builder, pointer.dtype, 0, True)

    return pointer(dtype), lower(generate)
