"""A lock on a run folder, because two trainings in one folder would overwrite each other's files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from minigen.files import open_own, remove_leftovers

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class LockedError(RuntimeError):
    """Another process trains in the folder."""


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
    """Hold the folder's lock; the system frees it when the process ends, however it ends.

    Raises:
        LockedError: another process, or another training in this one, holds it.
        OSError: the folder or its lock file cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = open_own(folder / ".lock")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
        raise OSError(error.errno, f"{error.strerror}: --out names another folder", str(folder)) from error
    with opened as file:
        try:
            _take(file)
        except (BlockingIOError, PermissionError) as error:
            raise LockedError(
                f"another training is running in {folder}: wait for it, or choose another folder with --out"
            ) from error
        except OSError:  # a file system without locks, as some network drives are
            pass
        remove_leftovers(folder)
        yield Lock(folder / ".lock", file)


def _take(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
