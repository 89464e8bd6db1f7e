"""Pictures: what is drawn lies where it should, GIFs are what they claim, errors say what to do."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv.distributions import Mixture, MultivariateNormal, Normal
from fastdiv.fitting import Adam, Fit, minimize

pytest.importorskip("matplotlib")

import matplotlib
from matplotlib import colors as mpl_colors
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path as MplPath
from PIL import Image

from fastdiv.plotting import animate_fit, density_contours, fit_path
from fastdiv.plotting._animation import shown_steps
from fastdiv.plotting._density import levels
from fastdiv.plotting._geometry import ellipse, extent_of, widened

TARGET = Mixture([0.5, 0.5], Normal([[0, 0], [1, 1]], [[0.25, 0.5], [0.25, 0.25]]))
FULL = MultivariateNormal([0.5, -0.5], [[0.6, 0.0], [0.3, 0.4]])


@pytest.fixture(scope="module")
def fit() -> Fit:
    return minimize(FULL, TARGET, "forward_kl", optimizer=Adam(0.05), steps=60, n_samples=200)


@pytest.fixture(scope="module")
def two_fits() -> Fit:
    starts = Normal([[-0.7, 0.7], [1.5, 0.5]], [0.4, 0.4])
    return minimize(starts, TARGET, optimizer=Adam(0.05), steps=60, n_samples=200)


@pytest.fixture
def axes() -> Any:
    return Figure().subplots()


@pytest.mark.parametrize("d", [FULL, Normal([1.0, 2.0], [0.1, 3.0])])
@pytest.mark.parametrize("mass", [0.1, 0.5, 0.99])
def test_an_ellipse_is_a_contour_around_its_mass(d: Any, mass: float) -> None:
    points = ellipse(d, mass).T
    density = d.log_prob(points)
    np.testing.assert_allclose(density, density[0], rtol=1e-12, atol=1e-12)
    inside = d.log_prob(d.sample(40_000, seed=1)) > density[0]
    assert inside.mean() == pytest.approx(mass, abs=0.01)


# Components of scales far apart, and correlated ones.
FAR_APART = Mixture([0.7, 0.3], Normal([[0, 0], [2, 1]], [[1.0, 1.0], [1e-3, 1e-3]]))
THIN = Mixture(
    [0.5, 0.5],
    MultivariateNormal([[0, 0], [3, 0]], [[[1, 0], [0.9, 0.02]], [[1, 0], [0, 1]]]),
)


@pytest.mark.parametrize("d", [TARGET, FAR_APART, THIN], ids=["target", "far apart", "thin"])
def test_levels_enclose_their_mass(d: Any) -> None:
    masses = [0.99, 0.9, 0.5, 0.1]
    heights = levels(d, masses)
    assert heights == sorted(heights)
    of_samples = d.log_prob(d.sample(100_000, seed=2))
    for mass, height in zip(masses, heights, strict=True):
        assert (of_samples > height).mean() == pytest.approx(mass, abs=0.005)


def _enclosed(axes: Any, points: Any) -> Any:
    """Whether points lie within the lines that were drawn, by the number of times they are enclosed."""
    [contours] = [each for each in axes.collections if hasattr(each, "levels")]
    return [
        sum(MplPath(polygon).contains_points(points).astype(int) for polygon in path.to_polygons())
        % 2
        for path in contours.get_paths()
    ]


@pytest.mark.parametrize("d", [TARGET, FAR_APART, THIN], ids=["target", "far apart", "thin"])
def test_contours_of_mixtures_enclose_their_mass(d: Any, axes: Any) -> None:
    masses = [0.9, 0.5, 0.2]
    density_contours(d, axes=axes, masses=masses)
    inside = _enclosed(axes, d.sample(20_000, seed=3))
    for mass, within in zip(masses, inside, strict=True):
        assert within.mean() == pytest.approx(mass, abs=0.015)


def test_components_that_no_grid_can_show_are_warned_of(axes: Any) -> None:
    thin = MultivariateNormal([[0, 0], [3, 0]], [[[1, 0], [1, 1e-5]], [[1, 0], [0, 1]]])
    with pytest.warns(UserWarning, match="resolution is 50: some components of d are narrower"):
        density_contours(Mixture([0.5, 0.5], thin), axes=axes, resolution=50)


def test_scales_beyond_what_densities_can_hold(axes: Any) -> None:
    narrow = Normal([[0, 0], [1, 1]], [[1.0, 1.0], [1e-200, 1e-200]])
    density_contours(Mixture([0.5, 0.5], narrow), axes=axes, filled=True)


def test_borders_hold_every_component() -> None:
    left, right, bottom, top = extent_of(TARGET, width=2)
    assert (left, right, bottom, top) == (-0.5, 1.5, -1.0, 1.5)
    wide = widened((0.0, 1.0, 0.0, 2.0), 1.5)
    assert wide == (-1.0, 2.0, 0.0, 2.0)


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("d", [TARGET, FULL, Normal([[0.0, 0.0], [1.0, 1.0]], [1.0, 2.0])])
def test_contours_are_drawn(d: Any, filled: bool, axes: Any) -> None:
    found = density_contours(
        d, axes=axes, filled=filled, color="#2f6fdb", label="p", masses=(0.5, 0.9), linewidth=2
    )
    assert found is axes
    assert axes.get_aspect() == 1
    assert axes.get_legend_handles_labels()[1] == ["p"]
    drawn = np.asarray(_pixels(axes))
    color = np.array(mpl_colors.to_rgb("#2f6fdb")) * 255
    assert (np.abs(drawn - color).max(axis=-1) < 3).sum() > 200


def _pixels(axes: Any) -> Any:
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(float)


def test_a_weight_of_zero_and_a_coarse_grid(axes: Any) -> None:
    density_contours(Mixture([1.0, 0.0], TARGET.components), axes=axes)
    with pytest.warns(UserWarning, match="resolution is 3: some components"):
        density_contours(TARGET, axes=axes, resolution=3)


def test_new_axes_are_pyplots() -> None:
    pyplot.switch_backend("agg")
    axes = density_contours(FULL)
    assert axes.figure in map(pyplot.figure, pyplot.get_fignums())
    pyplot.close("all")


def test_path_begins_at_the_start_and_ends_at_the_end(two_fits: Fit, axes: Any) -> None:
    fit_path(two_fits, TARGET, axes=axes, colors=["red", "blue"], labels=["one", "two"])
    for k, color in enumerate(("red", "blue")):
        ways = [
            line.get_xydata()
            for line in axes.get_lines()
            if line.get_color() == color and len(line.get_xydata()) == two_fits.steps + 1
        ]
        [way] = ways
        np.testing.assert_allclose(way, two_fits.path.mean[:, k])
        np.testing.assert_allclose(way[-1], two_fits.distribution.mean[k])
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"target p", "one", "two"}
    assert axes.get_xlabel()
    assert axes.get_ylabel()


def test_path_of_a_mixture_follows_each_component() -> None:
    start = Mixture([0.5, 0.5], Normal([[-1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]))
    fit = minimize(start, TARGET, steps=5, n_samples=50)
    axes = fit_path(fit, TARGET, axes=Figure().subplots())
    ways = [line for line in axes.get_lines() if len(line.get_xydata()) == 6]
    assert len(ways) == 2


def test_animation_is_a_gif_that_loops(two_fits: Fit, tmp_path: Path) -> None:
    path = tmp_path / "fit.gif"
    animate_fit(two_fits, TARGET, path, frames=8, fps=20, size=(3, 3.2), title="Two starts")
    assert path.read_bytes().startswith(b"GIF89a")
    with Image.open(path) as movie:
        assert movie.n_frames == 8
        assert movie.size == (300, 320)
        assert movie.info["loop"] == 0
        frames, durations = [], []
        for k in range(movie.n_frames):
            movie.seek(k)
            durations.append(movie.info["duration"])
            frames.append(np.asarray(movie.convert("RGB")))
    assert durations[:-1] == [50] * 7
    assert durations[-1] > 1000
    assert all((a != b).any() for a, b in itertools.pairwise(frames))
    for frame in frames:  # the background is white, and not nearly so
        assert frame[0, 0].tolist() == [255, 255, 255]


def test_animation_takes_the_style_around_it(fit: Fit, tmp_path: Path) -> None:
    with matplotlib.rc_context({"figure.facecolor": "#191d24", "axes.facecolor": "#191d24"}):
        animate_fit(fit, TARGET, str(tmp_path / "dark.gif"), frames=3, size=(3, 3))
    with Image.open(tmp_path / "dark.gif") as movie:
        assert movie.convert("RGB").getpixel((1, 1)) == (0x19, 0x1D, 0x24)


def test_animation_of_one_step(tmp_path: Path) -> None:
    fit = minimize(FULL, TARGET, steps=1)
    animate_fit(fit, TARGET, tmp_path / "one.gif", size=(3, 3))
    with Image.open(tmp_path / "one.gif") as movie:
        assert movie.n_frames == 2


def test_frames_are_dense_where_most_happens() -> None:
    steps = shown_steps(1000, 40)
    assert steps[0] == 0
    assert steps[-1] == 1000
    assert len(steps) <= 40
    assert (np.diff(steps) > 0).all()
    assert steps[len(steps) // 2] < 200
    assert shown_steps(1, 40) == [0, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: density_contours(Normal([0.0], [1.0])), ValueError, "d has 1 dimensions: expec"),
        (lambda f: density_contours(3), TypeError, "d must be a distribution, got 3"),
        (
            lambda f: density_contours(FULL, masses=[1.0]),
            ValueError,
            "masses must lie between 0 an",
        ),
        (
            lambda f: density_contours(FULL, masses=[]),
            ValueError,
            "masses must lie between 0 and 1",
        ),
        (
            lambda f: density_contours(FULL, extent=(0, 1)),
            ValueError,
            "extent must be .left, right",
        ),
        (
            lambda f: density_contours(FULL, extent=(1, 0, 0, 1)),
            ValueError,
            "extent must have left < right",
        ),
        (
            lambda f: density_contours(TARGET, resolution=1),
            ValueError,
            "resolution must be at leas",
        ),
        (lambda f: fit_path(FULL, TARGET), TypeError, "fit must be what fastdiv.fitting.minimize"),
        (
            lambda f: fit_path(f, Normal(np.zeros((2, 2)), [1, 1])),
            ValueError,
            "target has batch sh",
        ),
        (lambda f: fit_path(f, TARGET, colors=[]), ValueError, "colors must have an entry for eac"),
        (
            lambda f: fit_path(f, TARGET, labels="q"),
            ValueError,
            "labels must have an entry for eac",
        ),
        (lambda f: animate_fit(f, TARGET, "x", frames=1), ValueError, "frames must be at least 2"),
        (lambda f: animate_fit(f, TARGET, 3), TypeError, "path must be a path, got 3"),
        (
            lambda f: animate_fit(f, TARGET, "fit.mp4"),
            ValueError,
            "path must end in .gif, which is what is written, got 'fit.mp4'",
        ),
        (lambda f: density_contours(FULL, masses=0.5), TypeError, "masses must be a seq.* got 0.5"),
        (lambda f: density_contours(FULL, axes=3), TypeError, "axes must be Matplotlib's Axes"),
        (lambda f: density_contours(FULL, color="no"), ValueError, "color must be a co.* got 'no'"),
        (lambda f: density_contours(FULL, extent=3), ValueError, "extent must be .left.* got 3"),
        (lambda f: fit_path(f, TARGET, axes=[]), TypeError, "axes must be .* or None, got"),
        (lambda f: fit_path(f, TARGET, colors=["no"]), ValueError, "colors must be a color"),
        (lambda f: fit_path(f, TARGET, colors=3), ValueError, "colors must have an entry.* got 3"),
        (lambda f: fit_path(f, TARGET, target_color="no"), ValueError, "target_color must be a co"),
        (lambda f: animate_fit(f, TARGET, "x", fps=0), ValueError, "fps must be positive and fini"),
    ],
)
def test_wrong_arguments(call: Any, error: type[Exception], message: str, fit: Fit) -> None:
    with pytest.raises(error, match=message):
        call(fit)


def test_without_matplotlib_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from fastdiv.distributions import Normal\n"
        "from fastdiv import plotting\n"
        "try:\n"
        "    plotting.density_contours(Normal([0.0, 0.0], [1.0, 1.0]))\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "fastdiv.plotting needs matplotlib" in done.stdout
    assert "pip install 'fastdiv[plot]'" in done.stdout
