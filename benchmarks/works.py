"""What is measured: each work, its inputs, what it cannot avoid doing, and the time to reach."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastdiv

Array = NDArray[Any]
Call = Callable[[], Any]

DTYPES = ("float32", "float64")

SQUARE = ((1024, 1024), (16, 1024))
LONG = ((8, 4_000_000), (2, 100_000))


@dataclass(frozen=True, eq=False)  # each is itself: they key a cache
class Work:
    """One row of the table; `name` is its key among the references and the peers."""

    domain: str
    name: str
    title: str
    shape: tuple[int, ...]
    quick_shape: tuple[int, ...]
    inputs: int = 1
    gradients: int = 0
    logs: int = 1
    """Logarithms per element that the stable formula needs."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Nanoseconds per element, all threads; where `per_call`, microseconds per call."""
    long_rows: bool = False
    """The target is the memory floor, if that is above the target of short rows."""
    per_call: bool = False
    new_arrays: bool = False
    """Gradients go to new arrays, not to the caller's."""
    tolerance: Mapping[str, float] | None = None
    """Promised error relative to the sum of |terms|; None is 4 units in the last place."""

    @property
    def pairwise(self) -> bool:
        """Whether every row of the first matrix meets every row of the second."""
        return self.domain == "pairwise"

    def size(self, quick: bool) -> tuple[int, ...]:
        """Return the shape of each input; for pairs, rows of p, rows of q, and their length."""
        return self.quick_shape if quick else self.shape

    def elements(self, quick: bool) -> int:
        """Count entries of p, or pairs of entries of p and q."""
        return math.prod(self.size(quick))

    def bytes_moved(self, quick: bool, dtype: str) -> int:
        """Count the bytes of inputs and outputs, each touched once."""
        size = self.size(quick)
        if self.pairwise:
            entries = (size[0] + size[1]) * size[2] + size[0] * size[1]
        else:
            entries = math.prod(size) * (self.inputs + self.gradients)
        return entries * np.dtype(dtype).itemsize

    def label(self, quick: bool) -> str:
        """Return the title and the size."""
        size = self.size(quick)
        if self.name == "mutual_information":
            return f"{self.title}, {size[0]:,} tables {size[1]} × {size[2]}"
        if len(size) == 1:
            return f"{self.title} of {size[0]} numbers"
        return f"{self.title}, {' × '.join(f'{n:,}' for n in size)}"

    def identifier(self) -> str:
        """Return a short name of this work, alone in its domain."""
        last = "new-arrays" if self.new_arrays else "x".join(map(str, self.shape))
        return f"{self.name}-{last}"


def _both_sizes(**options: Any) -> list[Work]:
    short = Work("probabilities", shape=SQUARE[0], quick_shape=SQUARE[1], **options)
    long = Work("probabilities", shape=LONG[0], quick_shape=LONG[1], long_rows=True, **options)
    return [short, long]


def _targets(float32: float, float64: float) -> dict[str, float]:
    return {"float32": float32, "float64": float64}


_GRADIENTS: dict[str, Any] = {
    "name": "js_gradients",
    "inputs": 2,
    "gradients": 2,
    "logs": 2,
    "targets": _targets(0.7, 2),
}

WORKS = [
    *_both_sizes(name="entropy", title="entropy", targets=_targets(0.2, 0.5)),
    *_both_sizes(name="kl_divergence", title="KL", inputs=2, targets=_targets(0.3, 0.8)),
    *_both_sizes(name="js_divergence", title="JS", inputs=2, logs=2, targets=_targets(0.5, 1.4)),
    *_both_sizes(title="JS and both gradients", **_GRADIENTS),
    Work(
        "probabilities",
        title="JS and both gradients in new arrays",
        shape=SQUARE[0],
        quick_shape=SQUARE[1],
        new_arrays=True,
        **_GRADIENTS,
    ),
    Work(
        "probabilities",
        "entropy",
        "entropy",
        shape=(10,),
        quick_shape=(10,),
        targets=_targets(2, 2),
        per_call=True,
    ),
    Work(
        "probabilities",
        "mutual_information",
        "mutual information",
        shape=(4096, 32, 32),
        quick_shape=(64, 32, 32),
        targets={"float64": 1},
    ),
    Work(
        "pairwise",
        "pairwise_js_distance",
        "JS distance of all pairs",
        shape=(1000, 1000, 256),
        quick_shape=(40, 50, 256),
        inputs=2,
        logs=1,
        tolerance={"float32": 1e-5, "float64": 1e-13},  # as its docstring says
    ),
    Work(
        "pairwise",
        "pairwise_kl_divergence",
        "KL of all pairs",
        shape=(1000, 1000, 256),
        quick_shape=(40, 50, 256),
        inputs=2,
        logs=0,
        tolerance={"float32": 1e-5, "float64": 1e-12},
    ),
]


@functools.lru_cache(maxsize=1)
def arrays_of(work: Work, dtype: str, quick: bool) -> tuple[Array, ...]:
    """Return the inputs: positive weights, flat on the simplex, not normalised."""
    rng = np.random.default_rng(20)
    size = work.size(quick)
    shapes = [size] * work.inputs
    if work.pairwise:
        shapes = [(size[0], size[2]), (size[1], size[2])]
    arrays = []
    for shape in shapes:
        array = rng.standard_exponential(shape, dtype=np.dtype(dtype).type)
        arrays.append(np.maximum(array, 1e-9, out=array))  # the peers' plain formulas need p > 0
    return tuple(arrays)


def fastdiv_call(work: Work, arrays: tuple[Array, ...]) -> Call:
    """Return our own call: the public function, as a user writes it."""
    if work.name != "js_gradients":
        where, name = fastdiv, work.name
        if work.pairwise:
            where, name = fastdiv.pairwise, name.removeprefix("pairwise_")
        return functools.partial(getattr(where, name), *arrays)
    compute = fastdiv.value_and_grad(fastdiv.js_divergence, argnums=(0, 1))
    memory = None if work.new_arrays else tuple(map(np.empty_like, arrays))

    def value_and_gradients() -> tuple[Array, ...]:
        value, gradients = compute(*arrays, grad_out=memory)
        return value, *gradients

    return value_and_gradients
