"""The report: one page, pictures and numbers beside it."""

from __future__ import annotations

import html
import itertools
import json
import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

import fastdiv
from fastdiv import _native

from ._chapter import Animation, Chapter, Context, Figure, Table
from ._numbers import scientific
from ._theme import DARK, LIGHT, Theme

_STYLE = Path(__file__).with_name("report.css")


def write(folder: Path, chapters: Sequence[tuple[str, Chapter]], context: Context) -> Path:
    """Write pictures, results.json and index.html; return the page."""
    for _, chapter in chapters:
        for figure in chapter.figures:
            for theme in (LIGHT, DARK):
                _save(figure, theme, folder)
    results = {"machine": machine(), "images": len(context.digits.images)}
    results.update({name: chapter.numbers for name, chapter in chapters})
    text = json.dumps(results, indent=1, default=_plain, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(chapters, context), encoding="utf-8")
    return page


def machine() -> dict[str, str]:
    """Return what the times depend on."""
    return {
        "fastdiv": _native.version,
        "instruction set": _native.isa(),
        "threads": str(fastdiv.get_num_threads()),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "processor": _processor(),
        "load": _load(),
    }


def _load() -> str:
    """Return how busy the machine is: with more to do than it has processors, times mean less."""
    try:
        busy = f"{os.getloadavg()[0]:.1f}"
    except (AttributeError, OSError):  # not on every system
        busy = "unknown"
    return f"{busy} on {os.cpu_count()} processors"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _file_name(name: str, theme: Theme, ending: str = "png") -> str:
    return f"{name}.{ending}" if theme is LIGHT else f"{name}-{theme.name}.{ending}"


def _save(figure: Figure | Animation, theme: Theme, folder: Path) -> None:
    with theme.style():
        if isinstance(figure, Animation):
            figure.write(theme, folder / _file_name(figure.name, theme, "gif"))
        else:
            figure.draw(theme).savefig(folder / _file_name(figure.name, theme), format="png")


def _plain(value: Any) -> Any:
    """Turn NumPy's arrays and scalars into what JSON knows."""
    return value.tolist()


def _page(chapters: Sequence[tuple[str, Chapter]], context: Context) -> str:
    checks = [check for _, chapter in chapters for check in chapter.checks]
    failed = sum(not check.passed for check in checks)
    verdict = (
        f"{failed} of {len(checks)} checks failed" if failed else f"{len(checks)} checks passed"
    )
    cards = [card for _, chapter in chapters for card in chapter.highlights]
    links = [f'<a href="#{name}">{_text(chapter.title)}</a>' for name, chapter in chapters]
    extent = "a third of scikit-learn’s" if context.quick else "scikit-learn’s"
    data = f"{extent} handwritten digits, {len(context.digits.images):,} images of 8 × 8 pixels"
    made = ", ".join(f"{name} {value}" for name, value in machine().items())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>fastdiv on handwritten digits</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<p class="verdict {"failed" if failed else "passed"}">{verdict}</p>
<h1>fastdiv on handwritten digits</h1>
<p class="lead">Information measures of {data}, and of distributions that are fitted:
checked against SciPy, and timed beside it.</p>
<ul class="cards">
{"".join(f"<li><strong>{_text(each.value)}</strong>{_text(each.label)}</li>" for each in cards)}
</ul>
<nav>{"".join(links)}</nav>
</header>
<main>
{"".join(_chapter(name, chapter) for name, chapter in chapters)}
</main>
<footer>
<p>{_text(made)}; {date.today():%d %B %Y}. Every number on this page was computed in this run;
they are in <a href="results.json">results.json</a>, too.</p>
</footer>
</body>
</html>
"""


def _chapter(name: str, chapter: Chapter) -> str:
    figures = _figures(chapter.figures)
    first = figures[0] if figures else ""
    text = "".join(f"<p>{_text(paragraph)}</p>\n" for paragraph in chapter.text)
    tables = "".join(_table(table) for table in chapter.tables)
    return f"""<section id="{name}">
<h2>{_text(chapter.title)}</h2>
{first}<div class="text">
{text}</div>
{"".join(figures[1:])}<div class="tables">
{tables}{_checks(chapter)}</div>
</section>
"""


def _figures(figures: Sequence[Figure | Animation]) -> list[str]:
    """Return a text for each figure, and one for neighbouring animations, side by side."""
    texts = []
    for moving, group in itertools.groupby(figures, lambda each: isinstance(each, Animation)):
        parts = [_figure(figure) for figure in group]
        texts += [f'<div class="row">\n{"".join(parts)}</div>\n'] if moving else parts
    return texts


def _figure(figure: Figure | Animation) -> str:
    moving = isinstance(figure, Animation)
    light, dark = (
        _file_name(figure.name, theme, "gif" if moving else "png") for theme in (LIGHT, DARK)
    )
    caption = _text(figure.caption)
    still = _still(figure) if isinstance(figure, Animation) else ""
    return f"""<figure>
<a href="{light}"><picture>
{still}<source srcset="{dark}" media="(prefers-color-scheme: dark)"><img src="{light}" alt="{caption}">
</picture></a>
<figcaption>{caption}</figcaption>
</figure>
"""


def _still(animation: Animation) -> str:
    """Return what is shown instead to readers who want nothing to move."""
    light, dark = (_file_name(animation.still, theme) for theme in (LIGHT, DARK))
    still = "(prefers-reduced-motion: reduce)"
    return f"""<source srcset="{dark}" media="{still} and (prefers-color-scheme: dark)">
<source srcset="{light}" media="{still}">
"""


def _table(table: Table) -> str:
    header = "".join(f"<th>{_text(cell)}</th>" for cell in table.header)
    if table.bars:
        header += '<th class="bar">time, to scale</th>'
    rows = []
    for number, row in enumerate(table.rows):
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in row)
        if table.bars:
            share = table.bars[number] / max(table.bars)
            cells += f'<td class="bar"><i style="width:{share:.2%}"></i></td>'
        rows.append(f"<tr>{cells}</tr>\n")
    width = "scroll wide" if table.bars or table.wide else "scroll"
    return f"""<div class="{width}"><table>
<caption>{_text(table.caption)}</caption>
<thead><tr>{header}</tr></thead>
<tbody>
{"".join(rows)}</tbody>
</table></div>
"""


def _checks(chapter: Chapter) -> str:
    body = "".join(
        f'<tr class="{"passed" if check.passed else "failed"}"><td>{_text(check.what)}</td>'
        f"<td>{scientific(check.value)}</td><td>{scientific(check.limit, 0)}</td>"
        f"<td>{'✓' if check.passed else '✗ failed'}</td></tr>\n"
        for check in chapter.checks
    )
    return f"""<div class="scroll"><table class="checks">
<caption>Checked in this run.</caption>
<thead><tr><th>check</th><th>found</th><th>allowed</th><th></th></tr></thead>
<tbody>
{body}</tbody>
</table></div>
"""


def _text(text: str) -> str:
    """Escape text; `backticks` become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
