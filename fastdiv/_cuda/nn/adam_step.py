"""One step of Adam, in place.

m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
theta = theta - rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
D. P. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization*, 2015, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .._kernel import Kernel, Pointer
from ..prims import block, device, divide, fma, lane, square_root
from ..tuples import Value, rotate
from .elements import LANES, all_aligned, flat, memory_of, number, share_out, suffix, vector_of

Array = Any


@device
def update(constants: Any, theta: Value, g: Value, m: Value, v: Value) -> tuple[Value, ...]:
    """Return the new parameter and moments."""
    keep_first, add_first, keep_second, add_second, rate, inverse_root, epsilon = constants
    first = fma(keep_first, m, add_first * g)
    second = fma(keep_second, v, add_second * (g * g))
    root = fma(square_root(second), inverse_root, epsilon)
    return fma(-rate, divide(first, root), theta), first, second


def _make(T: Any, aligned: bool) -> Callable[..., None]:
    memory, count = memory_of(T, aligned), vector_of(T)
    read, write, lanes, vector = memory.read, memory.write, np.int64(LANES), np.int64(count)
    zero = np.int64(0)

    def step(
        parameters: Any, gradient: Any, first_moment: Any, second_moment: Any, n: Any, steps: Any,
        keep_first: Any, add_first: Any, keep_second: Any, add_second: Any, rate: Any, inverse_root: Any, epsilon: Any,
    ) -> None:  # fmt: skip
        constants = (keep_first, add_first, keep_second, add_second, rate, inverse_root, epsilon)
        done = zero
        while done < steps:
            at = ((block() * steps + done) * lanes + lane()) * vector
            theta, g = read(parameters, zero, at, n), read(gradient, zero, at, n)
            m, v = read(first_moment, zero, at, n), read(second_moment, zero, at, n)
            for _ in range(count):
                new_theta, new_m, new_v = update(constants, theta[0], g[0], m[0], v[0])
                # what is done goes to the end, so that it comes first again
                theta, m, v = theta[1:] + (new_theta,), m[1:] + (new_m,), v[1:] + (new_v,)  # noqa: RUF005
                g = rotate(g)
            write(parameters, zero, at, n, theta)
            write(first_moment, zero, at, n, m)
            write(second_moment, zero, at, n, v)
            done += np.int64(1)

    return step


@cache
def kernel_of(T: Any, aligned: bool) -> Kernel:
    """Return what can be launched."""
    return Kernel(
        f"nn_adam_step_{suffix(T, aligned)}",
        lambda: _make(T, aligned),
        (*(Pointer(T),) * 4, np.int64, np.int64, *(T,) * 7),
        lanes=LANES,
        blocks_per_processor=4,
        vector_loads=aligned,
    )


def nn_adam_step(
    parameters: Array,
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step: int,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> None:
    """Make one step, in place."""
    T = parameters.dtype.type
    first, second = (-math.expm1(step * math.log(beta)) if beta else 1.0 for beta in (beta1, beta2))
    constants = (beta1, 1 - beta1, beta2, 1 - beta2, learning_rate / first, 1 / math.sqrt(second), epsilon)  # fmt: skip
    arrays = (parameters, gradient, first_moment, second_moment)
    grid, steps = share_out(parameters.size, T)
    kernel = kernel_of(T, all_aligned(*arrays))
    numbers = (number(T, each) for each in constants)
    kernel(grid, *map(flat, arrays), parameters.size, steps, *numbers)
