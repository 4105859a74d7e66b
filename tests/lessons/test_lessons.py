"""Every lesson runs, prints and draws what it shows, and names nothing that is gone."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lessons import figures
from tests.lessons import lesson as lessons
from tests.lessons.lesson import FIGURES, FOLDER
from tests.lessons.references import check_code_span, check_link, code_spans, images, links

SECONDS = 60.0  # a lesson may take 30 s on two cores; a machine of half that speed is no mistake
FIGURE_BYTES = 60_000
MOST_WORDS = 3500
CONTENTS = (FOLDER / "README.md").read_text(encoding="utf-8")

each_lesson = pytest.mark.parametrize("path", lessons.paths(), ids=lambda path: path.stem)
each_page = pytest.mark.parametrize("path", lessons.pages(), ids=lambda path: path.stem)


@each_page
@pytest.mark.filterwarnings("default")  # Jupyter's own
def test_notebook_prints_and_draws_what_the_lesson_shows(path: Path, tmp_path: Path) -> None:
    lesson = lessons.read(path)
    result = lessons.run(lesson, tmp_path)
    again = f"python -m tests.lessons.rewrite {lesson.number} shows what it is now"
    for block, output in zip(lesson.blocks, result.outputs, strict=True):
        shown = block.shown or ""
        assert lessons.agrees(shown, output, block.rtol), (
            f"{path.name}:{block.line} shows\n{shown}\nand prints\n{output}\n{again}"
        )
    drawn = {figure.name for figure in result.figures.glob("*.png")}
    assert drawn == {figure.name for figure in FIGURES.glob(f"{lesson.number}-*.png")}, again
    for name in sorted(drawn):
        assert figures.difference(FIGURES / name, result.figures / name) < figures.DIFFERENT, f"{name}: {again}"
    assert result.seconds < SECONDS, f"{path.name} takes {result.seconds:.0f} s"


@each_lesson
def test_form(path: Path) -> None:
    lesson = lessons.read(path)
    headings = [lesson.tokens[i + 1].content for i, token in enumerate(lesson.tokens) if token.type == "heading_open"]
    assert headings[0].startswith(f"{int(lesson.number)}. ")
    assert headings[-5:] == ["Exercises", "Exercise 1", "Exercise 2", "Exercise 3", "Sources"]
    assert re.search(rf"^\*Needs: .+ Gives: .+ Time: {lesson.minutes} minutes\.\*$", lesson.text, re.MULTILINE)
    assert re.search(rf"\({path.name}\) .* \| {lesson.minutes} \|$", CONTENTS, re.MULTILINE)
    assert lesson.words <= MOST_WORDS
    assert any(token.type == "table_open" for token in lesson.tokens)
    assert any(".py" in target for _, target in links(lesson)), "no link to minigen's code"
    for part in re.split(r"^### Exercise \d$", lesson.text, flags=re.MULTILINE)[1:]:
        folded = re.search(r"\n<details>\n<summary>Solution</summary>\n\n(.*?)\n\n</details>\n", part, re.DOTALL)
        assert folded, "an exercise has no folded solution"
        assert "```python\n" in folded[1], "a solution has no code"
        assert "```python\n" not in part.replace(folded[0], ""), "code outside the folded solution"


@each_page
def test_mathematics_survives_markdown(path: Path) -> None:
    """Where mathematics is read as Markdown first, as on GitHub, backslashes and underscores can be lost."""
    for inline in (token for token in lessons.read(path).tokens if token.type == "inline"):
        left = "".join("\n" if child.type == "softbreak" else child.content for child in inline.children or [])
        for formula in re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", inline.content, re.DOTALL):
            assert formula in left, f"{path.name}: {formula} holds an escape (as \\, or \\{{) or emphasis (_ or *)"
            assert "\\operatorname" not in formula, f"{path.name}: {formula}: GitHub refuses \\operatorname"


@each_page
def test_files_and_names_exist(path: Path) -> None:
    lesson = lessons.read(path)
    shown = {Path(target).name for target in images(lesson)}
    own = {figure.name for suffix in ("png", "svg") for figure in FIGURES.glob(f"{lesson.number}-*.{suffix}")}
    assert {name for name in shown if name.endswith("png") and not name.startswith("readme-")} <= own <= shown
    for text, target in links(lesson):
        check_link(text, target)
    for code in code_spans(lesson):
        check_code_span(code)


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.[ps][nv]g")), ids=lambda path: path.name)
def test_figure_is_small(path: Path) -> None:
    assert path.stat().st_size < FIGURE_BYTES


def test_diagrams_are_what_their_code_draws(tmp_path: Path) -> None:
    """Each diagram is drawn anew, and a lesson describes it in the words of its code."""
    subprocess.run([sys.executable, FIGURES / "draw.py", tmp_path], check=True, capture_output=True)
    drawn = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.svg")}
    assert drawn == {path.name: path.read_text(encoding="utf-8") for path in FIGURES.glob("*.svg")}
    for path in lessons.pages():
        for target, words in images(lessons.read(path)).items():
            if target.endswith("svg"):
                assert f"<title>{words}.</title>" in html.unescape(drawn[Path(target).name]), f"{path.name}: {target}"


def test_contents_list_all_lessons() -> None:
    contents = lessons.read(FOLDER / "README.md")
    for text, target in links(contents):
        check_link(text, target)
    listed = [(text, target) for text, target in links(contents) if re.match(r"\d\d-", target)]
    titles = [
        (path.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2], path.name) for path in lessons.paths()
    ]
    assert listed == titles
