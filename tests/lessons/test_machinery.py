"""The machinery of the lessons finds what is wrong with a lesson."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.lessons import figures
from tests.lessons import lesson as lessons
from tests.lessons.lesson import LessonError
from tests.lessons.references import check_code_span, check_link
from tests.lessons.rewrite import with_outputs


@pytest.mark.parametrize(
    ("shown", "real", "rtol"),
    [
        ("loss 0.123", "loss 0.124", None),
        ("  1.50 nats", "1.51 nats", None),
        ("error 3e-11", "error 9e-12", 0.9),
        ("steps 100", "steps 104", 0.05),
        ("[1. 2.]", "[1. 2.]", None),
        ("nan inf", "nan inf", None),
        ("0.00", "-0.01", None),
    ],
)
def test_outputs_that_agree(shown: str, real: str, rtol: float | None) -> None:
    assert lessons.agrees(shown, real, rtol)


@pytest.mark.parametrize(
    ("shown", "real", "rtol"),
    [
        ("loss 0.123", "loss 0.126", None),
        ("loss 0.123", "Loss 0.123", None),
        ("steps 100", "steps 101", None),
        ("error 3e-11", "error 3e-10", None),
        ("1.5 2.5", "1.5", None),
        ("[1. 2.]", "[1. 2.1]", None),
        ("nan", "1.0", 0.9),
        ("1.0\n2.0", "1.0 3.0", None),
        ("", "1\n", None),
    ],
)
def test_outputs_that_differ(shown: str, real: str, rtol: float | None) -> None:
    assert not lessons.agrees(shown, real, rtol)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\nraise ValueError('so')", "ValueError: so"),
        ("import warnings\nwarnings.warn('so')", "writes to stderr"),
        ("1 + 1", "value that is not printed: 2"),
    ],
)
def test_a_block_that_does_not_run_is_named(tmp_path: Path, code: str, message: str) -> None:
    path = tmp_path / "01-x.md"
    path.write_text(f"# 1. X\n\n```python\n{code}\n```\n", encoding="utf-8")
    with pytest.raises(LessonError, match=r"01-x.md:4: ") as error:
        lessons.run(lessons.read(path), tmp_path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```output\n1\n```\n", r"01-x.md:1: output that stands under no python block"),
        ("```python\nprint(1)\n```\n\n```output rtol=a\n1\n```\n", r"01-x.md:5: 'output rtol=a' must be"),
    ],
)
def test_an_output_that_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "01-x.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LessonError, match=message):
        lessons.read(path)


def test_rewriting_adds_replaces_and_removes_outputs(tmp_path: Path) -> None:
    path = tmp_path / "01-x.md"
    path.write_text(
        "```python\na\n```\n\nText.\n\n```python\nb\n```\n\n```output rtol=0.2\nold\n```\n\n"
        "```python\nc\n```\n\n```output\nold\n```\n\nEnd.\n",
        encoding="utf-8",
    )
    assert with_outputs(lessons.read(path), ["new a\n", "new b\n", ""]) == (
        "```python\na\n```\n\n```output\nnew a\n```\n\nText.\n\n```python\nb\n```\n\n```output rtol=0.2\nnew b\n```\n\n"
        "```python\nc\n```\n\nEnd.\n"
    )


def drawn(path: Path, *heights: float, width: float = 8) -> Path:
    """Bell curves side by side."""
    figure = Figure(figsize=(width, 2.8), layout="constrained")
    axes = figure.subplots()
    x = np.linspace(0, 3 * len(heights), 100)
    for n, height in enumerate(heights):
        axes.plot(x, height * np.exp(-((x - 3 * n) ** 2)))
    axes.set(ylim=(0, 2))
    figure.savefig(path, dpi=90)
    return path


def test_a_figure_whose_curves_moved_a_little_looks_the_same(tmp_path: Path) -> None:
    shown, moved = drawn(tmp_path / "shown.png", 1, 1.2), drawn(tmp_path / "moved.png", 1.02, 1.17)
    assert figures.difference(shown, shown) == 0
    assert 0 < figures.difference(shown, moved) < figures.DIFFERENT < figures.difference(shown, moved, near=0)


@pytest.mark.parametrize("heights", [(1,), (1.2, 1), (1, 1.5), ()])
def test_a_figure_with_other_curves_is_found(heights: tuple[float, ...], tmp_path: Path) -> None:
    shown, other = drawn(tmp_path / "shown.png", 1, 1.2), drawn(tmp_path / "other.png", *heights)
    assert figures.difference(shown, other) > figures.DIFFERENT


def test_a_figure_of_another_size_is_found(tmp_path: Path) -> None:
    shown, other = drawn(tmp_path / "shown.png", 1), drawn(tmp_path / "other.png", 1, width=7)
    assert figures.difference(shown, other) == np.inf


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("`gone`", "../minigen/autograd.py"),
        ("`Tensor.gone`", "../minigen/autograd.py"),
        ("`minigen/gone.py`", "../minigen/gone.py"),
        ("`minigen/optim.py`", "../minigen/autograd.py"),
        ("lesson 99", "99-gone.md"),
        ("elsewhere", "../../elsewhere"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text: str, target: str) -> None:
    with pytest.raises(AssertionError):
        check_link(text, target)


@pytest.mark.parametrize("code", ["ops.gone", "minigen.nn.Gone", "backend.gone(x)"])
def test_a_name_that_is_gone_is_found(code: str) -> None:
    with pytest.raises(AttributeError):
        check_code_span(code)


def test_a_module_that_is_gone_is_found() -> None:
    with pytest.raises(AssertionError):
        check_code_span("python -m minigen.gone vae")


def test_a_lesson_runs_without_jupyter_as_the_contents_say(tmp_path: Path) -> None:
    contents = (lessons.FOLDER / "README.md").read_text(encoding="utf-8")
    (command,) = (line for line in contents.splitlines() if line.startswith("jupytext") and line.endswith("| python -"))
    lesson = "lessons/01-derivatives.md"
    (tmp_path / "lessons").mkdir()
    (tmp_path / lesson).write_text(
        "```python\nx = 1\n```\n\n```python .noeval\nwrong(\n```\n\n```python\nprint(x)\n```\n"
    )
    assert lesson in command
    folder = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    output = subprocess.check_output(command, shell=True, cwd=tmp_path, env=os.environ | {"PATH": folder}, text=True)
    assert output == "1\n"
