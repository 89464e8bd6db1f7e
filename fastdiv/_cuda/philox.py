"""Philox4x32-10, as csrc/simd/philox.hpp: ten rounds that mix a counter of four 32-bit words under a key of two.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, SC 2011.
A counter is (index low, index high, block, stream), the key (seed low, seed high).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .prims import device, join_words, low_word, multiply_words

Value = Any
ROUNDS = 10
_FIRST, _SECOND = np.uint32(0xD2511F53), np.uint32(0xCD9E8D57)
_STEP_LOW, _STEP_HIGH = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_SHIFT = np.uint64(32)


@device
def philox(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, ...]:
    """Return four words of an index and a seed of 64 bits, a block and a stream of 32."""
    a, b, c, d = low_word(index), low_word(index >> _SHIFT), low_word(block), low_word(stream)
    key_low, key_high = low_word(seed), low_word(seed >> _SHIFT)
    for _ in range(ROUNDS):
        high_first, low_first = multiply_words(_FIRST, a)
        high_second, low_second = multiply_words(_SECOND, c)
        a = low_word(high_second ^ b ^ key_low)
        b = low_second
        c = low_word(high_first ^ d ^ key_high)
        d = low_first
        key_low, key_high = low_word(key_low + _STEP_LOW), low_word(key_high + _STEP_HIGH)
    return a, b, c, d


@device
def philox_long(index: Value, block: Value, stream: Value, seed: Value) -> tuple[Value, Value]:
    """Return two words of 64 bits."""
    a, b, c, d = philox(index, block, stream, seed)
    return join_words(a, b), join_words(c, d)
