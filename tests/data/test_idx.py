from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError
from minigen.data.idx import read_idx, write_idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "images.gz"
    write_idx(path, IMAGES)
    return path


def test_header_and_values_lie_as_the_format_says(file: Path) -> None:
    header = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
    assert gzip.decompress(file.read_bytes()) == header + bytes(range(24))


@pytest.mark.parametrize("gzipped", [True, False])
def test_reads_back(file: Path, gzipped: bool) -> None:
    if not gzipped:
        file.write_bytes(gzip.decompress(file.read_bytes()))
    assert np.array_equal(read_idx(file, axes=3), IMAGES)
    before = file.read_bytes()
    write_idx(file.with_name("other"), read_idx(file, axes=3))
    assert not gzipped or file.with_name("other").read_bytes() == before


def raw(*header: int, values: int = 24) -> bytes:
    return bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in header) + bytes(values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"begins with nothing \(the file is empty\), expected 00 00 08 03"),
        (b"<html>403</html>", r"begins with 3c 68 74 6d, expected 00 00 08 03 \(unsigned bytes, 3 axes\)"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 0]), r"begins with 00 00 08 01, expected 00 00 08 03"),
        (bytes([0, 0, 13, 3]) + bytes(12), r"begins with 00 00 0d 03, expected 00 00 08 03"),
        (bytes([0, 0, 8, 3, 0, 0]), r"cut short: 6 bytes, the header alone has 16"),
        (raw(2, 3, 4, values=23), r"cut short: 23 bytes of values, the header promises 2 x 3 x 4 = 24"),
        (raw(2, 3, 4, values=25), r"trailing bytes: the header promises 2 x 3 x 4 = 24 bytes, and more follow"),
        (gzip.compress(raw(2, 3, 4), mtime=0)[:-9], r"damaged gzip file \(Compressed file ended"),
        (gzip.compress(raw(2, 3, 4), mtime=0)[:-8] + bytes(8), r"damaged gzip file \(CRC"),
        (b"\x1f\x8b" + bytes(30), r"damaged gzip file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "images", axes=3)
