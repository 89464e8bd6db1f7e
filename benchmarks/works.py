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

try:
    import ml_dtypes  # makes "bfloat16" a type of NumPy's
except ImportError:  # its rows stay out
    ml_dtypes = None

Array = NDArray[Any]
Call = Callable[[], Any]

DTYPES = ("float32", "float64")
LOGITS_DTYPES = ("float32", "bfloat16") if ml_dtypes else ("float32",)

SQUARE = ((1024, 1024), (16, 1024))
LONG = ((8, 4_000_000), (2, 100_000))
VOCABULARY = ((64, 128_256), (2, 128_256))
LOGITS_SHAPES = (VOCABULARY, ((4096, 1000), (64, 1000)), ((8, 262_144), (1, 262_144)))


@dataclass(frozen=True, eq=False)  # each is itself: they key a cache
class Work:
    """One row of the table; `key` is its name among the references and the peers."""

    domain: str
    name: str
    title: str
    shape: tuple[int, ...]
    quick_shape: tuple[int, ...]
    inputs: int = 1
    argnums: tuple[int, ...] = ()
    """The arguments whose gradients are wanted with the value."""
    dtypes: tuple[str, ...] = DTYPES
    logs: int = 1
    """Logarithms per element that the stable formula needs."""
    exps: int = 0
    """Exponentials per element, likewise."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Nanoseconds per element, all threads; where `per_call`, microseconds per call."""
    long_rows: bool = False
    """The target is the memory floor, if that is above the target of short rows."""
    per_call: bool = False
    new_arrays: bool = False
    """Gradients go to new arrays, not to the caller's."""
    single_thread: bool = True
    """Measured with one thread too, besides all."""
    pictured: bool = True
    budget: float = 25.0
    """Seconds after which no further round begins."""
    tolerance: Mapping[str, float] | None = None
    """Promised error relative to the sum of |terms|; None is 4 units in the last place."""

    @property
    def pairwise(self) -> bool:
        """Whether every row of the first matrix meets every row of the second."""
        return self.domain == "pairwise"

    @property
    def key(self) -> str:
        """The measure, and whether with some gradients or all."""
        if not self.argnums:
            return self.name
        return f"{self.name}_{'gradients' if len(self.argnums) == self.inputs else 'gradient'}"

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
            entries = math.prod(size) * (self.inputs + len(self.argnums))
        return entries * np.dtype(dtype).itemsize

    def label(self, quick: bool) -> str:
        """Return the title and the size."""
        size = self.size(quick)
        if self.name == "mutual_information":
            return f"{self.title}, {size[0]:,} tables {size[1]} × {size[2]}"
        if self.domain == "random":
            return f"{size[0]:,} {self.title}"
        if len(size) == 1:
            return f"{self.title} of {size[0]} numbers"
        return f"{self.title}, {' × '.join(f'{n:,}' for n in size)}"

    def identifier(self) -> str:
        """Return a short name of this work, alone in its domain."""
        last = "new-arrays" if self.new_arrays else "x".join(map(str, self.shape))
        return f"{self.key}-{last}"


def _both_sizes(**options: Any) -> list[Work]:
    short = Work("probabilities", shape=SQUARE[0], quick_shape=SQUARE[1], **options)
    long = Work("probabilities", shape=LONG[0], quick_shape=LONG[1], long_rows=True, **options)
    return [short, long]


def _targets(float32: float, float64: float) -> dict[str, float]:
    return {"float32": float32, "float64": float64}


_GRADIENTS: dict[str, Any] = {
    "name": "js_divergence",
    "inputs": 2,
    "argnums": (0, 1),
    "logs": 2,
    "targets": _targets(0.7, 2),
}


# Logits: y is the student, whose gradient a distillation needs.
_ENTROPY: dict[str, Any] = {"name": "entropy", "logs": 0, "exps": 1}
_KL: dict[str, Any] = {"name": "kl_divergence", "inputs": 2, "logs": 0}
_JS: dict[str, Any] = {"name": "js_divergence", "inputs": 2}
_CROSS: dict[str, Any] = {"name": "cross_entropy", "inputs": 2, "logs": 0}
_KL_BY_Y: dict[str, Any] = {**_KL, "argnums": (1,), "exps": 4}
_LOGITS: list[dict[str, Any]] = [
    {**_ENTROPY, "title": "entropy"},
    {**_KL, "title": "KL", "exps": 2},
    {**_KL_BY_Y, "title": "KL and gradient by y"},
    {**_KL, "title": "KL and both gradients", "argnums": (0, 1), "exps": 4},
    {**_JS, "title": "JS", "exps": 4},
    {**_JS, "title": "JS and gradient by y", "argnums": (1,), "exps": 6, "logs": 2},
]
_DISTILLATION = [
    *_LOGITS,
    {**_KL_BY_Y, "title": "KL and gradient by y in a new array", "new_arrays": True},
    {**_CROSS, "title": "cross entropy and gradient by y", "argnums": (1,), "exps": 4},
]
_LOGITS_TARGETS = {("kl_divergence", (1,)): 0.7, ("js_divergence", (1,)): 1.2}


def _logits_works() -> list[Work]:
    """Targets, one thread and the picture are for the size of a batch with a large vocabulary."""
    works = []
    for shape, quick_shape in LOGITS_SHAPES:
        main = shape == VOCABULARY[0]
        for options in _DISTILLATION if main else _LOGITS:
            target = _LOGITS_TARGETS.get((options["name"], options.get("argnums", ())))
            target = target if main else None
            works.append(
                Work(
                    "logits",
                    shape=shape,
                    quick_shape=quick_shape,
                    dtypes=LOGITS_DTYPES,
                    targets={"float32": target} if target else {},
                    single_thread=target is not None and "new_arrays" not in options,
                    pictured=main,
                    budget=2.5,
                    **options,
                )
            )
    return works


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
    *_logits_works(),
    *(
        Work(
            "random",
            name,
            title,
            shape=(1_000_000,),
            quick_shape=(10_000,),
            logs=0,
            targets=_targets(*targets),
        )
        for name, title, targets in (
            ("normal", "standard normal numbers", (0.5, 1)),
            ("uniform", "uniform numbers", (0.25, 0.5)),
        )
    ),
]


@functools.lru_cache(maxsize=1)
def arrays_of(work: Work, dtype: str, quick: bool) -> tuple[Array, ...]:
    """Return the inputs: logits, or positive weights, flat on the simplex, not normalised."""
    rng = np.random.default_rng(20)
    size = work.size(quick)
    if work.domain == "random":  # memory to be filled
        return (np.zeros(size, dtype),)
    if work.domain == "logits":  # a teacher, and a student that has learnt some of it
        x = 2 * rng.standard_normal(size, dtype=np.float32)
        y = x + 0.5 * rng.standard_normal(size, dtype=np.float32)
        return tuple(array.astype(dtype) for array in (x, y)[: work.inputs])
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
    where = getattr(fastdiv, work.domain)
    function = getattr(where, work.name.removeprefix("pairwise_"))
    if work.domain == "random":
        (out,) = arrays
        return functools.partial(function, 20, out.shape, dtype=out.dtype, out=out)
    if not work.argnums:
        return functools.partial(function, *arrays)
    compute = fastdiv.value_and_grad(function, argnums=work.argnums)
    memory = None if work.new_arrays else tuple(np.empty_like(arrays[k]) for k in work.argnums)

    def value_and_gradients() -> tuple[Array, ...]:
        value, gradients = compute(*arrays, grad_out=memory)
        return value, *gradients

    return value_and_gradients
