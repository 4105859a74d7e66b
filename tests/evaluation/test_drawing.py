"""Every figure, with few examples and many, with any text from outside, and whatever the user set in Matplotlib."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from minigen.data import Dataset, Split
from minigen.evaluation import animation, figures
from minigen.evaluation.drawing import styled
from minigen.evaluation.studies import anomalies, few_labels
from minigen.evaluation.text import counted, shown
from minigen.inference import comparing

TEXTS = ["$x^", "_hidden", "", "\udce9\x1b[2J\n", "中文 🙂", "$\\frac{1}$ $", "x" * 10**6]
RC = {
    "image.origin": "lower",
    "text.usetex": True,
    "font.family": "no such font",
    "figure.dpi": 30,
    "savefig.bbox": "tight",
    "savefig.facecolor": "red",
    "axes.formatter.use_mathtext": True,
    "lines.linewidth": 9,
    "figure.constrained_layout.use": False,
}


def a_run(name: str, count: int) -> comparing.Run:
    return comparing.Run(name, None, count, 0.0, {}, {"validation mse": (list(range(1, count + 1)), [0.5] * count)})  # type: ignore[arg-type]


def rows(text: str, count: int) -> list[dict]:
    train = {"loss": 1.0, text.replace("/", "-"): 2.0, "a/conv": 0.1, "a/b": 1e-5}
    return [{"epoch": epoch, "train": train, "validation": {"loss": 1.0}} for epoch in range(1, count + 1)]


def scores(text: str, count: int) -> Figure:
    split = Split(np.zeros((count, 4, 1), np.float32), np.arange(count) % 2)
    return anomalies.draw_scores(np.linspace(0, 1, count), Dataset("x", split, split, ("normal", text), ""), 0.5)


RANDOM = np.random.default_rng(0)
DRAWN: dict[str, Callable[[str, int], Figure]] = {
    "images": lambda text, count: figures.show_images(RANDOM.random((count, 1, 8, 8)), min(10, count), text, None),
    "colours": lambda text, count: figures.show_images(RANDOM.random((2 * count, 3, 8, 8)), count, text, ["a", "b\nc"]),
    "sequence": lambda text, count: figures.show_sequences(
        *RANDOM.random((2, min(count, 5), 5, 1)), [text] * 5, units=((5.0, 9.0),)
    ),
    "sequences": lambda text, count: figures.show_sequences(*RANDOM.random((2, min(count, 3), 30, 2)), [text] * 3),
    "curves": lambda text, count: figures.curves(rows(text, count)),
    "gradient norms": lambda text, count: figures.gradient_norms(rows(text, count)),
    "named map": lambda text, count: figures.code_map(RANDOM.random((count, 3)), None, [text] * count),
    "map": lambda text, count: figures.code_map(np.ones((count, 3)), np.arange(count), [text] * count),
    "scores": scores,
    "few labels": lambda text, count: few_labels.draw({text: [[0.5, 0.6]], "codes": [[0.5]]}, [count]),
    "learning": lambda text, count: animation.side_by_side(dict.fromkeys(range(count), np.ones((64, 1, 8, 8)))),
    "comparison": lambda text, count: comparing.draw([a_run(text, count), a_run("b", count)]),
}


@styled
def seen(figure: Figure) -> dict[str, tuple[float, float, float, float]]:
    """The texts of a figure that are drawn, and where: left, bottom, right, top in parts of the figure."""
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    boxes = [text.get_window_extent().transformed(figure.transFigure.inverted()).extents for text in texts]
    return {text.get_text(): tuple(box) for text, box in zip(texts, boxes, strict=True)}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("count", [1, 3, 10, 300])
def test_every_figure_shows_any_text_whole(name: str, count: int) -> None:
    for text in TEXTS if count == 3 else TEXTS[:1]:
        figure = DRAWN[name](text, count)
        if text == TEXTS[0]:
            assert figures.png(figure).startswith(b"\x89PNG")
        titles = {figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)}
        for said, (left, bottom, right, top) in seen(figure).items():
            assert len(said) <= 100
            if said in titles:
                assert min(left, bottom) > -0.01, said
                assert max(right, top) < 1.01, said


@pytest.mark.parametrize("name", DRAWN)
def test_no_setting_of_the_users_changes_a_figure(name: str) -> None:
    def content() -> bytes:
        global RANDOM
        RANDOM = np.random.default_rng(0)
        return figures.png(DRAWN[name]("a", 3))

    own = content()
    with mpl.rc_context(RC):
        assert content() == own
        assert mpl.rcParams["text.usetex"], "and the user's stay"


@pytest.mark.parametrize("backend", ["nonsense", "agg", "svg"])
def test_figures_need_no_backend(backend: str, tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("image.origin: lower\ntext.usetex: True\nfont.size: 40\n")
    code = (
        "from minigen.evaluation import drawing, figures; import numpy as np, os, matplotlib; "
        "print(len(figures.png(figures.show_images(np.ones((1, 1, 8, 8)), 1, '$a$'))), os.environ['MPLBACKEND'], "
        "matplotlib.rcParams['backend'])"
    )
    environment = os.environ | {"MPLBACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = len(figures.png(figures.show_images(np.ones((1, 1, 8, 8)), 1, "$a$")))
    assert done.stdout.split()[:2] == [str(expected), backend]
    assert backend == "nonsense" or done.stdout.split()[2] == backend, "the user's own plots have it"


def test_names_that_would_touch_are_left_out() -> None:
    codes = np.random.default_rng(0).standard_normal((200, 5))
    figure = figures.code_map(codes, None, [f"IMG_{number:04}_on_holiday" for number in range(200)])
    boxes = [box for name, box in seen(figure).items() if name.startswith("IMG")]
    assert 20 < len(boxes) < 100
    for at, (left, bottom, right, top) in enumerate(boxes):
        for other in boxes[:at]:
            assert left > other[2] or other[0] > right or bottom > other[3] or other[1] > top


def test_only_classes_that_occur_are_in_the_legend_and_forty_at_most() -> None:
    def said(labels: np.ndarray, classes: int) -> list[str]:
        figure = figures.code_map(np.eye(len(labels), 3), labels, [f"c{number}" for number in range(classes)])
        return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]

    assert said(np.array([3, 3, 0]), 10) == ["c0", "c3"]
    assert len(said(np.arange(30), 30)) == 30
    assert said(np.arange(300), 300)[-1] == "… 300 in all"
    assert len(said(np.arange(300), 300)) == 40


def test_equal_curves_are_both_seen_and_epochs_are_whole() -> None:
    (axes,) = comparing.draw([a_run("_a", 2), a_run("b", 2)]).axes
    below, above = axes.lines
    assert below.get_linewidth() > above.get_linewidth()
    assert below.get_linestyle() != above.get_linestyle()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["_a", "b"]
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_one_variable_is_drawn_in_the_units_of_its_file() -> None:
    x = np.array([[[0.0], [0.5], [1.0]]])
    figure = figures.show_sequences(x, x / 2, ["a"], units=((10.0, 30.0),))
    series, made = figure.axes[0].lines
    np.testing.assert_array_equal(series.get_ydata(), [10, 20, 30])
    np.testing.assert_array_equal(made.get_ydata(), [10, 15, 20])
    assert figure.get_supylabel() == "value, as in the file"


def test_a_variable_of_several_is_drawn_scaled() -> None:
    x = np.array([[[0.0, 1.0], [0.5, 0.5]]])
    figure = figures.show_sequences(x, x, ["a"], units=((10.0, 30.0), (0.0, 1e6)))
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [0, 0.5])
    assert figure.get_supylabel() == "value, scaled to [0, 1]"


@pytest.mark.parametrize("text", TEXTS)
def test_shown_text_is_short_and_printable(text: str) -> None:
    assert len(shown(text, 20)) <= 20
    assert shown(text, 20).isprintable()
    assert shown("name", 20) == "name"
    assert shown("0123456789" * 3, 11) == "01234…56789"
    assert [counted(n, "input") for n in (0, 1, 1000)] == ["0 inputs", "1 input", "1,000 inputs"]
