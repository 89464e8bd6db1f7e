"""What is timed on a GPU, by the device's clock: every library's call in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

import fastdiv
import peers_gpu
import peers_montecarlo
import peers_nn

Array = Any
Call = Callable[[], Any]
SHAPES = ((4096, 32_000), (4096, 128_256), (8, 1_048_576))
QUICK_SHAPES = ((64, 32_000), (2, 128_256))
DTYPES: dict[str, Any] = {"float32": np.dtype("f4"), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
_ROUNDS, _CALLS = 9, 5

try:
    import cupy as cp
except ImportError:  # gpu.py says so
    cp = None


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    label: str
    dtype: str
    bytes_moved: int
    """0 where arithmetic is what takes time."""
    milliseconds: dict[str, float]


def milliseconds(calls: dict[str, Call]) -> dict[str, float]:
    """Time calls in turn; the median round of each."""
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
    found = milliseconds({"copy": lambda: cp.copyto(target, source)})["copy"]
    return 2 * source.nbytes / found * 1e3


def rows(quick: bool) -> Iterator[Row]:
    """Time everything, line by line."""
    for shape in QUICK_SHAPES if quick else SHAPES:
        yield from _logits(shape)
        yield from _weights(shape)
    yield from _tables(quick)
    yield from _samples(quick)
    yield from _training(quick)


def _time(
    what: str, dtype: str, bytes_moved: int, ours: Call, peers: dict[str, Call | None]
) -> Row:
    calls = {"fastdiv": ours}
    for library, call in peers.items():
        if call is not None and (problem := _problem(call)) is None:
            calls[library] = call
        elif call is not None:
            print(f"{library} stays out of {what}: {problem}", flush=True)
    row = Row(what, dtype, bytes_moved, milliseconds(calls))
    print(f"{what}, {dtype}: {row.milliseconds}", flush=True)
    return row


def _problem(call: Call) -> str | None:
    try:
        call()
    except Exception as error:  # out of memory, no compiler: a peer's affair
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return None


def _size(shape: Sequence[int]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def _random(seed: int, shape: Sequence[int], dtype: Any) -> Array:
    cp.random.seed(seed)
    return (2 * cp.random.standard_normal(shape, dtype=cp.float32)).astype(dtype)


def _own(f: Any, arrays: tuple[Array, ...], gradient: bool) -> Call:
    if not gradient:
        return lambda: f(*arrays)
    compute = fastdiv.value_and_grad(f, len(arrays) - 1)
    target = cp.empty_like(arrays[-1])
    return lambda: compute(*arrays, grad_out=target)


def _logits(shape: tuple[int, int]) -> Iterator[Row]:
    for label, dtype in DTYPES.items():
        x, y = (_random(seed, shape, dtype) for seed in (0, 1))
        for name in ("entropy", "kl_divergence", "js_divergence"):
            arrays = (x,) if name == "entropy" else (x, y)
            for gradient in (False, True):
                what = f"logits.{name}{' and gradient' if gradient else ''}, {_size(shape)}"
                peers = {
                    library: peers_gpu.peer_call(library, name, arrays, gradient)
                    for library in peers_gpu.PEERS
                }
                ours = _own(getattr(fastdiv.logits, name), arrays, gradient)
                yield _time(what, label, x.nbytes * (len(arrays) + gradient), ours, peers)


def _weights(shape: tuple[int, int]) -> Iterator[Row]:
    p, q = (cp.exp(_random(seed, shape, DTYPES["float32"])) for seed in (0, 1))
    for name in ("entropy", "kl_divergence", "js_divergence"):
        arrays = (p,) if name == "entropy" else (p, q)
        for gradient in (False, True):
            what = f"{name} of weights{' and gradient' if gradient else ''}, {_size(shape)}"
            ours = _own(getattr(fastdiv, name), arrays, gradient)
            yield _time(what, "float32", p.nbytes * (len(arrays) + gradient), ours, {})


def _tables(quick: bool) -> Iterator[Row]:
    count = 100 if quick else 100_000
    tables = cp.exp(_random(0, (count, 32, 32), DTYPES["float32"]))
    ours = _own(fastdiv.mutual_information, (tables,), False)
    what = f"mutual_information, {_size(tables.shape)}"
    yield _time(what, "float32", tables.nbytes, ours, {})
    m, n = (64, 100) if quick else (2048, 1000)
    p, q = (cp.exp(_random(seed, (m, n), DTYPES["float32"])) for seed in (0, 1))
    for name in ("kl_divergence", "js_divergence"):
        ours = _own(getattr(fastdiv.pairwise, name), (p, q), False)
        yield _time(f"pairwise.{name}, {m:,} × {m:,} pairs of {n:,}", "float32", 0, ours, {})


def _samples(quick: bool) -> Iterator[Row]:
    count = 1 << (16 if quick else 28)
    for dtype in (np.float32, np.float64):
        out = cp.empty(count, dtype)
        name = np.dtype(dtype).name
        peer: dict[str, Call | None] = {"CuPy": _cupy_normal(count, dtype)}
        ours = _normal(out)
        yield _time(f"random.normal, {count:,}", name, out.nbytes, ours, peer)
    count = 1 << (12 if quick else 22)
    for dimension, components in ((2, 1), (16, 16)):
        p, q = (_mixture(seed, dimension, components) for seed in (0, 1))
        what = f"montecarlo.kl_divergence and gradient, {dimension}-D, {components} components, {count:,} samples"
        compute = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence)
        peer = {"torch": peers_montecarlo.call("torch", p, q, (0,), count, "cuda")}
        yield _time(what, "float64", 0, _estimate(compute, p, q, count), peer)


def _normal(out: Array) -> Call:
    return lambda: fastdiv.random.normal(0, out.shape, dtype=out.dtype, out=out)


def _cupy_normal(count: int, dtype: Any) -> Call:
    return lambda: cp.random.standard_normal(count, dtype=dtype)


def _estimate(compute: Any, p: Any, q: Any, count: int) -> Call:
    return lambda: compute(p, q, count, seed=0, device="cuda")


def _mixture(seed: int, dimension: int, components: int) -> Any:
    rng = np.random.default_rng(seed)
    mean, std = (
        rng.normal(size=(components, dimension)),
        rng.uniform(0.5, 2, (components, dimension)),
    )
    if components == 1:
        return fastdiv.distributions.Normal(mean[0], std[0])
    weights = np.full(components, 1 / components)
    return fastdiv.distributions.Mixture(weights, fastdiv.distributions.Normal(mean, std))


def _training(quick: bool) -> Iterator[Row]:
    """Time passes over random images; figures are for one batch."""
    images = np.random.default_rng(0).random((peers_nn.BATCH * (4 if quick else 100), 28 * 28))
    rows = images.astype(np.float32)
    batches = len(rows) // peers_nn.BATCH
    model = peers_nn.fastdiv_model(device="cuda")
    start = peers_nn.fastdiv_model()
    calls = {"fastdiv": lambda: model.partial_fit(rows)}
    for library in peers_nn.PEERS:
        peer = peers_nn.Peer(start, library == "torch.compile", "cuda")
        calls[library] = lambda peer=peer: peer.partial_fit(rows)
    found = {name: each / batches for name, each in milliseconds(calls).items()}
    yield Row(f"a step of a VAE 784-400-20, batch {peers_nn.BATCH}", "float32", 0, found)
