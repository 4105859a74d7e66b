"""Write the course and the API reference as a web book: `python lessons/book/build.py FOLDER [RUN …]`.

Each RUN is the folder of a trained vae, conv-vae, gan or cnn: the page of `minigen.explore` stands in its lesson.

It needs `pip install -e '.[lessons]'`. The lessons are copied to a temporary folder, where links to files of the
repository become links to pages that show them, and each lesson gets a notebook to download. Then Sphinx runs, and
every warning of it is an error: a broken link, an unknown picture, a docstring that cannot be read.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import jupytext
from sphinx.cmd.build import build_main

import minigen
from minigen import explore

LESSONS = Path(__file__).resolve().parents[1]
ROOT = LESSONS.parent
PARTS = {  # the number of each part's first lesson
    "I The engine": 1,
    "II Learning": 4,
    "III Autoencoders and convolution": 8,
    "IV Generative models": 17,
    "V Machines": 22,
}
EXPLORED = {"cnn": "10", "vae": "18", "conv-vae": "19", "gan": "20"}  # the lesson in which a model's page stands
MODULES = {
    "minigen": ["autograd", "ops.methods", "rng"],
    "minigen.ops": [
        *("arithmetic", "powers", "elementwise", "activations", "reductions", "statistics", "shapes", "joining"),
        *("indexing", "dense", "conv", "pooling", "normalization", "recurrent", "masks", "sampling", "losses"),
    ],
    "minigen.nn": [
        *("module", "containers", "linear", "conv", "pooling", "normalization", "dropout", "recurrent"),
        *("activations", "init"),
    ],
    "minigen.optim": [""],
    "minigen.gradcheck": ["checker"],
    "minigen.data": [""],
    "minigen.inference": ["loading", "trained"],
}


def prepare(folder: Path, runs: list[Path]) -> None:
    """Fill a folder with the pages of the book."""
    shutil.copytree(LESSONS / "figures", folder / "figures", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file in ("conf.py", "book.css"):
        shutil.copy(LESSONS / "book" / file, folder)
    notebooks = folder / "notebooks" / "notebooks"
    notebooks.mkdir(parents=True)
    files: set[Path] = set()
    explored = {EXPLORED[minigen.load(run).model.name]: run for run in runs}
    for page in sorted(LESSONS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if "```python" in text:
            jupytext.write(jupytext.reads(text, fmt="md"), notebooks / f"{page.stem}.ipynb")
            link = f'<a href="notebooks/{page.stem}.ipynb" download>Download this lesson as a notebook</a>'
            text = text.replace("\n", f"\n\n{link}\n", 1)
        if page.name[:2] in explored:
            text = text.replace("\n## Exercises\n", embedded(explored[page.name[:2]], page.stem, notebooks), 1)
        text = text.replace("```python .noeval", "```python").replace("```output", "```text")
        text = re.sub(r"^(```text).*$", r"\1", text, flags=re.MULTILINE)
        text = re.sub(r"\]\((\.\./|exercises)([^)#]*)\)", lambda link: as_page(link[1] + link[2], files), text)
        (folder / page.name).write_text(text, encoding="utf-8")
    for file in sorted(files):
        show(file, folder)
    reference(folder)
    with (folder / "README.md").open("a", encoding="utf-8") as contents:
        contents.write(table_of_contents())


def embedded(run: Path, name: str, folder: Path) -> str:
    """A section with the run's page, which is written to the folder."""
    explore.main([str(run), "--no-open", "--overwrite", "--out", str(folder / f"{name}.html")])
    frame = (
        f'<iframe src="notebooks/{name}.html" title="A trained model to explore" width="100%" height="900"></iframe>'
    )
    return f"\n## Explore a trained one\n\n{frame}\n\n## Exercises\n"


def as_page(target: str, files: set[Path]) -> str:
    """The end of a Markdown link to a file of the repository: to the page of the book that shows it."""
    path = (LESSONS / target).resolve()
    inside = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    files.update(inside)
    return f"](source/{inside[0].relative_to(ROOT).as_posix()}.md)"


def show(file: Path, folder: Path) -> None:
    """A page with the file's text."""
    name = file.relative_to(ROOT).as_posix()
    page = folder / "source" / f"{name}.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    kind = {".py": "python", ".toml": "toml"}.get(file.suffix, "text")
    text = file.read_text(encoding="utf-8").rstrip()
    page.write_text(f"---\norphan: true\n---\n# `{name}`\n\n``````{kind}\n{text}\n``````\n", encoding="utf-8")


def reference(folder: Path) -> None:
    """A page for each package, made from the docstrings of its modules."""
    (folder / "api").mkdir()
    for package, modules in MODULES.items():
        page = f"# {package}\n"
        for module in modules:
            name = f"{package}.{module}" if module else package
            heading = f"\n## {name}\n" if module else ""
            page += f"{heading}\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n"
        (folder / "api" / f"{package}.md").write_text(page, encoding="utf-8")


def table_of_contents() -> str:
    """Hidden lists of all pages, which the book shows beside each of them."""
    lessons = sorted(page.stem for page in LESSONS.glob("[0-9][0-9]-*.md"))
    starts = [*PARTS.values(), 100]
    parts = {
        title: [name for name in lessons if start <= int(name[:2]) < end]
        for (title, start), end in zip(PARTS.items(), starts[1:], strict=True)
    }
    others = sorted(page.stem for page in LESSONS.glob("[a-z]*.md"))
    parts |= {"Beside the course": others, "Reference": [f"api/{package}" for package in MODULES]}
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(pages) + "\n```\n"
        for title, pages in parts.items()
        if pages
    )


def build(out: Path, runs: list[Path]) -> int:
    """Sphinx's exit status: 0 where it found nothing to complain about."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary, "pages")
        source.mkdir()
        prepare(source, runs)
        os.environ["MPLBACKEND"] = "agg"
        return int(build_main(["-q", "-W", "--keep-going", "-d", f"{temporary}/doctrees", str(source), str(out)]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("write: python lessons/book/build.py FOLDER [RUN ...]")
    sys.exit(build(Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]]))
