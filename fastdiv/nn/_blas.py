"""Small matrix products on one thread: sharing them out costs more than it gains, and very much on a busy machine."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._network import Network

_WORTH_SHARING = 2e7  # operations of a product: about 0.2 ms on one core
_lock = threading.Lock()
_held: list[Any] = []  # the limit, and an entry for everyone who asked for it


@contextmanager
def suitable_threads(network: Network, n_rows: int) -> Iterator[None]:
    """Hold NumPy's matrix products to one thread if the network's largest is small."""
    if 2 * n_rows * network.largest_weight >= _WORTH_SHARING:
        yield
        return
    with _lock:  # trainings at the same time: the first sets the limit, the last lifts it
        if not _held:
            _held.append(_controller().limit(limits=1, user_api="blas"))
        _held.append(None)
    try:
        yield
    finally:
        with _lock:
            _held.pop()
            if len(_held) == 1:
                _held.pop().restore_original_limits()


@functools.cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # scikit-learn brings it

    return ThreadpoolController()
