"""What the peers offer for each work: the quickest plain way that we know, on positive weights.

NumPy writes into memory of its own; torch runs eagerly; JAX is compiled. All normalise, as we do.
Where plain formulas are quicker than library functions (`entr`, `rel_entr`, `kl_div`), the plain
ones are taken, although they give NaN where an entry is 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats
from scipy.spatial import distance

import peers_compiled
import peers_eager
import peers_logits
import peers_random
from works import Array, Call, Work

Build = Callable[..., Call]


def _scipy_mutual_information(table: Array) -> Array:
    joint = table.reshape(len(table), -1)
    marginals = stats.entropy(table.sum(2), axis=-1) + stats.entropy(table.sum(1), axis=-1)
    return marginals - stats.entropy(joint, axis=-1)


SCIPY: dict[str, Callable[..., Any]] = {
    "entropy": functools.partial(stats.entropy, axis=-1),
    "kl_divergence": functools.partial(stats.entropy, axis=-1),
    "js_divergence": lambda p, q: distance.jensenshannon(p, q, axis=-1) ** 2,
    "mutual_information": _scipy_mutual_information,
    "pairwise_js_distance": functools.partial(distance.cdist, metric="jensenshannon"),
}


# --- NumPy: each gets its arrays once, to make its memory, and returns the call -------------------


def _numpy_entropy(p: Array) -> Call:
    if p.ndim == 1:

        def small() -> Any:
            x = p / p.sum()
            return -(x @ np.log(x))

        return small
    log = np.empty_like(p)

    def call() -> Array:
        total = p.sum(axis=-1)
        return np.log(total) - np.vecdot(p, np.log(p, out=log)) / total

    return call


def _numpy_kl_divergence(p: Array, q: Array) -> Call:
    log = np.empty_like(p)

    def call() -> Array:
        total = p.sum(axis=-1)
        np.divide(p, q, out=log)
        return np.vecdot(p, np.log(log, out=log)) / total + np.log(q.sum(axis=-1) / total)

    return call


def _numpy_js(p: Array, q: Array, gradients: bool) -> Call:
    a, b, m, log_a, log_b = (np.empty_like(p) for _ in range(5))

    def call() -> Any:
        total_p, total_q = p.sum(-1, keepdims=True), q.sum(-1, keepdims=True)
        np.divide(p, total_p, out=a)
        np.divide(q, total_q, out=b)
        np.add(a, b, out=m)
        np.multiply(m, 0.5, out=m)
        np.log(np.divide(a, m, out=log_a), out=log_a)
        np.log(np.divide(b, m, out=log_b), out=log_b)
        mean_a, mean_b = np.vecdot(a, log_a), np.vecdot(b, log_b)
        value = (mean_a + mean_b) / 2
        if not gradients:
            return value
        for log, mean, total in ((log_a, mean_a, total_p), (log_b, mean_b, total_q)):
            np.subtract(log, mean[:, np.newaxis], out=log)
            np.multiply(log, 0.5 / total, out=log)
        return value, log_a, log_b

    return call


def _numpy_mutual_information(table: Array) -> Call:
    log = np.empty_like(table)

    def weighted_logs(weights: Array) -> Array:
        return np.vecdot(weights, np.log(weights))

    def call() -> Array:
        x, y = table.sum(axis=2), table.sum(axis=1)
        total = x.sum(axis=-1)
        np.log(table, out=log)
        joint = np.einsum("bij,bij->b", table, log)
        return (joint - weighted_logs(x) - weighted_logs(y)) / total + np.log(total)

    return call


def _numpy_pairwise_js_distance(p: Array, q: Array) -> Call:
    mixture, log = np.empty_like(q), np.empty_like(q)
    out = np.empty((len(p), len(q)), p.dtype)

    def call() -> Array:
        a, b = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
        own_a, own_b = np.vecdot(a, np.log(a)), np.vecdot(b, np.log(b))
        for row, own, into in zip(a, own_a, out, strict=True):
            np.add(row, b, out=mixture)
            np.subtract(own + own_b, np.vecdot(mixture, np.log(mixture, out=log)), out=into)
        np.multiply(out, 0.5, out=out)
        np.add(out, np.log(out.dtype.type(2)), out=out)
        return np.sqrt(np.maximum(out, 0, out=out), out=out)

    return call


def _numpy_pairwise_kl_divergence(p: Array, q: Array) -> Call:
    out = np.empty((len(p), len(q)), p.dtype)

    def call() -> Array:
        a, b = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
        np.matmul(a, np.log(b).T, out=out)
        return np.subtract(np.vecdot(a, np.log(a))[:, np.newaxis], out, out=out)

    return call


NUMPY: dict[str, Build] = {
    "entropy": _numpy_entropy,
    "kl_divergence": _numpy_kl_divergence,
    "js_divergence": functools.partial(_numpy_js, gradients=False),
    "js_divergence_gradients": functools.partial(_numpy_js, gradients=True),
    "mutual_information": _numpy_mutual_information,
    "pairwise_js_distance": _numpy_pairwise_js_distance,
    "pairwise_kl_divergence": _numpy_pairwise_kl_divergence,
}

PEERS = ("SciPy", "NumPy", "torch", "JAX")


def peers_of(domain: str, quick: bool = False) -> tuple[str, ...]:
    """Return the peers of a domain; compiling with torch takes too long for a trial."""
    known = {"logits": peers_logits.PEERS, "random": peers_random.PEERS}.get(domain, PEERS)
    return tuple(peer for peer in known if not (quick and peer == "torch.compile"))


def peer_call(library: str, work: Work, arrays: tuple[Array, ...]) -> Call | None:
    """Return a peer's call, or None if it has none or is not installed."""
    if work.domain == "logits":
        return peers_logits.call(library, work, arrays)
    if work.domain == "random":
        return peers_random.call(library, work, arrays)
    if library == "SciPy":
        function = SCIPY.get(work.key)
        return None if function is None else functools.partial(function, *arrays)
    if library == "NumPy":
        build = NUMPY.get(work.key)
        return None if build is None else build(*arrays)
    if library == "torch":
        return peers_eager.call(work.key, arrays)
    return peers_compiled.call(work.key, arrays)


def as_arrays(result: Any) -> tuple[Array, ...]:
    """Return a peer's outputs, value first, as NumPy arrays."""
    parts = result if isinstance(result, tuple) else (result,)
    return tuple(map(_as_array, parts))


def _as_array(part: Any) -> Array:
    if str(getattr(part, "dtype", "")) == "torch.bfloat16":  # unknown to NumPy
        part = part.float()
    return np.asarray(part)
