"""The user's own pictures, PNG and JPEG files, as arrays of the shape that a model was trained on (Pillow)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from minigen.data.dataset import DataError

Floats = NDArray[np.float32]

MOST_PIXELS = 2**26
"""More are refused before they are unpacked: a file of a few kB can hold a picture that fills the memory."""

ENDINGS = (".png", ".jpg", ".jpeg")
_FORMATS = ("PNG", "JPEG")
_WHAT_PILLOW_RAISES = (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, struct.error, zlib.error)


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and of each folder its PNG and JPEG files by name.

    Raises:
        DataError: a folder holds none, or a path does not exist.
    """
    found = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS and file.is_file())
            if not inside:
                raise DataError(f"{path}: a folder without {', '.join(ENDINGS)} files")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    return found


def read_picture(path: Path, channels: int, size: tuple[int, int] | None, invert: bool = False) -> Floats:
    """A picture as (C, H, W) in [0, 1], grey for one channel, colours for three.

    size: (H, W) to which it is stretched or shrunk; None: its own.
    invert: for a picture that is dark on light, where those trained on are light on dark.
    Transparent parts become white, before anything is inverted.
    Raises DataError for a file that is no PNG or JPEG image, a damaged one, and one of too many pixels.
    """
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise DataError(f"{path}: {width} x {height} pixels, at most {MOST_PIXELS:,} are read")
            picture = _flat(ImageOps.exif_transpose(opened), "L" if channels == 1 else "RGB")
    except DataError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        why = "too many pixels" if isinstance(error, Image.DecompressionBombError) else "not a PNG or JPEG image"
        raise DataError(f"{path}: {why}") from error
    except _WHAT_PILLOW_RAISES as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if size is not None and picture.size != (size[1], size[0]):
        picture = picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    values = np.atleast_3d(np.asarray(picture, np.float32)).transpose(2, 0, 1) / np.float32(255)
    return 1 - values if invert else values


def _flat(picture: Image.Image, mode: str) -> Image.Image:
    """8 bits a channel, grey ("L") or "RGB", without transparency."""
    if picture.mode.startswith("I"):  # 16 bits, whose conversion Pillow cuts off at 255
        picture = Image.fromarray((np.asarray(picture, np.float64) / 257).round().clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.new("RGBA", seen.size, "white")
        picture.alpha_composite(seen)
    return picture.convert("RGB").convert(mode)
