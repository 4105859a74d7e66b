"""A command in a forked child, with a limit on time and memory, and what counts as survived."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.backends.backend_agg  # noqa: F401 (imported once, and not by each child)

from minigen.command_line import prepare_process
from minigen.evaluation import animation, figures, generator_measures  # noqa: F401

Command = Callable[[list[str]], int]

SECONDS = 120  # of a hang, on a machine that others use too: a verb takes one, a training of a GAN ten
MEMORY = 2**30  # bytes beyond what the process has before the command


class Outcome(NamedTuple):
    """How a command ended; a code below 0 is the signal that ended it, as SIGKILL does when its time is over."""

    code: int
    out: str
    err: str


def run(command: Command, words: Sequence[object]) -> Outcome:
    """command(words) as `python -m` would run it, but without the second that the imports take."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            _become(out.fileno(), err.fileno(), command, [str(word) for word in words])
        timer = threading.Timer(SECONDS, os.kill, (process, signal.SIGKILL))
        timer.start()
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        timer.cancel()
        timer.join()  # or the next fork finds two threads
        return Outcome(code, *(_text(file) for file in (out, err)))


def _text(file: Any) -> str:
    file.seek(0)
    return file.read(2**20).decode(errors="backslashreplace")


def _become(out: int, err: int, command: Command, words: list[str]) -> None:
    code = 99
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False))
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), errors="backslashreplace", line_buffering=True)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        prepare_process()
        code = command(words)
        sys.stdout.flush()
    except BaseException as error:
        print(f"Traceback: {error!r}", file=sys.stderr)
    finally:
        os._exit(code)


def loss(outcome: Outcome) -> str:
    """What is wrong with how a command ended, "" for nothing: it did its work, or said in one line why not."""
    said = f"exit code {outcome.code}, said {outcome.err[-300:]!r}"
    if outcome.code == -signal.SIGKILL:
        return f"took more than {SECONDS} s"
    if outcome.code not in (0, 2) or "out of memory" in outcome.err:
        return said
    lines = outcome.err.splitlines()
    if any(len(line) > 1500 or "Traceback" in line or "Warning" in line for line in lines):
        return said
    own = [line for line in lines if "is used instead" not in line]
    return "" if len(own) == (outcome.code == 2) else said


def print_of(folder: Path) -> str:
    """What tells a folder's names and contents from others."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(os.fsencode(path) + (path.read_bytes() if path.is_file() and not path.is_symlink() else b""))
    return digest.hexdigest()
