"""python -m tests.lessons.rewrite [01 02 your-own …]: run the lessons and write their outputs and figures anew.

Figures are replaced only where the new one looks different.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from tests.lessons import figures
from tests.lessons import lesson as lessons
from tests.lessons.lesson import Lesson, LessonError

VISIBLE = 0.5  # levels; below it are another processor's last digits


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where all lessons ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.lessons.rewrite", description=__doc__)
    parser.add_argument("number", nargs="*", help="two digits of a lesson or the name of a page (default: all)")
    numbers = parser.parse_args(arguments).number
    pages = {number: [path for path in lessons.pages() if path.stem.startswith(number)] for number in numbers or [""]}
    unknown = [number for number, found in pages.items() if not found]
    if unknown:
        parser.error(f"no lesson {', '.join(unknown)}")
    failures = 0
    for path in itertools.chain(*pages.values()):
        try:
            rewrite(lessons.read(path))
        except LessonError as error:
            print(error, file=sys.stderr)
            failures += 1
    return 1 if failures else 0


def rewrite(lesson: Lesson) -> None:
    """Run one lesson and write what it printed and drew."""
    with tempfile.TemporaryDirectory() as folder:
        result = lessons.run(lesson, Path(folder))
        drawn = [made.name for made in sorted(result.figures.glob("*.png")) if _replace(made)]
    text = with_outputs(lesson, result.outputs)
    lesson.path.write_text(text, encoding="utf-8")
    changed = [*(["outputs"] if text != lesson.text else []), *drawn]
    print(f"{lesson.path.name}: {result.seconds:.1f} s; changed: {', '.join(changed) or 'nothing'}")


def _replace(made: Path) -> bool:
    shown = lessons.FIGURES / made.name
    if shown.exists() and figures.difference(shown, made, near=0) < VISIBLE:
        return False
    shutil.copy(made, shown)
    return True


def with_outputs(lesson: Lesson, outputs: list[str]) -> str:
    """The lesson's text with these outputs, one a block, in place of those shown."""
    lines = lesson.text.splitlines(keepends=True)
    for block, output in reversed(list(zip(lesson.blocks, outputs, strict=True))):
        info = "output" if block.rtol is None else f"output rtol={block.rtol:g}"
        lines[block.end : block.shown_end] = [f"\n```{info}\n{output}```\n"] if output else []
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
