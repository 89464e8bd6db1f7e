"""Functions of tuples' entries. Kernels keep their sums in tuples; a tuple's length is part of its type.

Each is unrolled by recursion when it is made, which Numba compiles and plain Python runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from .prims import device

Value = Any
Tuple = tuple[Value, ...]


@cache
def each(count: int, function: Callable[[Value], Value]) -> Callable[[Tuple], Tuple]:
    """Return a function of a tuple that calls `function` with each entry."""
    if count == 1:

        @device
        def last(a: Tuple) -> Tuple:
            return (function(a[0]),)

        return last
    rest = each(count - 1, function)

    @device
    def entries(a: Tuple) -> Tuple:
        return (function(a[0]),) + rest(a[1:])  # noqa: RUF005

    return entries


@cache
def each_with(
    count: int, function: Callable[[Value, Value], Value]
) -> Callable[[Tuple, Value], Tuple]:
    """Return the same for a function of an entry and one more argument, common to all."""
    if count == 1:

        @device
        def last(a: Tuple, common: Value) -> Tuple:
            return (function(a[0], common),)

        return last
    rest = each_with(count - 1, function)

    @device
    def entries(a: Tuple, common: Value) -> Tuple:
        return (function(a[0], common),) + rest(a[1:], common)  # noqa: RUF005

    return entries


@cache
def each2(count: int, function: Callable[[Value, Value], Value]) -> Callable[[Tuple, Tuple], Tuple]:
    """Return the same for two tuples."""
    if count == 1:

        @device
        def last(a: Tuple, b: Tuple) -> Tuple:
            return (function(a[0], b[0]),)

        return last
    rest = each2(count - 1, function)

    @device
    def entries(a: Tuple, b: Tuple) -> Tuple:
        return (function(a[0], b[0]),) + rest(a[1:], b[1:])  # noqa: RUF005

    return entries


@cache
def each3(
    count: int, function: Callable[[Value, Value, Value], Value]
) -> Callable[[Tuple, Tuple, Tuple], Tuple]:
    """Return the same for three tuples."""
    if count == 1:

        @device
        def last(a: Tuple, b: Tuple, c: Tuple) -> Tuple:
            return (function(a[0], b[0], c[0]),)

        return last
    rest = each3(count - 1, function)

    @device
    def entries(a: Tuple, b: Tuple, c: Tuple) -> Tuple:
        return (function(a[0], b[0], c[0]),) + rest(a[1:], b[1:], c[1:])  # noqa: RUF005

    return entries


@cache
def choose(count: int, select: Callable[[Value, Value, Value], Value]) -> Callable[..., Tuple]:
    """Return a function of a mask and two tuples that selects entry by entry."""
    if count == 1:

        @device
        def last(mask: Value, a: Tuple, b: Tuple) -> Tuple:
            return (select(mask, a[0], b[0]),)

        return last
    rest = choose(count - 1, select)

    @device
    def entries(mask: Value, a: Tuple, b: Tuple) -> Tuple:
        return (select(mask, a[0], b[0]),) + rest(mask, a[1:], b[1:])  # noqa: RUF005

    return entries


@device
def rotate(a: Tuple) -> Tuple:
    """Return the tuple without its first entry, which comes last.

    A loop that takes the first entry and rotates needs no index: registers cannot be indexed at run time.
    """
    return a[1:] + a[:1]


@cache
def over(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that goes through the entries of two tuples: row, found, a, b -> found."""
    if count == 1:

        @device
        def last(row: Any, found: Any, a: Tuple, b: Tuple) -> Any:
            return function(row, found, a[0], b[0])

        return last
    rest = over(count - 1, function)

    @device
    def entries(row: Any, found: Any, a: Tuple, b: Tuple) -> Any:
        return rest(row, function(row, found, a[0], b[0]), a[1:], b[1:])

    return entries
