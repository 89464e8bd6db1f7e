"""The measures of rows inside code that Numba compiles; it loads this before it compiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from . import _runtime, probabilities

_SUFFIXES = {"float32": "f32", "float64": "f64"}


def init() -> None:
    """Register overloads for one-dimensional arrays."""
    import llvmlite.binding
    import numba
    from numba.extending import overload

    njit, types = numba.njit, cast(Any, numba.types)
    (library,) = Path(_runtime.get_library_dir()).glob("libfastdiv.*")
    llvmlite.binding.load_library_permanently(str(library))

    @njit
    def options(base: Any, normalize: Any, weight: Any) -> Any:
        # struct fastdiv_options: a size, two doubles and two ints.
        result = np.array([0.0, base, weight, 0.0])
        result.view(np.intp)[0] = result.nbytes
        result.view(np.int32)[-2:] = (1 if normalize else 0, -1)
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

    def of_one_row(name: str) -> Callable[..., Any]:
        def entropy(p: Any, base: Any = None, normalize: Any = True) -> Any:
            call = native(name, [p])
            if call is None:
                return None

            def compiled(p: Any, base: Any = None, normalize: Any = True) -> Any:
                shape = np.array([p.size], np.uintp)
                step = np.array([p.strides[0] // p.itemsize], np.intp)
                value = np.empty(1, p.dtype)
                chosen = options(checked(base), normalize, 0.5)
                if call(
                    1, shape.ctypes, p.ctypes, step.ctypes, chosen.ctypes, value.ctypes, step.ctypes
                ):
                    raise ValueError("base must be positive and not 1")
                return value[0]

            return compiled

        return entropy

    def of_two_rows(name: str) -> Callable[..., Any]:
        def divergence(
            p: Any, q: Any, base: Any = None, normalize: Any = True, weight: Any = 0.5
        ) -> Any:
            call = native(name, [p, q])
            if call is None:
                return None

            def compiled(
                p: Any, q: Any, base: Any = None, normalize: Any = True, weight: Any = 0.5
            ) -> Any:
                if p.size != q.size:
                    raise ValueError("p and q must have one length")
                shape = np.array([p.size], np.uintp)
                p_step = np.array([p.strides[0] // p.itemsize], np.intp)
                q_step = np.array([q.strides[0] // q.itemsize], np.intp)
                value = np.empty(1, p.dtype)
                chosen = options(checked(base), normalize, weight)
                if call(
                    1, shape.ctypes, p.ctypes, p_step.ctypes, q.ctypes, q_step.ctypes,
                    chosen.ctypes, value.ctypes, p_step.ctypes,
                ):  # fmt: skip
                    raise ValueError("base must be positive and not 1, weight between 0 and 1")
                return value[0]

            return compiled

        return divergence

    for name in ("entropy",):
        overload(getattr(probabilities, name))(of_one_row(name))
    for name in ("cross_entropy", "kl_divergence", "js_divergence", "js_distance"):
        overload(getattr(probabilities, name))(of_two_rows(name))
