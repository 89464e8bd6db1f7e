"""The measures of rows and random numbers inside code that Numba compiles; it loads this before it compiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from . import _runtime, logits, probabilities, random

_SUFFIXES = {"float32": "f32", "float64": "f64"}
_SMALLEST_NORMAL = float(np.finfo(np.float64).smallest_normal)
_WRONG_PLACE = (
    "seed and offset must lie between 0 and 2**64 - 1, the last number too, stream below 2**32"
)
_WRONG = "base must be positive and not 1, weight between 0 and 1, temperature positive and finite"


def init() -> None:
    """Register overloads for one-dimensional arrays."""
    import llvmlite.binding
    import numba
    from numba.extending import overload

    njit, types = numba.njit, cast(Any, numba.types)
    (library,) = Path(_runtime.get_library_dir()).glob("libfastdiv.*")
    llvmlite.binding.load_library_permanently(str(library))

    @njit
    def options(base: Any, normalize: Any, weight: Any, temperature: Any) -> Any:
        # struct fastdiv_options: a size, two doubles, two ints and a double.
        # A subnormal temperature has lost digits: as wrong as 0.
        divisor = temperature if temperature >= _SMALLEST_NORMAL else 0.0
        result = np.array([0.0, base, weight, 0.0, divisor])
        result.view(np.intp)[0] = result.nbytes
        result.view(np.int32)[6:8] = (1 if normalize else 0, -1)
        return result

    @njit
    def checked(base: Any) -> Any:
        if base is None:
            return 0.0
        # For the C function 0 stands for the natural logarithm; here it is as wrong as 1.
        return 1.0 if base == 0 else float(base)

    def native(name: str, rows: list[Any]) -> Any:
        """Return the C function for arrays of these types, None if there is none."""
        first = rows[0]
        for row in rows:
            fits = isinstance(row, types.Array) and row.ndim == 1 and row.dtype == first.dtype
            if not fits or str(row.dtype) not in _SUFFIXES:
                return None
        number = types.CPointer(first.dtype)
        sizes, steps = types.CPointer(types.uintp), types.CPointer(types.intp)
        arguments = [types.uintp, sizes, *[number, steps] * len(rows), types.voidptr, number, steps]
        symbol = f"fastdiv_{name}_{_SUFFIXES[str(first.dtype)]}"
        return types.ExternalFunction(symbol, types.int32(*arguments))

    def one_row(name: str, x: Any) -> Any:
        """Return a compiled function of a row and options, None if there is no kernel."""
        call = native(name, [x])
        if call is None:
            return None

        @njit
        def evaluate(x: Any, chosen: Any) -> Any:
            shape = np.array([x.size], np.uintp)
            step = np.array([x.strides[0] // x.itemsize], np.intp)
            value = np.empty(1, x.dtype)
            if call(
                1, shape.ctypes, x.ctypes, step.ctypes, chosen.ctypes, value.ctypes, step.ctypes
            ):
                raise ValueError(_WRONG)
            return value[0]

        return evaluate

    def two_rows(name: str, x: Any, y: Any) -> Any:
        """Return the same for two rows."""
        call = native(name, [x, y])
        if call is None:
            return None

        @njit
        def evaluate(x: Any, y: Any, chosen: Any) -> Any:
            if x.size != y.size:
                raise ValueError("both rows must have one length")
            shape = np.array([x.size], np.uintp)
            x_step = np.array([x.strides[0] // x.itemsize], np.intp)
            y_step = np.array([y.strides[0] // y.itemsize], np.intp)
            value = np.empty(1, x.dtype)
            if call(
                1, shape.ctypes, x.ctypes, x_step.ctypes, y.ctypes, y_step.ctypes,
                chosen.ctypes, value.ctypes, x_step.ctypes,
            ):  # fmt: skip
                raise ValueError(_WRONG)
            return value[0]

        return evaluate

    # The parameters that may be given by position come in the order of the functions themselves.

    @overload(probabilities.entropy, strict=False)
    def entropy(p: Any, base: Any = None, normalize: Any = True) -> Any:
        run = one_row("entropy", p)
        return run and (
            lambda p, base=None, normalize=True: run(p, options(checked(base), normalize, 0.5, 1.0))
        )

    @overload(logits.entropy, strict=False)
    def logits_entropy(x: Any, temperature: Any = 1.0, base: Any = None) -> Any:
        run = one_row("logits_entropy", x)
        return run and (
            lambda x, temperature=1.0, base=None: run(
                x, options(checked(base), True, 0.5, temperature)
            )
        )

    def of_probabilities(name: str) -> None:
        @overload(getattr(probabilities, name), strict=False)
        def divergence(p: Any, q: Any, base: Any = None, normalize: Any = True) -> Any:
            run = two_rows(name, p, q)
            return run and (
                lambda p, q, base=None, normalize=True: run(
                    p, q, options(checked(base), normalize, 0.5, 1.0)
                )
            )

    def of_mixtures(name: str) -> None:
        @overload(getattr(probabilities, name), strict=False)
        def divergence(
            p: Any, q: Any, weight: Any = 0.5, base: Any = None, normalize: Any = True
        ) -> Any:
            run = two_rows(name, p, q)
            return run and (
                lambda p, q, weight=0.5, base=None, normalize=True: run(
                    p, q, options(checked(base), normalize, weight, 1.0)
                )
            )

    def of_logits(name: str) -> None:
        @overload(getattr(logits, name), strict=False)
        def divergence(x: Any, y: Any, temperature: Any = 1.0, base: Any = None) -> Any:
            run = two_rows(f"logits_{name}", x, y)
            return run and (
                lambda x, y, temperature=1.0, base=None: run(
                    x, y, options(checked(base), True, 0.5, temperature)
                )
            )

    @overload(logits.js_divergence, strict=False)
    def logits_js_divergence(
        x: Any, y: Any, weight: Any = 0.5, temperature: Any = 1.0, base: Any = None
    ) -> Any:
        run = two_rows("logits_js_divergence", x, y)
        return run and (
            lambda x, y, weight=0.5, temperature=1.0, base=None: run(
                x, y, options(checked(base), True, weight, temperature)
            )
        )

    def of_random(name: str) -> None:
        @overload(getattr(random, name), strict=False)
        def draw(
            seed: Any, shape: Any, offset: Any = 0, stream: Any = 0, dtype: Any = np.float64
        ) -> Any:
            # Arguments that are left out come as they are above, or as Omitted.
            left_out = dtype is np.float64 or isinstance(dtype, types.Omitted)
            kind = "float64" if left_out else str(getattr(dtype, "dtype", dtype))
            allowed = (types.Integer, types.Omitted, int)
            if kind not in _SUFFIXES or not all(
                isinstance(place, allowed) for place in (seed, offset, stream)
            ):
                return None
            number = getattr(np, kind)
            word, half = types.uint64, types.uint32
            arguments = [types.uintp, word, word, half, types.CPointer(getattr(types, kind))]
            symbol = f"fastdiv_random_{name}_{_SUFFIXES[kind]}"
            call = types.ExternalFunction(symbol, types.int32(*arguments))

            def evaluate(
                seed: Any, shape: Any, offset: Any = 0, stream: Any = 0, dtype: Any = np.float64
            ) -> Any:
                out = np.empty(shape, number)
                wrong = seed < 0 or offset < 0 or stream < 0 or stream >= 2**32
                if wrong or call(
                    out.size, np.uint64(seed), np.uint64(offset), np.uint32(stream), out.ctypes
                ):
                    raise ValueError(_WRONG_PLACE)
                return out

            return evaluate

    for name in ("uniform", "normal"):
        of_random(name)
    for name in ("cross_entropy", "kl_divergence"):
        of_probabilities(name)
        of_logits(name)
    for name in ("js_divergence", "js_distance"):
        of_mixtures(name)
