"""What kernels call, compiled by Numba: a value is a number of one thread. See `_simulated` for what each does.

The other file that touches Numba is `_cubin`. Memory is read and written by plain LLVM instructions, which know that
a store or a barrier between two loads matters; inline assembly is left to pure functions of registers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import cuda, types
from numba.cuda import cgutils
from numba.cuda.core.errors import TypingError
from numba.cuda.extending import intrinsic

WARP = 32
VECTOR_BYTES = 16

_I1, _I16, _I32, _I64 = (ir.IntType(width) for width in (1, 16, 32, 64))
_FLOAT, _DOUBLE = ir.FloatType(), ir.DoubleType()
_GLOBAL, _SHARED = 1, 3
"""Address spaces."""
_FULL_WARP = 0xFFFFFFFF

Generate = Callable[[Any, ir.IRBuilder, tuple[Any, ...]], Any]


def device(function: Any) -> Any:
    """Mark a function that kernels call."""
    return cuda.jit(device=True, inline="always")(function)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise TypingError(message)


def _alike(*values: Any) -> Any:
    """Return the one type of several values; Numba would widen."""
    kinds = [types.unliteral(value) for value in values]
    _require(len(set(kinds)) == 1, f"one operation on {' and '.join(map(str, kinds))}")
    return kinds[0]


def _lower(generate: Generate) -> Any:
    """Return a generator as Numba calls it: the signature is not needed."""
    return lambda context, builder, signature, arguments: generate(context, builder, arguments)


def _special_register(name: str) -> Any:
    """Return an intrinsic that reads a register of 32 bits as int64."""

    @intrinsic
    def read(typing: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            kind = ir.FunctionType(_I32, [])
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.zext(builder.call(function, []), _I64)

        return types.int64(), _lower(generate)

    return read


_lane = _special_register("llvm.nvvm.read.ptx.sreg.tid.x")
_block = _special_register("llvm.nvvm.read.ptx.sreg.ctaid.x")


@device
def lane() -> Any:
    """Return the lane within its block."""
    return _lane()


@device
def block() -> Any:
    """Return the number of the lane's block."""
    return _block()


# Memory


def _element(pointer: Any) -> Any:
    """Return the type of what a pointer points to."""
    _require(isinstance(pointer, types.CPointer), f"memory is a pointer, got {pointer}")
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
        address = builder.ptrtoint(arguments[0], _I64)
        element = builder.lshr(address, ir.Constant(_I64, size.bit_length() - 1))
        element = builder.add(element, _index(context, builder, arguments[1], index))
        return builder.and_(element, ir.Constant(_I64, VECTOR_BYTES // size - 1))

    return types.int64(pointer, index), _lower(generate)


@intrinsic
def load(typing: Any, pointer: Any, index: Any, mask: Any, other: Any) -> Any:
    """Return the element at an index where the mask holds, elsewhere `other`."""
    element = _element(pointer)
    _require(types.unliteral(other) == element, f"{other} in place of {element}")

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

    return element(pointer, index, mask, other), _lower(generate)


@intrinsic
def store(typing: Any, pointer: Any, index: Any, value: Any, mask: Any) -> Any:
    """Write the element at an index where the mask holds."""
    element = _element(pointer)
    _require(types.unliteral(value) == element, f"{value} is stored as {element}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        memory, at, number, wanted = arguments
        at = _index(context, builder, at, index)
        number = context.cast(builder, number, value, element)
        with builder.if_then(context.cast(builder, wanted, mask, types.boolean)):
            there = _address(builder, pointer, memory, at, number.type)
            builder.store(number, there, align=_size(element))
        return context.get_dummy_value()

    return types.void(pointer, index, value, mask), _lower(generate)


def _lanes(element: Any) -> int:
    return VECTOR_BYTES // _size(element)


def _vector_type(context: Any, element: Any) -> ir.VectorType:
    """Return 16 bytes as PTX moves them: at most four words of 32 or 64 bits."""
    if _size(element) == 2:
        return ir.VectorType(_I32, 4)
    return ir.VectorType(context.get_value_type(element), _lanes(element))


def _pack(context: Any, builder: ir.IRBuilder, element: Any, values: list[Any]) -> Any:
    """Return numbers as the vector that PTX stores."""
    if _size(element) == 2:
        wide = [builder.zext(value, _I32) for value in values]
        high = [builder.shl(value, ir.Constant(_I32, 16)) for value in wide[1::2]]
        values = [builder.or_(a, b) for a, b in zip(wide[::2], high, strict=True)]
    vector = ir.Constant(_vector_type(context, element), ir.Undefined)
    for k, value in enumerate(values):
        vector = builder.insert_element(vector, value, ir.Constant(_I32, k))
    return vector


def _unpack(builder: ir.IRBuilder, element: Any, vector: Any) -> list[Any]:
    """Return the numbers of a vector that PTX loaded."""
    words = [
        builder.extract_element(vector, ir.Constant(_I32, k)) for k in range(vector.type.count)
    ]
    if _size(element) == 2:
        halves = [(word, builder.lshr(word, ir.Constant(_I32, 16))) for word in words]
        words = [builder.trunc(half, _I16) for pair in halves for half in pair]
    return words


def _inside(builder: ir.IRBuilder, at: Any, begin: Any, end: Any, count: int) -> list[Any]:
    """Say which of the elements from an index on lie in [begin, end)."""
    masks = []
    for k in range(count):
        place = builder.add(at, ir.Constant(_I64, k))
        after = builder.icmp_signed(">=", place, begin)
        masks.append(builder.and_(after, builder.icmp_signed("<", place, end)))
    return masks


@intrinsic
def load_vector(typing: Any, pointer: Any, index: Any, begin: Any, end: Any, other: Any) -> Any:
    """Return the elements of 16 aligned bytes from an index on; outside of [begin, end) they are `other`.

    One instruction even where some are outside: an aligned vector with an element inside lies in memory as a whole.
    """
    element = _element(pointer)
    _require(types.unliteral(other) == element, f"{other} in place of {element}")
    count = _lanes(element)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        places = zip(arguments[1:4], (index, begin, end), strict=True)
        at, first, last = (_index(context, builder, value, kind) for value, kind in places)
        otherwise = context.cast(builder, arguments[4], other, element)
        beyond = builder.add(at, ir.Constant(_I64, count))
        some = builder.and_(
            builder.icmp_signed(">", beyond, first), builder.icmp_signed("<", at, last)
        )
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
            builder.select(mask, value, otherwise)
            for mask, value in zip(
                _inside(builder, at, first, last, count),
                _unpack(builder, element, loaded),
                strict=True,
            )
        ]
        return context.make_tuple(builder, types.UniTuple(element, count), values)

    signature = types.UniTuple(element, count)(pointer, index, begin, end, other)
    return signature, _lower(generate)


@intrinsic
def store_vector(typing: Any, pointer: Any, index: Any, begin: Any, end: Any, values: Any) -> Any:
    """Write the elements of 16 aligned bytes from an index on that lie in [begin, end)."""
    element = _element(pointer)
    count = _lanes(element)
    kinds = {types.unliteral(kind) for kind in values}
    _require(len(values) == count and kinds == {element}, f"{values} is stored as {element}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        places = zip(arguments[1:4], (index, begin, end), strict=True)
        at, first, last = (_index(context, builder, value, kind) for value, kind in places)
        numbers = cgutils.unpack_tuple(builder, arguments[4], count)
        masks = _inside(builder, at, first, last, count)
        with builder.if_else(builder.and_(masks[0], masks[-1])) as (whole, partial):
            with whole:
                vector = _pack(context, builder, element, numbers)
                there = _address(builder, pointer, arguments[0], at, vector.type)
                builder.store(vector, there, align=VECTOR_BYTES)
            with partial:
                for k, (mask, number) in enumerate(zip(masks, numbers, strict=True)):
                    with builder.if_then(mask):
                        place = builder.add(at, ir.Constant(_I64, k))
                        there = _address(builder, pointer, arguments[0], place, number.type)
                        builder.store(number, there, align=_size(element))
        return context.get_dummy_value()

    return types.void(pointer, index, begin, end, values), _lower(generate)


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
    _require(isinstance(count, types.IntegerLiteral), f"shared memory of {count} elements")
    pointer = _shared_pointer(dtype)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return _shared_memory(context, builder, pointer.dtype, count.literal_value, False)

    return pointer(count, dtype), _lower(generate)


@intrinsic
def dynamic_shared(typing: Any, dtype: Any) -> Any:
    """Return the shared memory whose size the launch says."""
    pointer = _shared_pointer(dtype)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return _shared_memory(context, builder, pointer.dtype, 0, True)

    return pointer(dtype), _lower(generate)


@device
def barrier() -> None:
    """Wait for the block's other lanes."""
    cuda.syncthreads()


@device
def shuffle_xor(x: Any, distance: Any) -> Any:
    """Return what the lane whose number differs in these bits has."""
    return cuda.shfl_xor_sync(_FULL_WARP, x, distance)


@device
def any_lane(mask: Any) -> Any:
    """Whether the mask holds in the lane's warp, at least; no barrier may depend on it."""
    return cuda.any_sync(_FULL_WARP, mask)


# Numbers


def _unary(generate_for: Callable[[Any], tuple[Any, Generate]], doc: str) -> Any:
    """Return an intrinsic of one number; `generate_for` maps its type to the result's and the code."""

    @intrinsic
    def operation(typing: Any, x: Any) -> Any:
        kind = types.unliteral(x)
        result, generate = generate_for(kind)

        def cast_and_generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            return generate(context, builder, (context.cast(builder, arguments[0], x, kind),))

        return result(x), _lower(cast_and_generate)

    operation.__doc__ = doc
    return operation


def _float(*values: Any) -> Any:
    kind = _alike(*values)
    _require(kind in (types.float32, types.float64), f"a number of {kind}")
    return kind


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once."""
    kind = _float(a, b, c)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return kind(kind, kind, kind), _lower(generate)


@intrinsic
def divide(typing: Any, a: Any, b: Any) -> Any:
    """Return a / b, correctly rounded."""
    kind = _float(a, b)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        return builder.fdiv(*arguments)

    return kind(kind, kind), _lower(generate)


def _square_root(kind: Any) -> tuple[Any, Generate]:
    _float(kind)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        root = builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type])
        return builder.call(root, arguments)

    return kind, generate


square_root = _unary(_square_root, "Return the correctly rounded square root.")


@intrinsic
def select(typing: Any, mask: Any, a: Any, b: Any) -> Any:
    """Return a where the mask holds, elsewhere b."""
    kind = _alike(a, b)

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        condition = context.cast(builder, arguments[0], mask, types.boolean)
        first, second = (
            context.cast(builder, value, given, kind)
            for value, given in zip(arguments[1:], (a, b), strict=True)
        )
        return builder.select(condition, first, second)

    return kind(mask, a, b), _lower(generate)


@device
def at_least(x: Any, least: Any) -> Any:
    """Return the larger number; NaN in x stays."""
    return select(x < least, least, x)


@device
def at_most(x: Any, most: Any) -> Any:
    """Return the smaller number; NaN in x stays."""
    return select(x > most, most, x)


def _bits(kind: Any) -> tuple[Any, Generate]:
    word = {types.float32: types.uint32, types.float64: types.uint64}.get(kind)
    _require(word is not None, f"the bits of {kind}")
    content = {types.uint32: _I32, types.uint64: _I64}[word]
    return word, lambda context, builder, arguments: builder.bitcast(arguments[0], content)


def _from_bits(kind: Any) -> tuple[Any, Generate]:
    _require(isinstance(kind, types.Integer), f"{kind} as the bits of a number")
    number, content = {32: (types.float32, _FLOAT), 64: (types.float64, _DOUBLE)}[kind.bitwidth]
    return number, lambda context, builder, arguments: builder.bitcast(arguments[0], content)


as_bits = _unary(_bits, "Return the bits of a number as an unsigned word of its width.")
as_float = _unary(_from_bits, "Return the number that has these bits.")


def _instruction(text: str, given: Any, result: Any, constraint: str, doc: str) -> Any:
    """Return an intrinsic that is one instruction of PTX."""

    def generate_for(kind: Any) -> tuple[Any, Generate]:
        _require(kind == given, f"{text.split()[0]} of {kind}")

        def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            contents = [context.get_value_type(each) for each in (result, given)]
            kind = ir.FunctionType(contents[0], contents[1:])
            return builder.call(ir.InlineAsm(kind, text, constraint), arguments)

        return result, generate

    return _unary(generate_for, doc)


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
    _require(kind == _WORD, f"bfloat16 in {kind}")

    def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
        word = builder.zext(arguments[0], _I32)
        return builder.bitcast(builder.shl(word, ir.Constant(_I32, 16)), _FLOAT)

    return _SINGLE, generate


widen_bfloat16 = _unary(_widen_bfloat16, "Return a bfloat16, given as 16 bits, as float32.")
