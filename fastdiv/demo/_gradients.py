"""Chapter: the gradient, which pixels matter, and the divergence of close distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import fastdiv

from ._chapter import Chapter, Check, Context, Figure, Highlight, Table
from ._digits import GREY_VALUES
from ._numbers import scientific
from ._theme import Canvas, Theme, canvas, show_image

_FROM, _TO = 3, 8  # digits that look alike
_FLOOR = 0.5  # grey levels added to every pixel, so that every divergence is finite
_STEPS = 10.0 ** np.arange(-8, 0.01, 0.25)
_SLOPE_TOLERANCE = 0.02
_GRADIENT_TOLERANCE = 1e-6
_PRINTED_STEPS = (1e-2, 1e-4, 1e-6, 1e-8)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Path:
    """From p a step t towards q: divergence, quadratic form and gradient for each t."""

    divergence: Array
    plain: Array  # the divergence by SciPy's formula
    quadratic: Array  # ½ Σ dp²/p
    gradient_error: Array  # |gradient − dp/p|
    gradient_size: Array

    def errors(self, divergence: Array) -> Array:
        """Return how far a divergence is from the quadratic form."""
        return np.abs(divergence - self.quadratic)


def build(context: Context) -> Chapter:
    """Compute, check."""
    means = context.digits.mean_images()
    with context.step(f"gradient of D({_FROM} ‖ {_TO}), and steps from {_FROM} towards {_TO}"):
        p, q = (_shares(means[digit]) for digit in (_FROM, _TO))
        value, gradient = fastdiv.value_and_grad(fastdiv.kl_divergence, argnums=1)(p, q)
        error = _difference_quotient_error(p, q, gradient)
        path = _walk(p, q)
    slopes = [_slope(path.errors(path.divergence)), _slope(path.gradient_error)]
    return Chapter(
        title="The gradient, and distributions that nearly agree",
        text=_text(value, path, slopes),
        figures=[_pixels_figure(means, gradient), _path_figure(path)],
        tables=[_path_table(path)],
        checks=[
            Check("gradient against difference quotients, relative", error, _GRADIENT_TOLERANCE),
            Check("order of D − ½ Σ dp²/p, minus 3", abs(slopes[0] - 3), _SLOPE_TOLERANCE),
            Check("order of gradient − dp/p, minus 2", abs(slopes[1] - 2), _SLOPE_TOLERANCE),
        ],
        highlights=[
            Highlight(
                scientific(path.errors(path.divergence)[0], 0),
                f"nats left over by the quadratic law at a step of {scientific(_STEPS[0], 0)}; "
                f"by the plain formula {scientific(path.errors(path.plain)[0], 0)}",
            )
        ],
        numbers={
            "value": value,
            "gradient": gradient,
            "slopes": slopes,
            "steps": _STEPS,
            "divergence": path.divergence,
            "quadratic": path.quadratic,
        },
    )


def _shares(image: Array) -> Array:
    raised = image + _FLOOR
    return np.asarray(raised / raised.sum())


def _walk(p: Array, q: Array) -> _Path:
    ends = p + _STEPS[:, np.newaxis] * (q - p)
    steps = ends - p  # what was in fact added, after rounding
    compute = fastdiv.value_and_grad(fastdiv.kl_divergence, argnums=1)
    divergence, gradient = compute(p, ends)
    return _Path(
        divergence,
        plain=np.array([stats.entropy(p, end) for end in ends]),
        quadratic=np.sum(steps**2 / p, axis=1) / 2,
        gradient_error=np.linalg.norm(gradient - steps / p, axis=1),
        gradient_size=np.linalg.norm(gradient, axis=1),
    )


def _difference_quotient_error(p: Array, q: Array, gradient: Array) -> float:
    """Return the largest error against central differences of SciPy's divergence."""
    step = 1e-4 * q.min()
    quotients = [
        (stats.entropy(p, q + change) - stats.entropy(p, q - change)) / (2 * step)
        for change in step * np.eye(len(q))
    ]
    return float(np.abs(gradient - quotients).max() / np.abs(gradient).max())


def _slope(errors: Array) -> float:
    """Return the slope of the errors over the steps up to a hundredth, both logarithmic."""
    small = _STEPS < 1e-2
    return float(np.polyfit(np.log(_STEPS[small]), np.log(errors[small]), 1)[0])


def _text(value: float, path: _Path, slopes: list[float]) -> list[str]:
    lost = _STEPS[path.errors(path.plain) > 2 * path.errors(path.divergence)]
    plain = (
        f"The plain formula Σ p log(p/q) loses the difference below a step of about "
        f"{scientific(lost.max(), 0)}: its terms, positive and negative, cancel."
        if lost.size
        else "The plain formula Σ p log(p/q) follows as far down as this goes."
    )
    return [
        f"`fastdiv.value_and_grad(fastdiv.kl_divergence, argnums=1)` returns in one pass the "
        f"divergence of the mean {_FROM} from the mean {_TO}, {value:.3f} nats, and its gradient "
        f"by every pixel of the {_TO}: where more ink would bring the {_TO} closer to the {_FROM}, "
        f"and where less. ({_FLOOR} grey levels are added to every pixel, so that none is zero.)",
        f"Now walk from p, the mean {_FROM}, a step dp towards the {_TO}. For small steps the "
        f"divergence is the Fisher metric, D(p ‖ p + dp) = ½ Σ dp²/p, and its gradient is dp/p. "
        f"What these leave over is of third and of second order: the lines have slopes "
        f"{slopes[0]:.3f} and {slopes[1]:.3f}.",
        plain + " fastdiv sums terms that are never negative, and keeps its digits to the end.",
    ]


def _path_table(path: _Path) -> Table:
    rows = []
    for step in _PRINTED_STEPS:
        at = int(np.abs(np.log(_STEPS / step)).argmin())
        values = (path.quadratic[at], path.divergence[at], path.plain[at])
        rows.append((scientific(_STEPS[at], 0), *(scientific(value, 6) for value in values)))
    header = ("step", "½ Σ dp²/p", "fastdiv.kl_divergence", "scipy.stats.entropy")
    return Table("The divergence along the path, in nats.", header, rows)


def _pixels_figure(means: Array, gradient: Array) -> Figure:
    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.4, 3.7)
        panels = figure.subplots(1, 3, width_ratios=[1, 1, 1.1])
        for axes, digit in zip(panels, (_FROM, _TO), strict=False):
            show_image(axes, means[digit], cmap=theme.ink, vmin=0, vmax=GREY_VALUES - 1)
            axes.set_title(f"Mean {digit}")
        limit = float(np.abs(gradient).max())
        # less divergence is what one wants: minus the gradient
        picture = show_image(
            panels[2], -gradient, cmap=theme.signed_colors(), vmin=-limit, vmax=limit
        )
        panels[2].set_title(f"How to make the {_TO} a {_FROM}: more or less ink")
        label = f"−∂D({_FROM} ‖ {_TO})/∂q, nats per share"
        figure.colorbar(picture, ax=panels[2], shrink=0.9, label=label)
        return figure

    caption = (
        f"Minus the gradient by the {_TO}'s shares of ink, q: more ink at the orange pixels, "
        f"and less at the blue ones, brings the {_TO} closer to the {_FROM}."
    )
    return Figure("gradient", caption, draw)


def _path_figure(path: _Path) -> Figure:
    def draw(theme: Theme) -> Canvas:
        figure = canvas(11.8, 4.7)
        left, right = figure.subplots(1, 2)
        left.loglog(_STEPS, path.quadratic, color=theme.text, linewidth=1, label="½ Σ dp²/p")
        _draw_errors(left, path, theme)
        left.set(
            xlabel="step t, as a share of the way", ylabel="nats", title="Divergence: third order"
        )
        right.loglog(_STEPS, path.gradient_size, color=theme.text, linewidth=1, label="|gradient|")
        right.loglog(
            _STEPS, path.gradient_error, "o-", color=theme.first, markersize=3.5,
            label="|gradient − dp/p|, fastdiv",
        )  # fmt: skip
        right.set(xlabel="step t, as a share of the way", ylabel="nats per share of ink")
        right.set_title("Gradient: second order")
        for axes in (left, right):
            axes.minorticks_off()
            axes.grid()
            axes.legend(loc="upper left")
        return figure

    caption = (
        "What the quadratic law leaves over, against the length of the step, both logarithmic."
    )
    return Figure("local-expansion", caption, draw)


def _draw_errors(axes: Any, path: _Path, theme: Theme) -> None:
    label = "|D − ½ Σ dp²/p|, "
    ours, plain = path.errors(path.divergence), path.errors(path.plain)
    axes.loglog(_STEPS, plain, "s-", color=theme.second, markersize=3.5, label=label + "SciPy")
    axes.loglog(_STEPS, ours, "o-", color=theme.first, markersize=3.5, label=label + "fastdiv")
