"""What kernels call, on NumPy arrays: a value is an array over the lanes of many blocks at once.

A statement of a kernel then runs for thousands of lanes. It finds what hardware would not tell: reads and writes
out of bounds, vectors off their alignment, values of the wrong type, shared memory read before it was written or
without a barrier between two lanes.
"""

from .blocks import KernelFault, run
from .lanes import WARP, any_lane, barrier, block, device, in_first_warp, lane, shuffle_xor
from .memory import (
    VECTOR_BYTES,
    dynamic_shared,
    load,
    load_vector,
    misalignment,
    shared,
    store,
    store_vector,
)
from .numbers import (
    absolute,
    as_bits,
    as_float,
    at_least,
    at_most,
    divide,
    exp2_approximate,
    fma,
    largest,
    log2_approximate,
    narrow_bfloat16,
    narrow_half,
    reciprocal_approximate,
    select,
    square_root,
    widen_bfloat16,
    widen_half,
)
from .words import index_of, join_words, low_word, multiply_words

__all__ = [
    "VECTOR_BYTES",
    "WARP",
    "KernelFault",
    "absolute",
    "any_lane",
    "as_bits",
    "as_float",
    "at_least",
    "at_most",
    "barrier",
    "block",
    "device",
    "divide",
    "dynamic_shared",
    "exp2_approximate",
    "fma",
    "in_first_warp",
    "index_of",
    "join_words",
    "lane",
    "largest",
    "load",
    "load_vector",
    "log2_approximate",
    "low_word",
    "misalignment",
    "multiply_words",
    "narrow_bfloat16",
    "narrow_half",
    "reciprocal_approximate",
    "run",
    "select",
    "shared",
    "shuffle_xor",
    "square_root",
    "store",
    "store_vector",
    "widen_bfloat16",
    "widen_half",
]
