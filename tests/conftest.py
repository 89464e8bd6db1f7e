"""Fixtures that every test may use."""

from collections.abc import Iterator

import numpy as np
import pytest

import fastdiv
from fastdiv import _native

ISAS = tuple(_native.available_isas())
THREADS = (1, 2, 7)


@pytest.fixture(autouse=True)
def _restore_runtime() -> Iterator[None]:
    """Undo what a test did to the instruction set and the threads."""
    isa, threads = _native.isa(), fastdiv.get_num_threads()
    yield
    _native.set_isa(isa)
    fastdiv.set_num_threads(threads)


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    """Every instruction set that this machine has, in use."""
    _native.set_isa(request.param)
    return str(request.param)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> type:
    """Both types that are computed in."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that differ from test to test and are the same in every run."""
    return np.random.default_rng(list(request.node.nodeid.encode()))
