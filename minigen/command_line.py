"""What the command lines share: a parser that knows the closest word, and one line for what a user got wrong."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

from minigen.backend import DeviceError
from minigen.data import DataError
from minigen.inference.trained import UseError
from minigen.models import ConfigError
from minigen.training.checkpoint import CheckpointError
from minigen.training.lock import LockedError
from minigen.training.run_folder import RunError
from minigen.training.trainer import DivergedError


class UsageError(ValueError):
    """Words on the command line that mean nothing."""


_USER_ERRORS = (
    *(UsageError, ConfigError, DataError, RunError, LockedError, CheckpointError, DivergedError, UseError),
    DeviceError,
)


def run_command(program: str, command: Callable[[list[str]], int], words: list[str] | None) -> int:
    """Call command(words), by default with those of this process.

    Returns the exit code: what the command returns, 2 where the user must change something, 128 + n for signal n.
    """

    def failed(why: str) -> int:
        print(f"{program}: {why}", file=sys.stderr)
        return 2

    try:
        return command(sys.argv[1:] if words is None else words)
    except _USER_ERRORS as error:
        return failed(str(error))
    except MemoryError as error:
        return failed(f"out of memory ({error}): a smaller model or --batch-size may fit")
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + SIGPIPE, a signal that Windows does not name
    except OSError as error:
        return failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        failed("stopped by SIGINT")
        return 128 + signal.SIGINT


def show_lines_at_once() -> None:
    """Print each line when it is complete, also through a pipe, whatever letters its terminal lacks."""
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

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message)

    def parse(self, words: list[str]) -> argparse.Namespace:
        """The options that the words name; UsageError names the flag that is closest to an unknown one."""
        options, unknown = self.parse_known_args(words)
        if unknown:
            flags = [name for action in self._actions for name in action.option_strings]
            hint = closest(unknown[0].split("=")[0], flags)
            raise UsageError(f"unknown option {unknown[0]!r}{hint} ({self.prog} --help shows all)")
        return options


def closest(word: str, known: Iterable[str]) -> str:
    """A question that names the known word most like this one; "" where none is like it."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {matches[0]!r}?" if matches else ""
