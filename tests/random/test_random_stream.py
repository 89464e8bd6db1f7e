"""The numbers of fastdiv.random are those of the reference, wherever and by whomever they are drawn."""

import mpmath as mp
import numpy as np
import pytest

import fastdiv
import random_reference as reference
from conftest import ISAS, THREADS
from fastdiv import _native, random

FUNCTIONS = [random.uniform, random.normal]
# What simd/normal.hpp states.
NORMAL_MAX_ULP = 3.5
# Seed, offset, stream: words that carry into the next, and the last numbers that there are.
PLACES = [
    (0, 0, 0),
    (1, 1, 0),
    (2**64 - 1, 5, 2**32 - 1),
    (2**32, 2, 1),
    (12345678901234567890, 2**33 - 50, 3),
    (7, 2**34 - 51, 2**31),
    (7, 2**63 + 3, 9),
    (7, 2**64 - 200, 9),
]


@pytest.mark.parametrize(("counter", "key", "words"), reference.KNOWN)
def test_reference_gives_the_known_answers(counter, key, words) -> None:
    assert reference.philox(counter, key) == words


@pytest.mark.parametrize(("seed", "offset", "stream"), PLACES)
def test_uniform_is_the_reference(isa, dtype, seed, offset, stream) -> None:
    numbers = random.uniform(seed, 200, offset, stream, dtype)
    assert numbers.dtype == dtype
    assert np.array_equal(numbers, reference.uniforms(seed, 200, offset, stream, dtype))


@pytest.mark.parametrize(("seed", "offset", "stream"), PLACES)
def test_normal_is_the_reference(isa, dtype, seed, offset, stream) -> None:
    numbers = random.normal(seed, 200, offset, stream, dtype)
    assert numbers.dtype == dtype
    for i, number in enumerate(numbers):
        exact = reference.normal(seed, offset + i, stream, dtype)
        error = abs(mp.mpf(float(number)) - exact)
        assert error <= NORMAL_MAX_ULP * float(np.spacing(abs(dtype(float(exact)))))


@pytest.mark.parametrize("draw", FUNCTIONS)
def test_same_bits_on_instruction_sets(draw, dtype) -> None:
    drawn = {}
    for name in ISAS:
        _native.set_isa(name)
        drawn[name] = draw(3, 100_003, 5, 1, dtype)
    if draw is random.normal:
        # No fused multiply-add: the last places may differ.
        old = drawn.pop("v2", None)
        assert old is None or np.allclose(
            old, next(iter(drawn.values()), old), rtol=8 * np.finfo(dtype).eps
        )
    first = next(iter(drawn.values()))
    assert all(np.array_equal(first, other) for other in drawn.values())


@pytest.mark.parametrize("draw", FUNCTIONS)
def test_same_bits_on_threads(draw, dtype) -> None:
    drawn = []
    for threads in THREADS:
        fastdiv.set_num_threads(threads)
        drawn.append(draw(4, 2**18 + 77, 3, dtype=dtype))
    assert all(np.array_equal(drawn[0], other) for other in drawn[1:])
    parts = [draw(4, 1000, 3 + first, dtype=dtype) for first in range(0, 2**18 + 77, 1000)]
    assert np.array_equal(np.concatenate(parts)[: drawn[0].size], drawn[0])


@pytest.mark.parametrize("draw", FUNCTIONS)
def test_every_slice_can_be_drawn_alone(isa, dtype, draw) -> None:
    whole = draw(5, 700, dtype=dtype)
    for size in [1, 2, 3, 4, 5, 7, 15, 16, 17, 33, 47, 48, 49, 191, 192, 193, 300]:
        for offset in [0, 1, 2, 3, 4, 5, 48, 191, 399]:
            assert np.array_equal(draw(5, size, offset, dtype=dtype), whole[offset : offset + size])


@pytest.mark.parametrize("draw", FUNCTIONS)
def test_nothing_is_written_beside_the_output(isa, dtype, draw) -> None:
    for size in range(0, 260, 13):
        memory = np.full(size + 66, -7, dtype)
        out = memory[33 : 33 + size]
        assert draw(6, size, 1, dtype=dtype, out=out) is out
        assert np.array_equal(out, draw(6, size, 1, dtype=dtype))
        assert (memory[:33] == -7).all()
        assert (memory[33 + size :] == -7).all()


@pytest.mark.parametrize("draw", FUNCTIONS)
def test_shapes(draw, dtype) -> None:
    row = draw(8, 60, 2, 3, dtype)
    assert np.array_equal(draw(8, (3, 4, 5), 2, 3, dtype), row.reshape(3, 4, 5))
    assert draw(8, [60], 2, 3, dtype).shape == (60,)
    assert draw(8, np.int64(60), 2, 3, dtype).shape == (60,)
    assert draw(8, (), 2, 3, dtype) == row[0]
    assert draw(8, (), 2, 3, dtype).shape == ()
    assert draw(8, (3, 0), 2, 3, dtype).shape == (3, 0)
    assert draw(8, (0,), 2**64 - 1).shape == (0,)
    assert np.array_equal(draw(np.uint64(8), 60, np.int32(2), np.uint8(3), dtype), row)


def test_seeds_streams_and_offsets_differ(dtype) -> None:
    rows = [
        random.uniform(seed, 64, offset, stream, dtype)
        for seed in (0, 1, 2**32, 2**63)
        for stream in (0, 1, 2**31)
        for offset in (0, 64, 2**34)
    ]
    numbers = np.concatenate(rows)
    # Of 2,304 numbers of 23 bits a pair may meet by chance; rows that repeat would make 64 at once.
    assert len(np.unique(numbers)) > len(numbers) - 5


def test_normal_is_made_of_uniform(dtype) -> None:
    u, v = random.uniform(9, (1000, 2), dtype=dtype).T.astype(np.float64)
    pair = np.stack([np.cos(2 * np.pi * v), np.sin(2 * np.pi * v)], axis=1)
    expected = np.sqrt(-2 * np.log(u))[:, np.newaxis] * pair
    eps = np.finfo(dtype).eps
    # cos and sin of a rounded angle lose what lies near their zeros.
    assert np.allclose(random.normal(9, (1000, 2), dtype=dtype), expected, rtol=4 * eps, atol=1e-14)
