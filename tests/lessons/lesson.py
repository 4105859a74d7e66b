"""A lesson: Markdown whose Python blocks run in order, each with its printed output shown under it.

    ```python
    print(1 / 3)
    ```

    ```output
    0.3333333333333333
    ```

`jupytext` turns the blocks into the cells of a notebook, `nbclient` runs them in a fresh kernel, and
`agrees` compares what they print with what the lesson shows. A block that cannot run, such as one quoted
from a document, is marked ```python .noeval, jupytext's own mark.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "lessons"
FIGURES = FOLDER / "figures"

RELATIVE = 0.01  # how far a shown number with a decimal point may be from the real one, where the block states nothing

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class LessonError(Exception):
    """A lesson cannot be read or run; the message is for its author and starts with file and line."""


@dataclass(frozen=True)
class Block:
    """A Python block and the output shown under it.

    Attributes:
        code: the source.
        line: the first line of the source in the file, from 1.
        end: the index of the line after the block, from 0.
        shown: the output, None where none is shown.
        shown_end: the index of the line after the output; `end` where none is shown.
        rtol: the relative precision that the output states ("output rtol=0.2"), None where it states none.
    """

    code: str
    line: int
    end: int
    shown: str | None = None
    shown_end: int = 0
    rtol: float | None = None


@dataclass(frozen=True)
class Lesson:
    """The file, its text, its Markdown tokens, and its blocks in order."""

    path: Path
    text: str
    tokens: list[Token]
    blocks: list[Block]

    @property
    def number(self) -> str:
        """What the names of its figures start with: a lesson's two digits, or another page's name."""
        return self.path.name[:2] if self.path.name[:2].isdigit() else self.path.stem

    @property
    def words(self) -> int:
        """Of the prose, without code and outputs."""
        return len(re.sub(r"^```.*?^```\n", "", self.text, flags=re.MULTILINE | re.DOTALL).split())

    @property
    def minutes(self) -> int:
        """A reader's time at 150 words and 8 lines of code per minute, to the nearest 5."""
        lines = sum(bool(line.strip()) for block in self.blocks for line in block.code.splitlines())
        return 5 * round((self.words / 150 + lines / 8) / 5)


@dataclass(frozen=True)
class Run:
    """What a lesson printed, block by block, the folder with its figures, and its time in seconds."""

    outputs: list[str]
    figures: Path
    seconds: float


def paths() -> list[Path]:
    """All lessons, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]-*.md"))


def pages() -> list[Path]:
    """The lessons and the other pages, whose code runs too."""
    return [path for path in sorted(FOLDER.glob("*.md")) if path.name != "README.md"]


def read(path: Path) -> Lesson:
    """Find the blocks of a lesson.

    Raises:
        LessonError: an output stands under no block, or its precision cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks: list[Block] = []
    before: Token | None = None
    for token in tokens:
        if token.type == "fence" and token.map and token.info == "python":
            blocks.append(Block(token.content.rstrip("\n"), token.map[0] + 2, token.map[1], None, token.map[1]))
        elif token.type == "fence" and token.map and token.info.split()[:1] == ["output"]:
            if before is None or before.type != "fence" or before.info != "python":
                raise LessonError(f"{path.name}:{token.map[0] + 1}: output that stands under no python block")
            blocks[-1] = Block(
                blocks[-1].code, blocks[-1].line, blocks[-1].end, token.content, token.map[1], _rtol(path, token)
            )
        before = token
    return Lesson(path, text, tokens, blocks)


def _rtol(path: Path, token: Token) -> float | None:
    words = token.info.split()[1:]
    if not words:
        return None
    match = re.fullmatch(r"rtol=(\d*\.?\d+)", " ".join(words))
    if match is None:
        where = f"{path.name}:{token.map[0] + 1}" if token.map else path.name
        raise LessonError(f"{where}: {token.info!r} must be 'output' or 'output rtol=0.1'")
    return float(match[1])


def notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """The lesson as jupytext opens it.

    Raises:
        LessonError: its cells are not the lesson's blocks.
    """
    converted = jupytext.reads(lesson.text, fmt="md")
    cells = [cell.source for cell in converted.cells if cell.cell_type == "code"]
    if cells != [block.code for block in lesson.blocks]:
        raise LessonError(f"{lesson.path.name}: the notebook's {len(cells)} cells are not the lesson's blocks")
    return converted


def run(lesson: Lesson, folder: Path) -> Run:
    """Run the lesson as a notebook in a new kernel, whose working directory `folder` stands for lessons/.

    Raises:
        LessonError: a block raised an exception, warned, or ended with a value that it did not print.
    """
    opened = notebook(lesson)
    opened.cells.append(nbformat.v4.new_code_cell("import time; print(time.process_time(), time.perf_counter())"))
    opened.cells.insert(0, opened.cells[-1].copy())
    client = NotebookClient(
        opened,
        timeout=300,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--Application.log_level=40"],  # errors only
    )
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    one_thread = {"OPENBLAS_NUM_THREADS": "1"}  # a second one waits by spinning: ten times slower on a busy machine
    client.execute(env=os.environ | {"PYTHONPATH": search, "MPLBACKEND": "agg"} | one_thread)

    clocks, *cells, clocks_after = (cell for cell in opened.cells if cell.cell_type == "code")
    outputs = [_printed(lesson, block, cell.outputs) for block, cell in zip(lesson.blocks, cells, strict=True)]
    start, end = (
        [float(word) for word in "".join(output.text for output in cell.outputs).split()]
        for cell in (clocks, clocks_after)
    )
    # On a busy machine the clock on the wall runs ahead, with two threads the processor's does.
    return Run(outputs, folder / "figures", min(after - before for before, after in zip(start, end, strict=True)))


def _printed(lesson: Lesson, block: Block, outputs: list[nbformat.NotebookNode]) -> str:
    where = f"{lesson.path.name}:{block.line}"
    text = ""
    for output in outputs:
        if output.output_type == "error":
            traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback))  # its colours
            raise LessonError(f"{where}: {output.ename}: {output.evalue}\n{traceback}")
        if output.output_type == "stream" and output.name == "stdout":
            text += output.text
        elif output.output_type == "stream":
            raise LessonError(f"{where}: the block warns or writes to stderr:\n{output.text}")
        else:
            raise LessonError(f"{where}: the block ends with a value that is not printed: {output.data['text/plain']}")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def agrees(shown: str, real: str, rtol: float | None = None) -> bool:
    """Whether two outputs say the same.

    Words and signs must be equal, but for the width of the gaps between them. A number with a decimal point
    or an exponent may differ by 1 % (or by `rtol`) or by one unit of its last shown decimal; an integer only
    where `rtol` is stated.
    """
    if [word.split() for word in _NUMBER.split(shown)] != [word.split() for word in _NUMBER.split(real)]:
        return False
    return all(_numbers_agree(a, b, rtol) for a, b in zip(_NUMBER.findall(shown), _NUMBER.findall(real), strict=True))


def _numbers_agree(shown: str, real: str, rtol: float | None) -> bool:
    if rtol is None and shown.lstrip("+-").isdigit():
        return shown == real
    a, b = float(shown), float(real)
    mantissa, _, exponent = shown.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    unit = 1.001 * 10.0 ** (int(exponent or 0) - decimals) if decimals else 0.0
    return abs(a - b) <= max((RELATIVE if rtol is None else rtol) * max(abs(a), abs(b)), unit)
