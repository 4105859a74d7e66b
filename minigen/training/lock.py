"""Two locks on a folder: a training holds one as long as it runs, whoever changes .written.json the other for a moment.

Two trainings in one folder would overwrite each other's files. Pictures and pages of a run may be made meanwhile.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from minigen.files import open_own, remove_leftovers

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


PATIENCE = 300  # tenths of a second to wait for others that change the list
HOUR = 3600.0  # seconds; what a training is writing is younger


class LockedError(RuntimeError):
    """Another process trains in the folder, or changes the list of its files."""


class Lock:
    """A lock that is held on a folder."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self.file = path, file

    def require_held(self) -> None:
        """Nothing while the folder is the one that was locked.

        Raises:
            LockedError: it was removed or made anew, maybe by another training whose files are in it now.
        """
        try:
            same = os.path.samestat(self.path.stat(), os.fstat(self.file.fileno()))
        except OSError:
            same = False
        if not same:
            raise LockedError(
                f"{self.path.parent} was removed or replaced during the training: nothing more is written"
            )


@contextmanager
def locked(folder: Path) -> Iterator[Lock]:
    """Hold a folder for a training; the system frees the lock when the process ends, however it ends.

    Raises:
        LockedError: another process, or another training in this one, holds it.
        OSError: the folder or its lock file cannot be made.
    """
    busy = f"another training is running in {folder}: wait for it, or choose another folder with --out"
    with _held(folder, ".lock", busy) as lock:
        with changing_list(folder):
            remove_leftovers(folder)
        yield lock


@contextmanager
def changing_list(folder: Path) -> Iterator[None]:
    """Keep others from changing .written.json and the files that it lists; wait half a minute at most until they have.

    Raises:
        LockedError, OSError: as `locked`.
    """
    busy = f"another command has been writing into {folder} for half a minute: try again, or choose another --out"
    with ExitStack() as stack:
        for attempt in range(PATIENCE + 1):
            try:
                stack.enter_context(_held(folder, ".written.lock", busy))
                break
            except LockedError:
                if attempt == PATIENCE:
                    raise
                time.sleep(0.1)
        remove_leftovers(folder, HOUR)
        yield


@contextmanager
def _held(folder: Path, name: str, busy: str) -> Iterator[Lock]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = open_own(folder / name)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
        raise OSError(error.errno, f"{error.strerror}: --out names another folder", str(folder)) from error
    with opened as file:
        try:
            _take(file)
        except (BlockingIOError, PermissionError) as error:
            raise LockedError(busy) from error
        except OSError:  # a file system without locks, as some network drives are
            pass
        yield Lock(folder / name, file)


def _take(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
