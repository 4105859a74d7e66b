"""Pictures decoded once: one array of levels in the user's cache folder, mapped into memory instead of read.

    cache/pictures/KEY.levels    (N, C, H, W), uint8, without a header
    cache/pictures/KEY.json      its shape, its checksum, and the files that could not be read; written last

KEY is the SHA-256 of what was asked (size, channels, skip) and of each file: its path within the folder, its size, and
when its content and its status last changed, which no editor can set back. So a folder that is moved on its disk is
known again, and one that is copied is decoded again. Hashing what is in the files would cost as much as decoding them.
The cache may be removed at any time: it is made again.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from minigen import files, schema
from minigen.data.dataset import DataError
from minigen.data.description import MOST_VALUES, Count
from minigen.data.pictures import Size, read_levels

VERSION = 1  # of the way in which pictures become levels
MOST_BYTES = 2**40
MOST_JSON = 2**28
_SHOWN = 5  # unreadable files that a message names
DAY = 24 * 60 * 60.0


class Levels(NamedTuple):
    """Decoded pictures: an array (N, C, H, W), uint8, and by the place of a file that it lacks, why.

    of_several: how many files have more pages or frames than the first, which is read.
    """

    array: NDArray[np.uint8]
    unreadable: dict[int, str]
    of_several: int


class _About(msgspec.Struct):
    shape: tuple[Count, Count, Count, Count]
    crc32: int
    unreadable: list[tuple[int, str]]
    of_several: int


def decoded(root: Path, names: Sequence[str], size: Size, channels: int | None, skip: bool) -> Levels:
    """The levels of the pictures `names` in the folder `root`, from the cache or, with a progress bar, decoded into it.

    Raises DataError, one line, where they differ in size and none is given, where grey and coloured ones are mixed and
    no `channels` are given, where one cannot be read and is not to be skipped, and where the cache cannot be written.
    """
    import pooch  # here, as in download.py

    folder = Path(pooch.os_cache("minigen")) / "pictures"
    path = folder / f"{_key(root, names, size, channels, skip)}.levels"
    found = _stored(path)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.remove_leftovers(folder, DAY)
        about = _decode(root, names, size, channels, skip, path)
        files.replace_file(path.with_suffix(".json"), msgspec.json.encode(about))
    except OSError as error:
        why = error.strerror or error
        raise DataError(
            f"{folder}: the decoded pictures cannot be kept there ({why}): XDG_CACHE_HOME names another folder"
        ) from error
    found = _stored(path)
    if found is None:
        raise DataError(f"{path}: changed while it was written: start again")
    return found


def _key(root: Path, names: Sequence[str], *asked: Any) -> str:
    digest = hashlib.sha256(repr((VERSION, asked)).encode())
    for name in names:
        try:
            found = os.stat(root / name)
            digest.update(repr((name, found.st_size, found.st_mtime_ns, found.st_ctime_ns)).encode())
        except OSError:  # a link that leads nowhere
            digest.update(repr((name, None)).encode())
    return digest.hexdigest()


def _stored(path: Path) -> Levels | None:
    """What an earlier start left; None where that is nothing, or damaged."""
    try:
        about: _About = schema.decode(files.read(path.with_suffix(".json"), MOST_JSON), _About, "it")
        levels = np.frombuffer(files.mapped(path, MOST_BYTES), np.uint8)
    except (OSError, ValueError):
        return None
    if levels.size != math.prod(about.shape) or zlib.crc32(levels.data) != about.crc32:
        return None
    return Levels(levels.reshape(about.shape), dict(about.unreadable), about.of_several)


def _decode(root: Path, names: Sequence[str], size: Size, channels: int | None, skip: bool, path: Path) -> _About:
    """Decode into the file at `path`, one picture in memory at a time."""
    first, shape, crc32, unreadable, of_several = "", (0, 0, 0), 0, dict[int, str](), 0
    hidden = sys.stderr is None or not sys.stderr.isatty()
    with files.replacing(path) as file:
        for at, name in enumerate(tqdm(names, f"decoding {root.name}", unit="file", leave=False, disable=hidden)):
            try:
                levels, more = read_levels(root / name, channels, size)
            except DataError as error:
                unreadable[at] = str(error).removeprefix(f"{files.printable(str(root / name))}: ")
                continue
            if not first:
                first, shape = name, levels.shape
                _require_space(path.parent, root, shape, len(names))
            if levels.shape != shape:
                raise _other_shape(root, first, shape, name, levels.shape)
            of_several += more
            content = levels.tobytes()
            crc32 = zlib.crc32(content, crc32)
            file.write(content)
        if unreadable and not (skip and first):
            raise _unreadable(root, names, unreadable)
    return _About((len(names) - len(unreadable), *shape), crc32, list(unreadable.items()), of_several)


def _require_space(cache: Path, root: Path, shape: tuple[int, ...], count: int) -> None:
    needed, free = math.prod(shape) * count, shutil.disk_usage(cache).free
    height, width = shape[1:]
    if math.prod(shape) > MOST_VALUES:
        raise DataError(
            f"{root}: pictures of {height} × {width}, at most {MOST_VALUES:,} values each",
            "--size 64 shrinks them",
        )
    if needed > free:
        what = f"{count:,} pictures of {height} × {width} take {needed:,} bytes"
        raise DataError(
            f"{root}: {what}, {cache} has {free:,} left: a smaller --size, or another folder in XDG_CACHE_HOME"
        )


def _other_shape(root: Path, first: str, shape: tuple[int, ...], name: str, other: tuple[int, ...]) -> DataError:
    if shape[1:] != other[1:]:
        sizes = f"{first} is {shape[1]} × {shape[2]}, {name} is {other[1]} × {other[2]}"
        return DataError(f"{root}: pictures of different sizes ({sizes})", "--size 64 or --size 48x64 makes them equal")
    kinds = ("grey", "in colours") if shape[0] == 1 else ("in colours", "grey")
    what = f"{first} is {kinds[0]}, {name} is {kinds[1]}"
    return DataError(f"{root}: {what}", "--channels 1 or --channels 3 makes them alike")


def _unreadable(root: Path, names: Sequence[str], unreadable: dict[int, str]) -> DataError:
    shown = [f"{names[at]} ({why})" for at, why in list(unreadable.items())[:_SHOWN]]
    more = [f"and {len(unreadable) - _SHOWN:,} more"] if len(unreadable) > _SHOWN else []
    what = f"{len(unreadable):,} of {len(names):,} pictures cannot be read: {', '.join(shown + more)}"
    advice = ": --skip-unreadable leaves them out" if len(unreadable) < len(names) else ""
    return DataError(f"{root}: {what}{advice}")
