"""fastdiv.random slowly and obviously: Philox4x32-10 on Python integers, Box and Muller's formula by mpmath."""

from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

MASK = 2**32 - 1
# How many highest bits of a word make a uniform number, and how many words a counter gives.
BITS = {np.float32: 23, np.float64: 52}
PER_COUNTER = {np.float32: 4, np.float64: 2}
# Random123's known answers of Philox4x32-10: counter, key, words.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((MASK,) * 4, (MASK, MASK), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Return the four words of a counter under a key."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (
            (second >> 32) ^ b ^ k,
            second & MASK,
            (first >> 32) ^ d ^ m,
            first & MASK,
        )
        k, m = (k + 0x9E3779B9) & MASK, (m + 0xBB67AE85) & MASK
    return a, b, c, d


def word(seed: int, number: int, stream: int, dtype: Any) -> int:
    """Return the word that a number of the stream is made of: 32 bits, or 64 for float64."""
    index, place = divmod(number, PER_COUNTER[dtype])
    counter = (index & MASK, index >> 32, 0, stream)
    words = philox(counter, (seed & MASK, seed >> 32))
    if dtype is np.float32:
        return words[place]
    return words[2 * place] | words[2 * place + 1] << 32


def uniform(seed: int, number: int, stream: int, dtype: Any) -> Fraction:
    """Return one number in (0, 1)."""
    highest = word(seed, number, stream, dtype) >> (8 * np.dtype(dtype).itemsize - BITS[dtype])
    return (highest + Fraction(1, 2)) / 2 ** BITS[dtype]


def uniforms(seed: int, n: int, offset: int, stream: int, dtype: Any) -> NDArray[Any]:
    """Return n numbers in (0, 1), which the type holds exactly."""
    return np.array([float(uniform(seed, offset + i, stream, dtype)) for i in range(n)], dtype)


def normal(seed: int, number: int, stream: int, dtype: Any) -> mp.mpf:
    """Return one standard normal number."""
    first = number - number % 2
    u, v = (uniform(seed, first + i, stream, dtype) for i in range(2))
    with mp.workdps(40):
        radius = mp.sqrt(-2 * mp.log(mp.mpf(u.numerator) / u.denominator))
        angle = 2 * mp.pi * v.numerator / v.denominator
        return radius * (mp.sin(angle) if number % 2 else mp.cos(angle))
