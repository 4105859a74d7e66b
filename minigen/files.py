"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write beside, flush to the disk, rename: at every moment `path` is the old file or the new one, whole.

    Raises:
        OSError: the disk is full or the folder cannot be written; it names `path`, which is the old file.
    """
    beside = path.with_name(f".{path.name}.new")
    with naming(path):
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):  # the rename itself, too, must reach the disk
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError say which file it is about: that of a write does not."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
