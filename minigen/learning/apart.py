"""Grade in a separate process with a time limit and a memory limit: no code of the reader can stop the grader."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import msgspec

from minigen import files, schema
from minigen.learning.course import Exercise, Lesson
from minigen.learning.grading import Verdict, grade

SECONDS = 10
MEMORY = 4 * 2**30
SHOWN = 2000  # characters of what the reader's code prints


def grade_apart(lesson: Lesson, exercise: Exercise, seconds: float = SECONDS) -> tuple[Verdict, str]:
    """The verdict on one exercise, and the beginning of what the reader's code printed."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "verdict.json"
        command = [sys.executable, "-m", __name__, str(lesson.path), exercise.name, str(result)]
        search = os.pathsep.join([str(Path(files.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
        child = subprocess.Popen(  # noqa: S603
            command,
            env=os.environ | {"PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        printed: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(child.stdout, printed), daemon=True)
        reader.start()
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            verdict = Verdict("wrong", f"no answer after {seconds:g} s: does a loop in your code never end?")
        else:
            verdict = _read(result, code)
        finally:
            child.kill()
            child.wait()
            reader.join(1)
    return verdict, b"".join(printed).decode("utf-8", "replace").strip()


def _read(result: Path, code: int) -> Verdict:
    if not result.exists():
        how = f"was ended by signal {-code}" if code < 0 else f"ended itself (exit code {code})"
        return Verdict("wrong", f"the process {how} before the answer was judged; your code must return")
    return Verdict(*schema.decode(files.read(result, 10**6), tuple[str, str], "verdict"))


def _drain(stream: IO[bytes], printed: list[bytes]) -> None:
    """Keep the first part of the output and drop the rest, so that nobody waits for us to read it."""
    room = SHOWN
    with stream:
        while part := stream.read1(2**16):  # type: ignore[attr-defined]
            printed.append(part[:room])
            room -= len(printed[-1])


def _main(path: str, name: str, result: str) -> None:
    with contextlib.suppress(ImportError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    lesson = Lesson(Path(path))
    (exercise,) = (found for found in lesson.exercises if found.name == name)
    verdict = grade(exercise, lesson.source(), path)
    files.replace_file(Path(result), msgspec.json.encode(verdict))
    with contextlib.suppress(Exception):  # the reader's code may have closed it
        sys.stdout.flush()
    os._exit(0)  # not kept alive by threads that the reader's code started


if __name__ == "__main__":
    _main(*sys.argv[1:])
