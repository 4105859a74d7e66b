"""The one door to the disk: a file is read within a limit, and written whole or not at all.

Only regular files are read: a FIFO, a device or a link to /dev/zero would hang or fill the memory.
Nothing is written through a link, which may lead out of the folder that it lies in.
Every error is an OSError whose `strerror` says what is wrong and whose `filename` names the file.
"""

from __future__ import annotations

import errno
import gzip
import mmap
import os
import secrets
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import IO

_CHUNK = 2**20
_BESIDE = ".minigen-"
_GZIP_MAGIC = b"\x1f\x8b"
_UNHINDERED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


# Reading


def read(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes."""
    with reading(path, limit) as file:
        return file.read(os.fstat(file.fileno()).st_size)


@contextmanager
def reading(path: Path, limit: int) -> Iterator[BufferedReader]:
    """A regular file of at most `limit` bytes, opened for reading."""
    with naming(path), os.fdopen(_regular(path, os.O_RDONLY), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise OSError(errno.EFBIG, f"{size:,} bytes, at most {limit:,} are read")
        yield file


@contextmanager
def reading_gzip(path: Path, limit: int) -> Iterator[BufferedIOBase]:
    """The same, where a gzipped file gives what is in it: `take` as much of that as its own header promises."""
    with reading(path, limit) as file:
        if file.peek(2)[:2] != _GZIP_MAGIC:
            yield file
            return
        try:
            yield gzip.GzipFile(fileobj=file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(errno.EIO, f"damaged gzip file ({error})") from error


def mapped(path: Path, limit: int) -> mmap.mmap:
    """The content of a regular file, not empty, without reading it: its pages come from the disk where they are used.

    On Linux what is mapped stays when the file is replaced or removed.
    """
    with reading(path, limit) as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def take(stream: BufferedIOBase, size: int) -> bytearray:
    """The next `size` bytes of a stream, fewer at its end; memory grows with what comes, not with `size`."""
    content = bytearray()
    while part := stream.read(min(_CHUNK, size - len(content))):
        content += part
    return content


# Writing


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write beside, flush to the disk, rename: at every moment `path` is the old file or the new one, whole.

    The new one takes its name at the end of the block, unless that raised.

    Raises:
        OSError: `path` is a link, the disk is full, or the folder cannot be written; `path` is the old file.
    """
    beside = path.with_name(f"{_BESIDE}{secrets.token_hex(8)}")  # no other writer's, and no link that lay in wait
    with naming(path):
        refuse_link(path)
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | _NEW, 0o666), "wb") as file:
                yield file
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


def replace_file(path: Path, content: bytes) -> None:
    """The same for a content that is in memory."""
    with replacing(path) as file:
        file.write(content)


def remove_leftovers(folder: Path, age: float = 0.0) -> None:
    """Remove what writers that were killed left in a folder in which no other writes.

    age: in seconds; what others may be writing into the folder is younger.
    """
    for path in folder.glob(_BESIDE + 16 * "[0-9a-f]"):
        with suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime >= age:
                path.unlink()


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file, on the disk when this returns; the file is made where there is none.

    Raises:
        OSError: besides the usual, the file has a second name (a hard link), where it would change too.
    """
    with naming(path), open_own(path) as file:
        if os.fstat(file.fileno()).st_nlink > 1:
            raise OSError(errno.EMLINK, "has a second name (a hard link): nothing is added to it")
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_own(path: Path) -> IO[bytes]:
    """A regular file opened for appending, as a log or a lock needs; made where there is none."""
    with naming(path):
        refuse_link(path)
        return os.fdopen(_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)), "ab")


def make_folder(path: Path) -> None:
    """A folder inside one that the user named, made where it is missing, with all above it; no link to another."""
    with naming(path):
        refuse_link(path)
        path.mkdir(parents=True, exist_ok=True)


def refuse_link(path: Path) -> None:
    """OSError for a link: a run folder may come from elsewhere, and its links may lead to the user's other files."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "a link, and minigen writes through none", str(path))


# Names


def absolute(path: str | Path) -> Path:
    """The path from the root of the disk on, whatever the working folder; ~ is the user's home."""
    return Path(os.path.expanduser(path)).absolute()


def printable(text: str) -> str:
    r"""One line that every UTF-8 file and terminal takes: \n, \x1b and bytes that are no UTF-8 are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def exists(path: Path) -> bool:
    """Whether something is there; unlike Path.exists from Python 3.14 on, an OSError where that cannot be seen."""
    try:
        with naming(path):
            path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in its name
        return False
    return True


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError of the system say which file it is about: that of a write does not."""
    try:
        yield
    except OSError as error:
        if error.strerror is None:  # a library's own, as Pillow's and gzip's are
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _regular(path: Path, flags: int) -> int:
    """A file descriptor, which never waits for the other end of a FIFO."""
    try:
        descriptor = os.open(path, flags | _UNHINDERED, 0o666)
    except ValueError as error:  # a NUL, or a letter that the file system's encoding lacks
        raise OSError(errno.EINVAL, "no name that a file can have") from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise (
        OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if stat.S_ISDIR(mode)
        else OSError(errno.EINVAL, "not a regular file")
    )
