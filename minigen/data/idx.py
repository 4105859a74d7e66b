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
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minigen import files
from minigen.data.dataset import DataError

UNSIGNED_BYTE = 8
MOST_BYTES = 2**30
"""A header that promises more is refused; the largest set in this format (EMNIST by class) has 547 million."""


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes with `axes` axes; the file may be gzipped.

    Raises DataError, which names the file, what was found and what was expected, for a file that cannot be
    read, a damaged gzip, another magic number, and too few or too many bytes.
    """
    magic = bytes([0, 0, UNSIGNED_BYTE, axes])
    try:
        with files.reading_gzip(path, MOST_BYTES) as stream:
            header = files.take(stream, 4 + 4 * axes)
            if header[:4] != magic:
                raise DataError(
                    f"{path}: not the IDX file expected: it begins with {_hex(header[:4])}, "
                    f"expected {_hex(magic)} (unsigned bytes, {axes} {'axis' if axes == 1 else 'axes'})"
                )
            if len(header) < 4 + 4 * axes:
                raise DataError(f"{path}: cut short: {len(header)} bytes, the header alone has {4 + 4 * axes}")
            shape = tuple(int.from_bytes(header[4 * i : 4 * i + 4], "big") for i in range(1, axes + 1))
            size = math.prod(shape)
            promise = f"the header promises {' x '.join(map(str, shape))} = {size} bytes"
            if size > MOST_BYTES:
                raise DataError(f"{path}: {promise}, at most {MOST_BYTES:,} are read")
            values = files.take(stream, size)
            if len(values) < size:
                raise DataError(f"{path}: cut short: {len(values)} bytes of values, {promise}")
            if stream.read(1):  # the end, where a gzip's checksum is compared
                raise DataError(f"{path}: trailing bytes: {promise}, and more follow")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return np.frombuffer(memoryview(values).toreadonly(), np.uint8).reshape(shape)


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array of unsigned bytes as a gzipped IDX file; equal arrays give equal files."""
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    files.replace_file(path, gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))


def _hex(content: bytes | bytearray) -> str:
    return content.hex(" ") or "nothing (the file is empty)"
