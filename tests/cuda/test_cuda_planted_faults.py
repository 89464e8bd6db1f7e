"""The simulator notices what hardware would not: faults planted into real kernels are found."""

from typing import Any

import numpy as np
import pytest

import fastdiv._cuda
from fastdiv._cuda import teams
from fastdiv._cuda.prims._simulated import KernelFault

ROW = np.full((1, 5000), 1 / 5000)


def entropy() -> float:
    value = np.empty(1)
    fastdiv._cuda.entropy(ROW, value, 0.0, True)
    return float(value[0])


def test_a_missing_barrier(monkeypatch: pytest.MonkeyPatch) -> None:
    assert entropy() == pytest.approx(np.log(5000), rel=1e-15)
    monkeypatch.setattr(teams, "barrier", lambda: None)
    with pytest.raises(KernelFault, match="no barrier"):
        entropy()


def test_a_write_past_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    store = teams.store

    def shifted(pointer: Any, index: Any, value: Any, mask: Any) -> None:
        store(pointer, index + 1, value, mask)

    monkeypatch.setattr(teams, "store", shifted)
    with pytest.raises(KernelFault, match=r"out of bounds|before it was written"):
        entropy()
