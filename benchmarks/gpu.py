"""The CUDA back end on a GPU: every kernel checked against the CPU, then timed beside torch and Liger-Kernel.

Run ``python benchmarks/gpu.py [--checks] [--quick] [--output benchmarks/RESULTS.md]``. It installs nothing: peers
that are not there stay out. ``--checks`` does not time.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import document
import fastdiv
import machine
import peers_gpu

Array = Any
TITLE = "GPU"
SHAPES = ((4096, 32_000), (4096, 128_256), (8, 1_048_576))
QUICK_SHAPES = ((64, 32_000), (2, 128_256))
DTYPES: dict[str, Any] = {"float32": np.dtype("f4"), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
_ROUNDS, _CALLS = 9, 5
_ALLOWED = {"f": 1e-5, "d": 1e-12}  # of a gradient, relative to the largest entry of its row

try:
    import cupy as cp
except ImportError:  # `main` says so
    cp = None


# --- Checks ---------------------------------------------------------------------------------------


def _rows(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> tuple[Array, Array]:
    """Return logits of a teacher and a student; of six rows one each is one-hot, equal, shifted, partly -inf."""
    x = rng.normal(0, 2, shape)
    y = x + rng.normal(0, 0.5, shape)
    x[0::6, 0] = 300
    y[1::6] = x[1::6]
    y[2::6] += 1e4
    x[3::6, 1::3] = -np.inf
    return x.astype(dtype), y.astype(dtype)


def _close(name: str, ours: Array, cpu: Array, allowed: Array) -> str | None:
    """Compare results, and say what differs."""
    found, wanted = np.asarray(_host(ours), np.float64), np.asarray(cpu, np.float64)
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        wrong = ~(same | (np.abs(found - wanted) <= allowed))
    if not wrong.any():
        return None
    at = tuple(int(index[0]) for index in np.nonzero(wrong))
    return f"{name} at {at}: {found[at]!r}, on the CPU {wanted[at]!r}"


def _host(array: Array) -> Array:
    return array if isinstance(array, np.ndarray) else cp.asnumpy(array)


def checks(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Compare every measure with the CPU; yield its name, and None or what differs."""
    rng = np.random.default_rng(0)
    shapes = [(13, 7), (5, 1000), (64, 257)] if quick else [(13, 7), (64, 1000), (7, 50_257)]
    for shape in shapes:
        for dtype in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16):
            x, y = _rows(rng, shape, dtype)
            for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence"):
                yield from _check(getattr(fastdiv.logits, name), (x, y), name == "entropy")
            if dtype in (np.float32, np.float64):
                p, q = (np.exp(each - each.max(-1, keepdims=True)) for each in (x, y))
                for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence"):
                    yield from _check(getattr(fastdiv, name), (p, q), name == "entropy")
    tables = rng.gamma(1, size=(9, 32, 17))
    for dtype in (np.float32, np.float64):
        for name in ("mutual_information", "conditional_entropy"):
            yield from _check(getattr(fastdiv, name), (tables.astype(dtype),), True)


def _check(f: Any, arrays: tuple[Array, ...], single: bool) -> Iterator[tuple[str, str | None]]:
    arrays = arrays[:1] if single else arrays
    label = f"{f.__module__.split('.')[1]}.{f.__name__} {arrays[0].shape} {arrays[0].dtype}"
    computed = np.dtype(np.float64 if arrays[0].dtype == np.float64 else np.float32)
    compute = fastdiv.value_and_grad(f, tuple(range(len(arrays))))
    value, gradients = compute(*arrays)  # on the CPU
    ours, theirs = compute(*map(cp.asarray, arrays))
    terms = np.abs(np.asarray(value, np.float64)) + np.log(arrays[0].shape[-1]) + 1
    epsilon = float(np.finfo(computed).eps)
    problems = [_close("value", ours, value, 8 * epsilon * terms)]
    rounding = _ALLOWED[computed.char] + (0.01 if arrays[0].dtype.itemsize == 2 else 0)
    for place, (gradient, other) in enumerate(zip(gradients, theirs, strict=True)):
        largest = np.abs(np.asarray(gradient, np.float64)).max(-1, keepdims=True, initial=0)
        problems.append(_close(f"gradient {place}", other, gradient, rounding * largest))
    yield label, next((problem for problem in problems if problem), None)


# --- Times ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    label: str
    dtype: str
    bytes_moved: int
    milliseconds: dict[str, float]


def _milliseconds(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Time calls in turn by the device's clock; the median round of each."""
    begin, end = cp.cuda.Event(), cp.cuda.Event()
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            call()
            begin.record()
            for _ in range(_CALLS):
                call()
            end.record()
            end.synchronize()
            rounds[name].append(cp.cuda.get_elapsed_time(begin, end) / _CALLS)
    return {name: statistics.median(each) for name, each in rounds.items()}


def copy_bandwidth() -> float:
    """Return bytes a second of a large copy on the device, reads and writes counted."""
    source = cp.ones(1 << 29, cp.float32)
    target = cp.empty_like(source)
    found = _milliseconds({"copy": lambda: cp.copyto(target, source)})["copy"]
    return 2 * source.nbytes / found * 1e3


def times(quick: bool) -> list[Row]:
    """Time values, and values with the gradient by the last argument, from logits and from probabilities."""
    rows = []
    for shape in QUICK_SHAPES if quick else SHAPES:
        for label, dtype in DTYPES.items():
            x, y = (_random(seed, shape, dtype) for seed in (0, 1))
            for name in ("entropy", "kl_divergence", "js_divergence"):
                arrays = (x,) if name == "entropy" else (x, y)
                for gradient in (False, True):
                    what = f"logits.{name}{' and gradient' if gradient else ''}, {_size(shape)}"
                    f = getattr(fastdiv.logits, name)
                    rows.append(_time(what, label, f, name, arrays, gradient))
        p, q = (cp.exp(_random(seed, shape, DTYPES["float32"])) for seed in (0, 1))
        for name in ("entropy", "kl_divergence", "js_divergence"):
            arrays = (p,) if name == "entropy" else (p, q)
            what = f"{name} of weights, {_size(shape)}"
            rows.append(_time(what, "float32", getattr(fastdiv, name), None, arrays, False))
    return rows


def _size(shape: Sequence[int]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def _random(seed: int, shape: tuple[int, int], dtype: Any) -> Array:
    cp.random.seed(seed)
    return (2 * cp.random.standard_normal(shape, dtype=cp.float32)).astype(dtype)


def _time(
    what: str, dtype: str, f: Any, name: str | None, arrays: tuple[Array, ...], gradient: bool
) -> Row:
    if gradient:
        compute = fastdiv.value_and_grad(f, len(arrays) - 1)
        target = cp.empty_like(arrays[-1])
        calls: dict[str, Any] = {"fastdiv": lambda: compute(*arrays, grad_out=target)}
    else:
        calls = {"fastdiv": lambda: f(*arrays)}
    for library in peers_gpu.PEERS if name else ():
        call = peers_gpu.peer_call(library, name, arrays, gradient)
        if call is not None and (problem := _runs(call)) is None:
            calls[library] = call
        elif call is not None:
            print(f"{library} stays out of {what}: {problem}", flush=True)
    bytes_moved = arrays[0].nbytes * (len(arrays) + gradient)
    row = Row(what, dtype, bytes_moved, _milliseconds(calls))
    print(f"{what}, {dtype}: {row.milliseconds}", flush=True)
    return row


def _runs(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except Exception as error:  # out of memory, no compiler: a peer's affair
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return None


def table(rows: Sequence[Row], bandwidth: float) -> list[str]:
    """Return the table's lines."""
    peers = [each for each in peers_gpu.PEERS if any(each in row.milliseconds for row in rows)]
    lines = [
        f"| work | dtype | fastdiv ms | GB/s | of the floor | {' | '.join(f'× {p}' for p in peers)} |",
        "|---|---|--:|--:|--:|" + "--:|" * len(peers),
    ]
    for row in rows:
        ours = row.milliseconds["fastdiv"]
        rate = row.bytes_moved / ours * 1e3
        ratios = [
            f"{row.milliseconds[each] / ours:.1f}" if each in row.milliseconds else "–"
            for each in peers
        ]
        lines.append(
            f"| {row.label} | {row.dtype} | **{ours:.3f}** | {rate / 1e9:,.0f} | "
            f"{rate / bandwidth:.0%} | {' | '.join(ratios)} |"
        )
    return lines


def section(rows: Sequence[Row], bandwidth: float) -> list[str]:
    """Return the section of the results."""
    device = cp.cuda.runtime.getDeviceProperties(0)["name"].decode()
    versions = ("cupy-cuda13x", "numba-cuda", "torch", "triton", "liger-kernel")
    known = [f"{each}: {machine.version(each)}" for each in versions]
    record = [f"device: {device}", f"fastdiv: {fastdiv.__version__}", *known]
    return [
        f"{', '.join([*record, 'date: ' + machine.record()['date']])}.",
        "",
        *table(rows, bandwidth),
        "",
        f"- *of the floor*: inputs and the gradient moved once at the speed of a large copy, "
        f"{bandwidth / 1e12:.2f} TB/s, measured in the same run, over the time taken.",
        "- *peers*: plain formulas in float32, eager and compiled; Liger-Kernel takes logarithms of "
        "softmax, which torch computes for it. Gradients are by the last argument.",
        "- Every kernel was compared with the CPU before anything was timed.",
    ]


def sanitize() -> str:
    """Run the quick checks under compute-sanitizer, where there is one."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return "compute-sanitizer: not installed"
    command = [tool, "--tool", "memcheck", sys.executable, __file__, "--checks", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return f"compute-sanitizer: rc {done.returncode}: {done.stdout.strip().splitlines()[-1:]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, then time, then write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", action="store_true", help="do not time")
    parser.add_argument("--quick", action="store_true", help="small sizes: a trial")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), metavar="FILE"
    )
    options = parser.parse_args(arguments)
    if cp is None or not cp.is_available():
        parser.error("there is no GPU here, or no CuPy: pip install 'fastdiv[cuda]'")
    wrong = 0
    for name, problem in checks(options.quick):
        wrong += problem is not None
        print(f"{'DIFFERS' if problem else 'ok     '} {name} {problem or ''}", flush=True)
    if wrong or options.checks:
        print(f"{wrong} differ")
        return wrong > 0
    print(sanitize(), flush=True)
    bandwidth = copy_bandwidth()
    document.write(options.output, {TITLE: section(times(options.quick), bandwidth)})
    print("\n".join(document.read(options.output)[TITLE]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
