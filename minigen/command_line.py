"""What the command lines share: a parser that suggests the closest word, and one line for every error."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, TextIO

from minigen import interrupts
from minigen.backend import DeviceError
from minigen.data import DataError
from minigen.files import absolute, printable
from minigen.inference.arrays import UseError
from minigen.models import ConfigError
from minigen.models.checking import ModelError
from minigen.parallel import WorkerError
from minigen.training.checkpoint import CheckpointError
from minigen.training.divergence import DivergedError
from minigen.training.lock import LockedError
from minigen.training.run_folder import RunError

_LONG = 1000  # characters of a message, which may name a file or quote a word of any length
FAULT = 70  # the exit code of a fault in minigen, EX_SOFTWARE of sysexits.h


class UsageError(ValueError):
    """Words on the command line that cannot be understood."""


_USER_ERRORS = (
    *(UsageError, ConfigError, DataError, RunError, LockedError, CheckpointError, DivergedError, UseError),
    *(DeviceError, ModelError, WorkerError),
)


def run_command(program: str, command: Callable[[list[str]], int], words: list[str] | None) -> int:
    """Call command(words), by default with the words of this process, and say in one line what went wrong.

    Returns the exit code: what the command returns, 2 where the user must change something, 70 for a fault in minigen,
    128 + n for signal n. With MINIGEN_TRACEBACK=1 in the environment a fault's traceback is printed too.
    """

    def failed(why: str, code: int = 2) -> int:
        line = printable(why)
        try:
            print(
                f"{program}: {line if len(line) <= _LONG else f'{line[: _LONG // 2]} … {line[-_LONG // 2 :]}'}",
                file=sys.stderr,
            )
        except OSError:
            _discard(sys.stderr)
        return code

    try:
        interrupts.raise_again()
        if sys.flags.optimize > 1:
            raise UsageError("python -OO leaves out the texts that the commands print: use -O")
        code = command(sys.argv[1:] if words is None else words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except _USER_ERRORS as error:
        return failed(str(error))
    except MemoryError as error:
        return failed(f"out of memory ({error}): a smaller model or --batch-size may fit")
    except BrokenPipeError:  # `| head` has seen enough
        _discard(sys.stdout)
        return 141  # 128 + SIGPIPE, a signal that Windows does not name
    except OSError as error:
        if error.filename is None:
            _discard(sys.stdout)
        return failed(f"{error.filename or 'the output'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return failed("stopped by SIGINT", 128 + signal.SIGINT)
    except Exception as error:
        if os.environ.get("MINIGEN_TRACEBACK"):
            traceback.print_exc()
        what = f"{type(error).__name__} {error}"[:200]
        return failed(f"a fault in minigen: {what}; MINIGEN_TRACEBACK=1 shows where", FAULT)
    return code


def _discard(stream: TextIO | None) -> None:
    """Where a standard stream takes no more, let what Python flushes at its end go nowhere."""
    if stream is None:
        return
    with contextlib.suppress(ValueError):  # it is no file
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody watches; a program without a console (pythonw, a service) has None for a stream."""
    return stream is not None and stream.isatty()


def prepare_process() -> None:
    """Make this process that of a command line.

    Each line is printed when it is complete, also through a pipe, whatever letters the terminal lacks. Warnings of
    libraries are hidden unless python -W asks for them. No matplotlibrc is read: it may be damaged, and figures have a
    style of their own. A standard stream that the caller closed leads nowhere: the next file that we open would
    otherwise take its number, and then its text.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        os.environ["PYTHONWARNINGS"] = "ignore"  # in processes that work with this one
    os.environ["MATPLOTLIBRC"] = os.devnull
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="replace")


class Parser(argparse.ArgumentParser):
    """Raises UsageError; a flag that was not given is not in its result, unless the argument has a default."""

    def __init__(self, prog: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
        )

    def add_switch(self, flag: str, help: str) -> None:
        """A flag without a value: False unless it is given."""
        self.add_argument(flag, action="store_true", default=False, help=help)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message)

    def parse(self, words: list[str]) -> argparse.Namespace:
        """The options that the words name; UsageError names the flag that is closest to an unknown word."""
        options, unknown = self.parse_known_args(words)
        if unknown:
            flags = [name for action in self._actions for name in action.option_strings]
            hint = closest(unknown[0].split("=")[0], flags)
            what = "unknown option" if unknown[0].startswith("-") else "unexpected word"
            raise UsageError(f"{what} {unknown[0]!r}{hint} ({self.prog} --help shows all)")
        return options


def folder(text: str) -> Path:
    """The type of an option that names a folder."""
    if not text:
        raise argparse.ArgumentTypeError("is '', must name a folder")
    if expanded(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is a file, must name a folder")
    return expanded(text)


def expanded(text: str) -> Path:
    """The type of an option that names a file; ~ is the user's home, also in --out=~/x, which no shell expands."""
    return Path(os.path.expanduser(text))


def require_outside(out: Path, read: Path) -> None:
    """UsageError where `out` lies in a folder of pictures that is read."""
    if out.resolve().is_relative_to(absolute(read).resolve()):
        raise UsageError(f"--out is {out}, must lie outside {read}: pictures written there would be read the next time")


def closest(word: str, known: Iterable[str]) -> str:
    """ ": did you mean 'vae'?" with the known word closest to this one; "" where none is close."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {matches[0]!r}?" if matches else ""
