"""The IDX file format, in which MNIST and Fashion-MNIST are published.

    byte 0-1     0, 0
    byte 2       type of the values: 8 is unsigned byte, the only one used here
    byte 3       number of axes: 1 for labels (N,), 3 for images (N, H, W)
    then         the length of each axis, 4 bytes, most significant first
    then         the values, last axis fastest

Source: http://yann.lecun.com/exdb/mnist/, "FILE FORMATS FOR THE MNIST DATABASE".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minigen.data.dataset import DataError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 8


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes with `axes` axes; the file may be gzipped.

    Raises DataError, which names the file, what was found and what was expected, for a file that cannot be
    opened, a damaged gzip, another magic number, and too few or too many bytes.
    """
    content = _content(path)
    magic = bytes([0, 0, UNSIGNED_BYTE, axes])
    if content[:4] != magic:
        raise DataError(
            f"{path}: not the IDX file expected: it begins with {_hex(content[:4])}, "
            f"expected {_hex(magic)} (unsigned bytes, {axes} {'axis' if axes == 1 else 'axes'})"
        )
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{path}: cut short: {len(content)} bytes, the header alone has {start}")
    shape = tuple(int.from_bytes(content[4 * i : 4 * i + 4], "big") for i in range(1, axes + 1))
    found, expected = len(content) - start, math.prod(shape)
    if found != expected:
        trouble = "cut short" if found < expected else "trailing bytes"
        promise = " x ".join(map(str, shape))
        raise DataError(f"{path}: {trouble}: {found} bytes of values, the header promises {promise} = {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array of unsigned bytes as a gzipped IDX file; equal arrays give equal files."""
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged gzip file ({error}), expected a whole gzipped IDX file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _hex(content: bytes) -> str:
    return content.hex(" ") or "nothing (the file is empty)"
