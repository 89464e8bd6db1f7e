"""Joint tables on the simulated GPU: small ones that a warp or a block has, and those that are cut into tiles."""

from typing import Any

import numpy as np
import pytest

import cases
from fastdiv import _native

cuda = pytest.importorskip("fastdiv._cuda", reason="needs Numba")
from fastdiv._cuda.joint import layout, sweeps  # noqa: E402
from fastdiv._cuda.prims._simulated import KernelFault  # noqa: E402

MEASURES = [("conditional_entropy", -1), ("conditional_entropy", -2), ("mutual_information", -1)]
every_measure = pytest.mark.parametrize(("name", "given"), MEASURES)
# In float32 and float64: a warp's, a block's, tiles that are narrow, wide and low, or neither.
SHAPES = [
    (1, 1),
    (1, 9),
    (9, 1),
    (5, 7),
    (40, 3),
    (33, 100),
    (5000, 2),
    (3, 4100),
    (2, 600),
    (75, 150),
]


def run(
    backend: Any, name: str, table: Any, given: int = -1, cotangent: Any = None, **options: Any
) -> Any:
    value, gradient = np.empty(table.shape[:-2], table.dtype), np.empty(table.shape, table.dtype)
    settings = (options.get("base", 0.0), options.get("normalize", True))
    getattr(backend, name)(
        table, value, *settings, given=given, cotangent=cotangent, grad_p=gradient
    )
    return value, gradient


def assert_close(actual: Any, expected: Any, dtype: type) -> None:
    eps = np.finfo(dtype).eps
    for got, wanted, factor in zip(actual, expected, (8, 8), strict=True):
        size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1)
        np.testing.assert_allclose(got, wanted, rtol=factor * eps, atol=factor * eps * size)


@every_measure
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_against_the_cpu(
    name: str, given: int, shape: tuple[int, int], dtype: type, rng: np.random.Generator
) -> None:
    table, c = rng.random((2, *shape)), rng.normal(size=2).astype(dtype)
    table[:, :, 0] *= rng.random((2, shape[0])) < 0.7
    table[:, -1, -1] += 0.1
    table = (table / table.sum()).astype(dtype)
    for options in ({}, {"normalize": False, "base": 2.0}):
        ours, cpus = (run(each, name, table, given, c, **options) for each in (cuda, _native))
        assert_close(ours, cpus, dtype)


@pytest.mark.parametrize("least", [0, 1, 1024], ids=["tiles", "block", "warps"])
def test_adversarial_tables(
    least: int, dtype: type, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layouts of larger tables, on tables that the reference can take."""
    monkeypatch.setattr(layout, "WARP_TABLE", least)
    monkeypatch.setattr(layout, "BLOCK_TABLE", 8192 * (least > 0))
    for table in cases.adversarial_tables(rng, 3, 4, dtype).values():
        for name, given in MEASURES:
            for normalize in (True, False):
                options: dict[str, Any] = {"given": given} if name == "conditional_entropy" else {}
                expected = cases.reference_rows(name, (table,), normalize=normalize, **options)
                value, _ = run(cuda, name, table, given, normalize=normalize)
                assert cases.worst_error_ratio(value, expected, dtype) <= 1


@every_measure
@pytest.mark.parametrize("shape", [(5, 7), (33, 100), (64, 130)], ids=str)
def test_bits_depend_on_nothing_but_the_table(
    name: str, given: int, shape: tuple[int, int], dtype: type, rng: np.random.Generator
) -> None:
    tables = rng.random((3, *shape)).astype(dtype)
    value, gradient = run(cuda, name, tables, given)
    spoilt = tables.copy()
    spoilt[1, 2, 3] = np.nan
    memory = np.ones((3, shape[0] + 1, shape[1] + 3), dtype)
    strided = memory[:, 1:, 1 : shape[1] + 1]
    strided[...] = tables
    for batch, rows in ((tables[2:], [2]), (spoilt, [0, 2]), (strided, [0, 1, 2])):
        got, slopes = run(cuda, name, batch, given)
        kept = [0] if len(batch) == 1 else rows
        np.testing.assert_array_equal(got[kept], value[rows])
        np.testing.assert_array_equal(slopes[kept], gradient[rows])
    alone = np.empty(3, dtype)
    getattr(cuda, name)(tables, alone, 0.0, True, given=given)
    np.testing.assert_array_equal(alone, value)
    assert np.isnan(run(cuda, name, spoilt, given)[1][1]).all()


@every_measure
@pytest.mark.parametrize("shape", [(6, 9), (64, 130)], ids=str)
def test_views_and_outputs_in_place(
    name: str, given: int, shape: tuple[int, int], dtype: type, rng: np.random.Generator
) -> None:
    table = rng.random((2, *shape)).astype(dtype)
    wanted = run(cuda, name, table, given)
    for view in (np.asfortranarray(table), table.swapaxes(1, 2).copy().swapaxes(1, 2)):
        assert_close(run(cuda, name, view, given), wanted, dtype)
    turned = np.ascontiguousarray(table[:, ::-1, ::-1])[:, ::-1, ::-1]
    assert_close(run(cuda, name, turned, given), wanted, dtype)
    value, own = np.empty((2, 2), dtype), table.copy()
    getattr(cuda, name)(own, value[:, 1], 0.0, True, given=given, grad_p=own)
    np.testing.assert_array_equal(value[:, 1], wanted[0])
    np.testing.assert_array_equal(own, wanted[1])


@every_measure
@pytest.mark.parametrize("scale", [1e-42, 3e38])
@pytest.mark.parametrize("shape", [(6, 9), (64, 130)], ids=str)
def test_sums_beyond_the_range(
    name: str, given: int, scale: float, shape: tuple[int, int], rng: np.random.Generator
) -> None:
    """Subnormal entries, and sums that overflow in a row, in a column or in the end alone."""
    table = (rng.uniform(0.2, 1, shape) * scale).astype(np.float32)
    table[1:] /= 64
    table[:, 1:] /= 64
    whole = table.astype(np.float64)
    if scale < 1:
        whole = whole * 2.0**200
    else:
        whole *= 2.0**-100
    expected = run(_native, name, whole, given)
    ours = run(cuda, name, table, given)
    np.testing.assert_allclose(ours[0], expected[0], rtol=2e-6, atol=1e-7)
    factor = 2.0**200 if scale < 1 else 2.0**-100
    limit = float(np.finfo(np.float32).max)
    wanted = expected[1] * factor
    inside = np.abs(wanted) < limit
    np.testing.assert_allclose(
        ours[1][inside], wanted[inside], rtol=1e-5, atol=1e-6 * np.abs(wanted[inside]).max()
    )


@pytest.mark.parametrize("shape", [(33, 100), (64, 130)], ids=str)
def test_a_missing_barrier_is_found(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = np.ones(shape)
    assert run(cuda, "mutual_information", table)[0] == 0
    monkeypatch.setattr(sweeps, "barrier", lambda: None)
    with pytest.raises(KernelFault, match="no barrier"):
        run(cuda, "mutual_information", table)
