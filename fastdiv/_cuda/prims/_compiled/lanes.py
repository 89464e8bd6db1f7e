"""Who a lane is, and what lanes say to each other."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import cuda, types
from numba.cuda import cgutils
from numba.cuda.extending import intrinsic

from .lowering import I32, I64, device, lower

WARP = 32
_FULL_WARP = 0xFFFFFFFF


def _special_register(name: str) -> Any:
    """Return an intrinsic that reads a register of 32 bits as int64."""

    @intrinsic
    def read(typing: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, arguments: Any) -> Any:
            kind = ir.FunctionType(I32, [])
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.zext(builder.call(function, []), I64)

        return types.int64(), lower(generate)

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


@device
def barrier() -> None:
    """Wait for the block's other lanes."""
    cuda.syncthreads()


@device
def shuffle_xor(x: Any, distance: Any) -> Any:
    """Return what the lane whose number differs in these bits has."""
    return cuda.shfl_xor_sync(_FULL_WARP, x, distance)


@device
def in_first_warp() -> Any:
    """Whether the lane is in its block's first warp: what is done there reaches others by shared memory alone."""
    return _lane() < 32


@device
def any_lane(mask: Any) -> Any:
    """Whether the mask holds in the lane's warp, at least; no barrier may depend on it."""
    return cuda.any_sync(_FULL_WARP, mask)
