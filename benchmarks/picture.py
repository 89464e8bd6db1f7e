"""The picture of results: nanoseconds per element of each library for each work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measurement import Measurement

_COLORS = {
    "fastdiv": "#c2410c",
    "JAX": "#3f6fa3",
    "torch.compile": "#5c9a8b",
    "torch": "#7fa3c7",
    "torch bf16": "#b9cfe3",
    "NumPy": "#a3aab3",
    "NumPy Philox": "#8d959f",
    "NumPy SFC64": "#b4bac2",
    "SciPy": "#d3d7dc",
}
_INK, _FAINT = "#24292f", "#e3e6ea"
_STEP = 0.16  # between bars; works lie 1 apart


def _format(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _panel(axes: Any, results: Sequence[Measurement]) -> None:
    """Draw one type: the libraries of a work from fastdiv down, the floor as a stroke."""
    for row, result in enumerate(results):
        present = [library for library in _COLORS if library in result.timings]
        fastest = min(present, key=result.nanoseconds_per_element)
        for place, library in enumerate(present):
            y = row + (place - (len(present) - 1) / 2) * _STEP
            value = result.nanoseconds_per_element(library)
            axes.barh(y, value, height=_STEP * 0.86, color=_COLORS[library], zorder=2)
            ours = library == "fastdiv"
            text = _format(value)
            ratio = result.ratio(library)
            if not ours and ratio is not None:
                text += f"  {ratio:.2g}×" if ratio < 99.5 else f"  {ratio:,.0f}×"
            axes.annotate(
                text,
                (value, y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=_COLORS["fastdiv"] if ours else _INK,
                fontweight="bold" if library == fastest else "normal",
            )
            if ours and not result.work.per_call:
                floor = 1e9 * result.floor.seconds / result.work.elements(result.quick)
                ends = y - _STEP * 0.5, y + _STEP * 0.5
                axes.plot([floor, floor], ends, color=_INK, linewidth=1.6, zorder=3)
    axes.set_yticks(range(len(results)), [_wrapped(result) for result in results])
    axes.set_title(f"{results[0].dtype}", loc="left", fontsize=11, fontweight="bold", color=_INK)


def _wrapped(result: Measurement) -> str:
    """Put the size on a line of its own."""
    title, comma, size = result.label.partition(", ")
    return f"{title}\n{size}" if comma else title


def _legend(figure: Any, libraries: Sequence[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=_COLORS[name], label=name) for name in libraries]
    handles.append(Line2D([], [], color=_INK, linewidth=1.6, label="floor of this machine"))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.005, 0.962),
        ncols=len(handles),
        frameon=False,
    )


def draw(results: Sequence[Measurement], path: Path, what: str) -> bool:
    """Draw what was measured with all threads; return whether there is anything to draw with."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter

    threads = max(result.threads for result in results)
    shown = [r for r in results if r.threads == threads and r.work.pictured]
    shown = [r for r in shown if not r.work.new_arrays]
    if not shown:
        return False
    dtypes = list(dict.fromkeys(result.dtype for result in shown))
    panels = [[result for result in shown if result.dtype == dtype] for dtype in dtypes]
    height = 1.6 + 0.85 * len(panels[0])
    with plt.rc_context({"font.family": "sans-serif", "font.size": 9, "text.color": _INK}):
        figure, grid = plt.subplots(
            1, len(panels), figsize=(12, height), sharex=True, sharey=True, squeeze=False
        )
        for axes, panel in zip(grid[0], panels, strict=True):
            _panel(axes, panel)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axes.grid(axis="x", which="major", color=_FAINT, zorder=0)
            axes.tick_params(length=0, labelcolor=_INK)
            axes.tick_params(which="minor", length=0)
            axes.spines[:].set_visible(False)
            axes.set_xlabel("nanoseconds per element, logarithmic: shorter is faster", color=_INK)
        low, high = grid[0][0].get_xlim()
        grid[0][0].set_xlim(low, high * 2.5)  # room for the figures
        grid[0][0].set_ylim(len(panels[0]) - 0.45, -0.55)
        equal = f"{threads} thread{'s' if threads > 1 else ''} on all sides"
        title = f"{what}: time per element, {equal}"
        figure.suptitle(title, x=0.01, y=0.995, ha="left", fontsize=13, fontweight="bold")
        present = [n for n in _COLORS if any(n in result.timings for result in shown)]
        _legend(figure, present)
        figure.tight_layout(rect=(0, 0, 1, 1 - 0.5 / height), w_pad=2)
        figure.savefig(path, dpi=150, facecolor="white")
        plt.close(figure)
    return True
