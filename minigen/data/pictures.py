"""The user's own pictures as arrays of the shape that a model was trained on (Pillow)."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from minigen import files
from minigen.data.dataset import DataError, require_levels
from minigen.data.description import MOST_VALUES

Floats = NDArray[np.float32]
Size: TypeAlias = tuple[int, int] | None
"""(H, W) to which pictures are shrunk or stretched; None: their own."""

MOST_PIXELS = 2**26
"""More are refused by the header, before they are unpacked: a file of a few kB can hold a picture that fills memory."""

MOST_BYTES = 2**28
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else what it says of damaged files goes to stderr
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_ORIENTATION = 0x0112  # EXIF's tag; where it is not 1, its value says how to turn the picture:
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Pictures(NamedTuple):
    """What `read_pictures` found: paths, an array (C, H, W) for each, and a line for each kind of file left out."""

    paths: list[Path]
    images: list[Floats]
    left_out: list[str]


def walk(folder: Path) -> tuple[list[Path], int]:
    """The pictures in a folder and its sub-folders, and how many other files there are; hidden ones are left out.

    Links to folders are followed, but none twice, and none that leads back above `folder`.
    Raises DataError for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from error

    found, others, seen = list[Path](), 0, set(map(_identity, folder.resolve().parents))
    for above, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        if (here := _identity(above)) in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files_here = [Path(above, name) for name in names if not name.startswith(".")]
        pictures = list(filter(has_ending, files_here))
        found += pictures
        others += len(files_here) - len(pictures)
    return found, others


def _identity(path: str | Path) -> tuple[int, int]:
    """Equal for two paths of one folder."""
    about = os.stat(path)
    return about.st_dev, about.st_ino


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and the pictures in the folders and their subfolders, sorted by name; each once.

    Hidden files and folders are skipped, macOS's `._x.png` among them.
    Raises DataError where a folder holds none or cannot be read, and where a path does not exist.
    """
    found: list[Path] = []
    for path in map(files.absolute, paths):
        if not files.exists(path):
            raise DataError(f"{path}: no such file or folder")
        if path.is_dir():
            inside, _ = walk(path)
            if not inside:
                raise DataError(f"{path}: a folder without {', '.join(ENDINGS)} files")
            found += sorted(inside)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_pictures(paths: Iterable[Path], channels: int, size: Size, invert: bool = False) -> Pictures:
    """The pictures of files and folders, read as `read_picture` does.

    A file in a folder that cannot be read is left out; one that is named itself is refused.
    Raises DataError for the latter, and where nothing can be read.
    """
    named = set(map(files.absolute, paths := list(paths)))
    found, reasons = Pictures([], [], []), dict[str, list[Path]]()
    for path in find_pictures(paths):
        try:
            image = read_picture(path, channels, size, invert)
        except DataError as error:
            if path in named:
                raise
            reasons.setdefault(str(error).removeprefix(f"{files.printable(str(path))}: "), []).append(path)
            continue
        found.paths.append(path)
        found.images.append(image)
    for why, broken in reasons.items():
        number = f"{len(broken)} pictures, from {broken[0]} on" if len(broken) > 1 else str(broken[0])
        found.left_out.append(files.printable(f"left out {number}: {why}"))
    if not found.paths:
        raise DataError(f"no picture can be read: {'; '.join(found.left_out)}")
    return found


def read_picture(path: Path, channels: int, size: Size, invert: bool = False) -> Floats:
    """A picture as (C, H, W) in [0, 1], grey for one channel, colours for three.

    size: (H, W) to which it is stretched or shrunk; None: its own.
    invert: for a picture that is dark on light, where those trained on are light on dark.
    Transparent parts become white, before anything is inverted. Of a file's metadata, only the orientation is used.
    Raises DataError for a file that is no PNG, JPEG, WebP, BMP, GIF or TIFF image, a damaged one, one of too many
    pixels, and one whose largest value is 1 of 255.
    """
    values = read_levels(path, channels, size)[0].astype(np.float32) / np.float32(255)
    return 1 - values if invert else values


def read_levels(path: Path, channels: int | None, size: Size) -> tuple[NDArray[np.uint8], bool]:
    """A picture as `read_picture` reads it, but as levels 0 … 255, and whether its file has further pages or frames.

    channels: None leaves grey and colours as they are.
    Raises DataError as `read_picture`.
    """
    try:
        with files.reading(path, MOST_BYTES) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own, about damage that does not matter here
            picture, more = Image.open(file, formats=_FORMATS), False
            levels = levels_of(picture, str(path), channels, size)
            with suppress(Exception):  # what follows the first page may be damaged
                more = picture.format != "MPO" and getattr(picture, "is_animated", False)  # MPO: a photo with a preview
            return levels, more
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: not a picture ({', '.join(_FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: too many pixels, at most {MOST_PIXELS:,} are read") from error
    except Exception as error:  # whatever Pillow's decoders raise for a damaged file
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(f"{path}: cannot be read ({why})") from error


def as_array(picture: Image.Image, name: str, channels: int, size: Size) -> Floats:
    """A picture that Pillow has opened, as `read_picture` gives it; the name is for errors."""
    return levels_of(picture, name, channels, size).astype(np.float32) / np.float32(255)


def levels_of(picture: Image.Image, name: str, channels: int | None, size: Size) -> NDArray[np.uint8]:
    """The same as levels (C, H, W), 0 … 255; channels: None leaves grey and colours as they are."""
    grey = picture.mode.startswith(("1", "L", "I")) if channels is None else channels == 1
    levels = np.asarray(_decoded(name, picture, "L" if grey else "RGB", size))
    require_levels(levels, name)
    return np.atleast_3d(levels).transpose(2, 0, 1)


def _decoded(name: str, picture: Image.Image, mode: str, size: Size) -> Image.Image:
    """8 bits per channel, grey ("L") or "RGB", upright, without transparency, and shrunk before it is copied much."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{name}: {width} x {height} pixels, at most {MOST_PIXELS:,} are read")
    if picture.mode == "F":
        raise DataError(f"{name}: 32-bit floats, must be 8 or 16 bits per channel")
    picture.load()
    orientation: Any = 1
    with suppress(Exception):  # metadata that cannot be read are no reason to refuse the picture
        orientation = picture.getexif().get(_ORIENTATION)
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    if picture.mode.startswith("I"):
        picture = _of_16_bits(picture)
    elif picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")  # which would copy it
    elif picture.mode != mode:
        picture = picture.convert("RGB").convert(mode)
    if size is not None:
        target = size if turn is not None and orientation >= 5 else size[::-1]  # Pillow's sizes are (W, H)
        if picture.size != target:
            picture = picture.resize(target, Image.Resampling.LANCZOS)
    if picture.mode == "RGBA":
        seen, picture = picture, Image.new("RGB", picture.size, "white")
        picture.paste(seen, mask=seen.getchannel("A"))
    if turn is not None:
        picture = picture.transpose(turn)
    return picture.convert(mode)


def _of_16_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits as 8 bits, which Pillow would cut off at 255; its transparent grey becomes white."""
    deep = np.asarray(picture)
    grey = ((deep.clip(0, 65535).astype(np.uint32) + 128) // 257).astype(np.uint8)
    if "transparency" in picture.info:
        grey[deep == picture.info["transparency"]] = 255
    return Image.fromarray(grey)


def read_size(text: str) -> tuple[int, int]:
    """ "64" -> (64, 64), "48x64" -> (48, 64): height × width; DataError for anything else, and for too many pixels."""
    sides = [int(side) for side in text.split("x") if side.isascii() and side.isdigit()]
    if not 1 <= len(sides) == text.count("x") + 1 <= 2 or min(sides) < 1:
        raise DataError(f"--size is {text[:100]!r}, must be the pixels of a side, such as 64, or HEIGHTxWIDTH, 48x64")
    if sides[0] * sides[-1] > MOST_VALUES:
        raise DataError(f"--size is {text[:100]!r}, must be at most {MOST_VALUES:,} pixels, such as 4096x4096")
    return sides[0], sides[-1]


def has_ending(file: Path) -> bool:
    """Whether a file is a picture by its name; hidden ones are none."""
    return file.suffix.lower() in ENDINGS and not file.name.startswith(".")
