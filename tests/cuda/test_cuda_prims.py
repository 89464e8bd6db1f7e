"""What kernels call: the same names for both executions, and a simulator that notices what hardware would not."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastdiv._cuda.prims import _simulated as simulated
from fastdiv._cuda.prims._simulated import numbers

OF_THE_SIMULATOR = {"run", "KernelFault"}
LANES = 64


def signatures(module: Any) -> dict[str, list[str]]:
    """Return the parameters of a module's own public functions."""
    found = {}
    for name, value in vars(module).items():
        function = getattr(value, "py_func", getattr(value, "_defn", value))
        own = str(getattr(function, "__module__", None)).startswith(module.__name__)
        if not name.startswith("_") and own and inspect.isfunction(function):
            parameters = list(inspect.signature(function).parameters)
            found[name] = parameters[1:] if hasattr(value, "_defn") else parameters
    return found


def test_compiled_and_simulated_have_the_same_names() -> None:
    numba_cuda = pytest.importorskip("numba.cuda", reason="numba is missing")
    if "numba_cuda" not in numba_cuda.__file__:
        pytest.skip("pip install '.[cuda-gate]': numba-cuda is missing")
    from fastdiv._cuda.prims import _compiled as compiled

    expected = signatures(simulated)
    assert {name: expected[name] for name in expected if name not in OF_THE_SIMULATOR} == (
        signatures(compiled)
    )
    for name in ("WARP", "VECTOR_BYTES"):
        assert getattr(compiled, name) == getattr(simulated, name)


def execute(function: Callable[..., None], *arguments: Any, dynamic_bytes: int = 0) -> None:
    simulated.run(function, 3, LANES, dynamic_bytes, arguments)


def test_a_missing_barrier_is_found() -> None:
    def kernel(wait: bool) -> None:
        memory = simulated.shared(LANES, np.float32)
        simulated.store(memory, simulated.lane(), np.float32(1), True)
        if wait:
            simulated.barrier()
        simulated.load(memory, simulated.lane() ^ 1, True, np.float32(0))

    execute(kernel, True)
    with pytest.raises(simulated.KernelFault, match="no barrier"):
        execute(kernel, False)


def test_accesses_out_of_bounds_are_found() -> None:
    x = np.zeros(3 * LANES, np.float32)

    def kernel(mask: bool) -> None:
        at = simulated.block() * LANES + simulated.lane() + 1
        inside = at < x.size
        simulated.store(x, at, np.float32(1), inside if mask else True)

    execute(kernel, True)
    assert x[0] == 0 and x[1:].all()
    with pytest.raises(simulated.KernelFault, match="out of bounds"):
        execute(kernel, False)


def test_a_branch_on_data_is_found() -> None:
    def kernel() -> None:
        if simulated.lane() < 3:
            pass

    with pytest.raises(ValueError, match="ambiguous"):
        execute(kernel)


def test_a_number_of_another_type_is_found() -> None:
    x = np.zeros(3 * LANES, np.float32)

    def kernel() -> None:
        simulated.store(x, simulated.lane() + LANES * simulated.block(), np.float64(1), True)

    with pytest.raises(simulated.KernelFault, match="float64 is stored as float32"):
        execute(kernel)


def test_dynamic_shared_memory_is_one_piece() -> None:
    def kernel() -> None:
        simulated.dynamic_shared(np.float32)
        simulated.dynamic_shared(np.float64)

    with pytest.raises(simulated.KernelFault, match="twice"):
        execute(kernel, dynamic_bytes=64)


@pytest.mark.parametrize("word", ["half", "bfloat16"])
def test_every_16_bit_float_survives(word: str) -> None:
    words = np.arange(1 << 16, dtype=np.uint16)
    wide = getattr(simulated, f"widen_{word}")(words)
    again = getattr(simulated, f"narrow_{word}")(wide)
    assert wide.dtype == np.float32
    assert ((again == words) | np.isnan(wide)).all()


@pytest.mark.parametrize("sign", [0, 1, -1])
@pytest.mark.parametrize(
    ("name", "exact", "bound"),
    [("exp2", np.exp2, 2.0**-22.5), ("reciprocal", np.reciprocal, 2.0**-23), ("log2", np.log2, 2.0**-22)],
)  # fmt: skip
def test_approximations_are_as_rough_as_hardware(
    name: str, exact: Any, bound: float, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels must hold with the largest errors, whatever their signs are."""
    monkeypatch.setattr(numbers, "error_sign", sign)
    x = np.random.default_rng(0).uniform(0.5, 2, 100_000).astype(np.float32)
    wanted = exact(x.astype(np.float64))
    error = getattr(simulated, f"{name}_approximate")(x) - wanted
    error /= 1 if name == "log2" else wanted  # absolute between 1/2 and 2
    assert 0.7 * bound < np.abs(error).max() <= bound
    assert sign == 0 or (np.sign(error) == sign).all()


def test_approximations_flush_subnormal_numbers() -> None:
    assert simulated.exp2_approximate(np.float32(-140)) == 0
