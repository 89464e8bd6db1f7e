"""Vectors of a row: read, kept in shared memory, written; in 16 bytes, or element by element off the alignment."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .layout import Layout
from .prims import (
    VECTOR_BYTES,
    device,
    lane,
    load,
    load_vector,
    narrow_bfloat16,
    narrow_half,
    store,
    store_vector,
    widen_bfloat16,
    widen_half,
)
from .teams import same
from .tuples import Tuple, Value, each


def keeping_vectors(layout: Layout, S: Any) -> Callable[..., None]:
    """Return a function that writes the team's vectors of a step into shared memory, by 16 bytes a lane."""
    vector = VECTOR_BYTES // np.dtype(S).itemsize
    own, apart = np.int64(vector), np.int64(layout.team * vector)
    in_team = np.int64(layout.team - 1)

    def made(count: int) -> Callable[..., None]:
        @device
        def last(stage: Any, begin: Value, words: Tuple) -> None:
            at = begin + (lane() & in_team) * own
            store_vector(stage, at, at, at + own, words)

        if count == vector:
            return last
        rest = made(count - vector)

        @device
        def keep(stage: Any, begin: Value, words: Tuple) -> None:
            last(stage, begin, words[:vector])
            rest(stage, begin + apart, words[vector:])

        return keep

    return made(layout.vector)


def recalling_vectors(layout: Layout, S: Any) -> Callable[..., Tuple]:
    """Return a function that reads what `keeping_vectors` has written."""
    vector, other = VECTOR_BYTES // np.dtype(S).itemsize, S(0)
    own, apart = np.int64(vector), np.int64(layout.team * vector)
    in_team = np.int64(layout.team - 1)

    def made(count: int) -> Callable[..., Tuple]:
        @device
        def last(stage: Any, begin: Value) -> Tuple:
            at = begin + (lane() & in_team) * own
            return load_vector(stage, at, at, at + own, other)

        if count == vector:
            return last
        rest = made(count - vector)

        @device
        def recall(stage: Any, begin: Value) -> Tuple:
            return last(stage, begin) + rest(stage, begin + apart)

        return recall

    return made(layout.vector)


def _scalars(count: int, other: Any) -> Callable[..., Tuple]:
    """Return a function that reads a row's next elements one by one."""

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return (load(pointer, begin + at, at < length, other),)

    if count == 1:
        return last
    rest = _scalars(count - 1, other)

    @device
    def read(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return last(pointer, begin, at, length) + rest(pointer, begin, at + np.int64(1), length)

    return read


def _store_scalars(count: int) -> Callable[..., None]:
    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store(pointer, begin + at, values[0], at < length)

    if count == 1:
        return last
    rest = _store_scalars(count - 1)

    @device
    def write(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store(pointer, begin + at, values[0], at < length)
        rest(pointer, begin, at + np.int64(1), length, values[1:])

    return write


NARROW = {"float16": (widen_half, narrow_half), "bfloat16": (widen_bfloat16, narrow_bfloat16)}


@cache
def vectors(layout: Layout, kind: str, aligned: bool, padding: float) -> SimpleNamespace:
    """Return `read` and `write` of a vector of a row, as stored, and `widen` and `narrow` to and from that.

    `read_whole` and `write_whole` are the same for vectors that lie inside of their row, and count nothing.

    A kind is float32, float64, or float16 and bfloat16, which are stored as uint16. Rows that begin at a multiple of
    16 bytes move in whole vectors, others element by element: the same elements go to the same lanes.
    """
    count = layout.vector
    word = np.uint16 if kind in NARROW else np.dtype(kind).type
    vector = VECTOR_BYTES // np.dtype(word).itemsize
    infinite = {"float16": 0xFC00, "bfloat16": 0xFF80}
    other = word(infinite[kind]) if kind in NARROW and padding < 0 else word(padding)
    converts = kind in NARROW
    widen, narrow = (
        each(count, convert) if converts else same for convert in NARROW.get(kind, (same, same))
    )
    if aligned:
        read, write = _reading_vectors(count, vector, other), _writing_vectors(count, vector)
    else:
        read, write = _scalars(count, other), _store_scalars(count)
    elements = np.int64(count)

    @device
    def read_whole(pointer: Any, begin: Value, at: Value) -> Tuple:
        return read(pointer, begin + at, np.int64(0), elements)

    @device
    def write_whole(pointer: Any, begin: Value, at: Value, values: Tuple) -> None:
        write(pointer, begin + at, np.int64(0), elements, values)

    return SimpleNamespace(
        read=read, write=write, read_whole=read_whole, write_whole=write_whole,
        widen=widen, narrow=narrow, others=(other,) * count,
    )  # fmt: skip


def _reading_vectors(count: int, vector: int, other: Any) -> Callable[..., Tuple]:
    """Return a function that reads a row's next elements by 16 bytes at a time."""
    apart = np.int64(vector)

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return load_vector(pointer, begin + at, begin + at, begin + length, other)

    if count == vector:
        return last
    rest = _reading_vectors(count - vector, vector, other)

    @device
    def read(pointer: Any, begin: Value, at: Value, length: Value) -> Tuple:
        return last(pointer, begin, at, length) + rest(pointer, begin, at + apart, length)

    return read


def _writing_vectors(count: int, vector: int) -> Callable[..., None]:
    apart = np.int64(vector)

    @device
    def last(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store_vector(pointer, begin + at, begin + at, begin + length, values)

    if count == vector:
        return last
    rest = _writing_vectors(count - vector, vector)

    @device
    def write(pointer: Any, begin: Value, at: Value, length: Value, values: Tuple) -> None:
        store_vector(pointer, begin + at, begin + at, begin + length, values[:vector])
        rest(pointer, begin, at + apart, length, values[vector:])

    return write
