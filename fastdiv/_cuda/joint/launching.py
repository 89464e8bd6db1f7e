"""From a measure of tables and arrays to launches, under the call signatures of `fastdiv._native`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import _arrays
from .._kernel import Kernel, Pointer
from ..launching import unit_of
from ..prims import VECTOR_BYTES
from ..probabilities import conditional_entropy as _conditional_entropy
from ..probabilities import mutual_information as _mutual_information
from .combining import make_combine
from .conclusion import QUAD, TableMeasure
from .layout import LANES, MOST_TOTALS, SPREAD, Layout, Tiles, layout_of, tiles_of
from .terms import BOTH, COLUMNS, ROWS
from .tiles import make_marginals, make_outputs, make_terms
from .whole import make_whole

Array = Any
_COUNT, _NUMBER = np.int64, np.float64


@dataclass(frozen=True)
class Tables:
    """Tables of ny contiguous columns in flat memory; rows and tables lie constant numbers of elements apart."""

    memory: Array
    count: int
    nx: int
    ny: int
    apart: int
    row_stride: int

    def aligned(self) -> bool:
        """Whether every row begins at a multiple of 16 bytes."""
        steps = [self.row_stride] * (self.nx > 1) + [self.apart] * (self.count > 1)
        places = [_arrays.address(self.memory), *(step * self.memory.itemsize for step in steps)]
        return all(place % VECTOR_BYTES == 0 for place in places)


def tables_of(array: Array) -> Tables | None:
    """Return where an array's tables are; None if kernels cannot take them from there."""
    nx, ny = array.shape[-2:]
    apart = _arrays.batch_stride(array[..., 0, :])
    row_stride, rest = divmod(array.strides[-2], array.itemsize) if nx > 1 else (ny, 0)
    if apart is None or rest or row_stride < 0:
        return None
    count = array.size // (nx * ny)
    span = (count - 1) * apart + (nx - 1) * row_stride + ny
    memory = _arrays.namespace().lib.stride_tricks.as_strided(array, (span,), (array.itemsize,))
    return Tables(memory, count, nx, ny, apart, row_stride)


def input_of(array: Array) -> Tables:
    """Return an input's tables, copied if need be."""
    tables = tables_of(array)
    return tables if tables is not None else _new(_arrays.namespace().ascontiguousarray(array))


def _new(array: Array) -> Tables:
    tables = tables_of(array)
    assert tables is not None
    return tables


class Output:
    """Where tables of results go: an array's own memory, or new memory that is copied there in the end."""

    def __init__(self, array: Array) -> None:
        tables = tables_of(array)
        own = (
            tables is not None
            and tables.row_stride >= tables.ny
            and (tables.count == 1 or tables.apart >= tables.ny)
        )
        self.array, self.memory = (
            array,
            array if own else _arrays.namespace().empty(array.shape, array.dtype),
        )
        self.tables = _new(self.memory)

    def finish(self) -> None:
        """Copy what kernels wrote."""
        if self.memory is not self.array:
            self.array[...] = self.memory


def _layout_name(layout: Layout) -> str:
    team = "tiles" if layout.split else "warps" if layout.team < LANES else "block"
    return f"{team}_{layout.group}x{layout.vectors}" + "_wide" * (layout.across > 1)


def _moves(aligned: bool) -> str:
    return "vectors" if aligned else "scalars"


@cache
def whole_kernel(measure: TableMeasure, layout: Layout, aligned: bool, wanted: bool) -> Kernel:
    """Return the kernel of small tables."""
    name = f"{measure.label}_{_layout_name(layout)}_{_moves(aligned)}{'_wanted' * wanted}"
    P = Pointer(measure.T)
    return Kernel(
        name,
        lambda: make_whole(measure, layout, aligned, wanted),
        (P, P, P, P, *(_COUNT,) * 8, _NUMBER),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned and measure.formula.marginals == COLUMNS,
    )


@cache
def marginals_kernel(T: Any, layout: Layout, aligned: bool, marginals: int) -> Kernel:
    """Return the kernel of a tile's marginals."""
    which = {COLUMNS: "columns", ROWS: "rows", BOTH: "columns_and_rows"}[marginals]
    return Kernel(
        f"table_{which}_{np.dtype(T).name}_{_layout_name(layout)}_{_moves(aligned)}",
        lambda: make_marginals(layout, T, aligned, marginals),
        (*(Pointer(T),) * 3, *(_COUNT,) * 7),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned
        and marginals == COLUMNS,  # where rows are summed lanes speak in the loop
    )


@cache
def combine_kernel(T: Any, spread: int) -> Kernel:
    """Return the kernel that adds up parts of marginals."""
    return Kernel(
        f"table_marginals_{np.dtype(T).name}_by_{spread}",
        lambda: make_combine(T, spread),
        (*(Pointer(T),) * 3, *(_COUNT,) * 4),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=False,
    )


@cache
def terms_kernel(measure: TableMeasure, layout: Layout, aligned: bool) -> Kernel:
    """Return the kernel of a tile's terms."""
    return Kernel(
        f"{measure.label}_{_layout_name(layout)}_{_moves(aligned)}_terms",
        lambda: make_terms(measure, layout, aligned),
        (*(Pointer(measure.T),) * 5, *(_COUNT,) * 8),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned,
    )


@cache
def outputs_kernel(measure: TableMeasure, layout: Layout, aligned: bool, wanted: bool) -> Kernel:
    """Return the kernel of values and gradients of tiles."""
    return Kernel(
        f"{measure.label}_{_layout_name(layout)}_{_moves(aligned)}_outputs{'_wanted' * wanted}",
        lambda: make_outputs(measure, layout, aligned, wanted),
        (*(Pointer(measure.T),) * 8, *(_COUNT,) * 12, _NUMBER),
        lanes=LANES,
        blocks_per_processor=2,
        vector_loads=aligned and wanted,
    )


class Call(NamedTuple):
    """Arrays of one call."""

    table: Tables
    cotangent: Array | None
    value: Array
    gradient: Tables | None
    unit: float

    def aligned(self) -> bool:
        """Whether tables and gradients move in whole vectors."""
        return self.table.aligned() and (self.gradient is None or self.gradient.aligned())

    def gradient_strides(self) -> tuple[int, int]:
        """Return how far tables of gradients, and their rows, are apart."""
        return (0, 0) if self.gradient is None else (self.gradient.apart, self.gradient.row_stride)


def run(measure: TableMeasure, call: Call) -> None:
    """Launch what computes the call."""
    table = call.table
    layout = layout_of(table.nx, table.ny, measure.T)
    if layout.split:
        return _run_tiles(measure, layout, tiles_of(layout, table.nx, table.ny), call)
    kernel = whole_kernel(measure, layout, call.aligned(), call.gradient is not None)
    kernel(
        -(-table.count * layout.team // LANES), table.memory, call.cotangent, call.value,
        None if call.gradient is None else call.gradient.memory, table.count, table.nx, table.ny, table.apart,
        table.row_stride, *call.gradient_strides(), call.cotangent is not None, call.unit,
    )  # fmt: skip
    return None


def _combine(T: Any, tables: int, parts: Array, items: int, count: int) -> tuple[Array, Array, int]:
    """Return the marginals that parts add up to, the partial sums of each table, and how many those are."""
    spread = SPREAD if count >= 2 * SPREAD else 1
    rounds_of_all = -(-items * spread // LANES)
    rounds = -(-rounds_of_all // MOST_TOTALS)
    blocks = -(-rounds_of_all // rounds)
    marginals, totals = (
        _arrays.empty(tables * items * QUAD, T),
        _arrays.empty(tables * blocks * QUAD, T),
    )
    combine_kernel(T, spread)(
        tables * blocks, parts, marginals, totals, items, count, blocks, rounds
    )
    return marginals, totals, blocks


def _run_tiles(measure: TableMeasure, layout: Layout, tiles: Tiles, call: Call) -> None:
    T, table, marginals = measure.T, call.table, measure.formula.marginals
    aligned, wanted, grid = call.aligned(), call.gradient is not None, table.count * tiles.count
    shape = (table.nx, table.ny, table.apart, table.row_stride)
    cut = (tiles.steps, tiles.down, tiles.strips)
    parts_of_rows = tiles.strips * layout.across
    columns = rows = None
    if marginals != ROWS:
        columns = _arrays.empty(table.count * QUAD * tiles.down * table.ny, T)
    if marginals != COLUMNS:
        rows = _arrays.empty(table.count * QUAD * parts_of_rows * table.nx, T)
    marginals_kernel(T, layout, aligned, marginals)(grid, table.memory, columns, rows, *shape, *cut)
    if rows is not None:
        rows, totals, blocks = _combine(T, table.count, rows, table.nx, parts_of_rows)
    if columns is not None:
        columns, totals, blocks = _combine(T, table.count, columns, table.ny, tiles.down)
    terms = _arrays.empty(grid * 2, T)
    terms_kernel(measure, layout, aligned)(
        grid, table.memory, columns, rows, totals, terms, *shape, *cut, blocks
    )
    outputs_kernel(measure, layout, aligned, wanted)(
        grid if wanted else table.count, table.memory, columns, rows, totals, terms, call.cotangent, call.value,
        None if call.gradient is None else call.gradient.memory, *shape, *call.gradient_strides(),
        *(cut if wanted else (tiles.steps, 1, 1)), blocks, tiles.count, call.cotangent is not None, call.unit,
    )  # fmt: skip


@cache
def _conditional_entropy_of(T: Any, normalized: bool, by_rows: bool) -> TableMeasure:
    return TableMeasure(_conditional_entropy.make(T, by_rows), T, normalized)


@cache
def _symmetric(T: Any, normalized: bool) -> TableMeasure:
    return TableMeasure(_mutual_information.make(T), T, normalized)


def _mutual_information_of(T: Any, normalized: bool, by_rows: bool) -> TableMeasure:
    return _symmetric(T, normalized)


class JointMeasure:
    """A measure of joint tables."""

    def __init__(self, measure_of: Callable[[Any, bool, bool], TableMeasure]) -> None:
        self.measure_of = measure_of

    def __call__(
        self,
        p: Array,
        value: Array,
        base: float,
        normalize: bool,
        given: int = -1,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
    ) -> None:
        """Compute the values, and the gradient into `grad_p`."""
        if p.size == 0:
            value[...] = 0
            return
        by_rows, size = given == -2, p.itemsize
        if p.strides[-1] != size and p.strides[-2] == size:  # the other axis is the contiguous one
            by_rows, p = not by_rows, p.swapaxes(-1, -2)
            grad_p = None if grad_p is None else grad_p.swapaxes(-1, -2)
        own = value.flags.c_contiguous
        memory = value.reshape(-1) if own else _arrays.empty(value.size, value.dtype)
        gradient = None if grad_p is None else Output(grad_p)
        slopes = None if gradient is None else gradient.tables
        upstream = None if cotangent is None else _arrays.numbers(cotangent)
        measure = self.measure_of(p.dtype.type, bool(normalize), by_rows)
        run(measure, Call(input_of(p), upstream, memory, slopes, unit_of(base)))
        if not own:
            value[...] = memory.reshape(value.shape)
        if gradient is not None:
            gradient.finish()


conditional_entropy = JointMeasure(_conditional_entropy_of)
mutual_information = JointMeasure(_mutual_information_of)
