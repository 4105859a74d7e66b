"""Regular files in a tar archive, gzipped or not, by their names. Nothing is unpacked onto the disk.

An archive is a sequence of blocks of 512 bytes. A member is one block of header, then its content, filled up to
whole blocks; blocks of zeros end the archive. Of the header, four fields are used:

    byte 0-99      name, ended by a zero byte
    byte 124-135   size of the content, octal digits
    byte 148-155   checksum: the sum of the header's bytes, where these eight count as blanks; octal digits
    byte 156       type: "0" or a zero byte is a regular file

Links, devices, and the records that give the next member a longer name or other properties (pax, GNU) are
members of other types and are passed over.
Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path

from minigen import files
from minigen.data.dataset import DataError

BLOCK = 512
CHUNK = 2**20
MOST_BYTES = 2**28
"""Of an archive, packed and unpacked: CIFAR-10's has 184 million bytes unpacked."""


def read_members(path: Path, sizes: Mapping[str, int]) -> dict[str, bytearray]:
    """The contents of the members that `sizes` names; the size of each must be the one given.

    Raises DataError, one line, for an archive that is damaged or too large, and for a member of another size.
    """
    found = {}
    try:
        with files.reading_gzip(path, MOST_BYTES) as stream:
            position = 0
            while header := files.take(stream, BLOCK):
                position += BLOCK
                if not any(header):
                    continue
                size = _octal(header[124:136])
                if len(header) < BLOCK or size < 0 or _octal(header[148:156]) != _checksum(header):
                    raise DataError(f"{path}: damaged archive (no tar header at byte {position - BLOCK})")
                padded = -(-size // BLOCK) * BLOCK
                name = header[:100].split(b"\0")[0].decode("latin-1")
                wanted = name in sizes and header[156] in (ord("0"), 0)
                if wanted and size != sizes[name]:
                    raise DataError(f"{path}: {name}: {size} bytes, expected {sizes[name]}")
                position += padded
                if position > MOST_BYTES:
                    raise DataError(f"{path}: more than {MOST_BYTES:,} bytes unpacked, which is all that is read")
                if wanted:
                    found[name] = files.take(stream, size)
                    if len(found[name]) < size:
                        raise DataError(f"{path}: damaged archive (cut short in {name})")
                    padded -= size
                _skip(stream, padded)
    except OSError as error:
        raise DataError(f"{path}: damaged archive ({error.strerror})") from error
    return found


def _octal(field: bytearray) -> int:
    """The number in a field; -1 where it is none."""
    digits = re.fullmatch(rb" *([0-7]+)[ \0]*", field)
    return int(digits[1], 8) if digits else -1


def _checksum(header: bytearray) -> int:
    return sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _skip(stream: BufferedIOBase, size: int) -> None:
    while size > 0 and (part := stream.read(min(CHUNK, size))):
        size -= len(part)
