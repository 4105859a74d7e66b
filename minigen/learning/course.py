"""The course's exercises: where they lie, and what belongs to each."""

from __future__ import annotations

import ast
import errno
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from minigen import files

LARGEST = 10**6  # bytes of an exercise file


@dataclass(frozen=True)
class Exercise:
    """One gap to fill.

    Attributes:
        name: of the function or the number in the reader's file.
        tier: "pencil" (a number to find), "gap" (code to write), "bug" (a fault to find) or "open" (a mark to beat).
        check: raises WrongError for a wrong answer; it is given the reader's file as a module.
        hints: shown one after the other.
        without: names of minigen that do what the reader is to write.
        line: the number of the faulty line of a "bug".
    """

    name: str
    tier: str
    check: Callable[[ModuleType], None]
    hints: tuple[str, ...]
    without: frozenset[str]
    line: int

    @property
    def title(self) -> str:
        """ "answer_kl (pencil)"; for a gap the name alone"""
        return self.name if self.tier == "gap" else f"{self.name} ({self.tier})"


def exercise(tier: str, *hints: str, without: str = "", line: int = 0) -> Callable[..., Exercise]:
    """Make an Exercise of the check that is decorated, which has the exercise's name."""
    return lambda check: Exercise(check.__name__, tier, check, hints, frozenset(without.split()), line)


@dataclass(frozen=True)
class Lesson:
    """The exercises of one lesson; its file is NN_topic.py."""

    path: Path

    @property
    def number(self) -> str:
        """ "10" """
        return self.path.stem[:2]

    @property
    def topic(self) -> str:
        """What the reader's progress is kept under: a lesson's number may change."""
        return self.path.stem[3:]

    @cached_property
    def exercises(self) -> list[Exercise]:
        """In the order of the checks."""
        checks = runpy.run_path(str(self.path.parent / "checks" / self.path.name))
        return [value for value in checks.values() if isinstance(value, Exercise)]

    def source(self) -> str:
        """The reader's file."""
        return files.read(self.path, LARGEST).decode("utf-8", "replace")

    def solution(self, name: str) -> str:
        """The lines that solve one exercise."""
        path = self.path.parent / "solutions" / self.path.name
        text = files.read(path, LARGEST).decode("utf-8")
        return "\n\n\n".join(
            str(ast.get_source_segment(text, node))
            for node in ast.parse(text).body
            if getattr(node, "name", "") == name
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name)
        )


def find_course() -> list[Lesson]:
    """The lessons in ./exercises, in ./lessons/exercises, or in the clone that minigen was installed from.

    Raises:
        FileNotFoundError: there are none.
    """
    clone = Path(files.__file__).parents[1]
    for folder in (Path("exercises"), Path("lessons/exercises"), clone / "lessons/exercises"):
        if (folder / "checks").is_dir():
            return [Lesson(path) for path in sorted(folder.absolute().glob("[0-9][0-9]_*.py"))]
    why = "no such folder here: the exercises come with a clone of minigen; start this inside it"
    raise FileNotFoundError(errno.ENOENT, why, "lessons/exercises")
