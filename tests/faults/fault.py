"""What a fault is, and what counts as survived: nothing lost, and one line for the user."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Command = Callable[[list[str]], int]


@dataclass(frozen=True)
class Effort:
    """How much is tried: kills over all models together, the seed of what is random, and generated tries per fault."""

    kills: int = 2
    models: tuple[str, ...] = ("vae",)
    seed: int = 0
    tries: int = 1


@dataclass(frozen=True)
class Fault:
    """A fault by its name. `tries` gives for each try what was lost, "" for nothing, working in an empty folder."""

    name: str
    tries: Callable[[Path, Effort], Iterator[str]]


def refused(command: Command, words: list[object], *expected: str) -> str:
    """ "" where the command ends with code 2 and one line on stderr that has one of the expected texts."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command([str(word) for word in words])
    except BaseException as error:  # also a panic in compiled code
        return f"raised {error!r}"
    said = err.getvalue()
    if code != 2 or said.count("\n") != 1:
        return f"exit code {code}, said {said!r}"
    return "" if any(text in said for text in expected) else f"said {said!r}, not {' or '.join(expected)}"


def one_line(error: Exception) -> str:
    """ "" where the error's text is one line of bearable length."""
    text = str(error)
    return "" if 0 < len(text) < 1000 and "\n" not in text else f"{type(error).__name__}: {text[:200]!r}"
