from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minigen.data import DataError
from minigen.data.pictures import MOST_PIXELS, find_pictures, read_picture

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOURS = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)


def saved(path: Path, array: np.ndarray, mode: str | None = None) -> Path:
    picture = Image.fromarray(array)
    (picture if mode is None else picture.convert(mode)).save(path)
    return path


def bomb(width: int, height: int) -> bytes:
    """A PNG file of a few hundred bytes that says it holds width × height pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def test_grey_and_colours_to_the_value(tmp_path: Path) -> None:
    grey = read_picture(saved(tmp_path / "grey.png", GREY), 1, None)
    assert (grey.shape, grey.dtype) == ((1, 3, 4), np.float32)
    np.testing.assert_allclose(grey[0] * 255, GREY, atol=1e-4)
    colours = read_picture(saved(tmp_path / "colours.png", COLOURS), 3, None)
    np.testing.assert_allclose(colours.transpose(1, 2, 0) * 255, COLOURS, atol=1e-4)
    inverted = read_picture(tmp_path / "grey.png", 1, None, invert=True)
    np.testing.assert_allclose(inverted, 1 - grey)


def test_grey_becomes_colours_and_colours_grey(tmp_path: Path) -> None:
    three = read_picture(saved(tmp_path / "grey.png", GREY), 3, None)
    np.testing.assert_array_equal(three[0], three[2])
    one = read_picture(saved(tmp_path / "colours.png", COLOURS), 1, None)
    np.testing.assert_allclose(one[0] * 255, COLOURS @ [0.299, 0.587, 0.114], atol=1)  # ITU-R 601, rounded


def test_is_stretched_to_the_size(tmp_path: Path) -> None:
    assert read_picture(saved(tmp_path / "a.png", np.full((50, 90), 128, np.uint8)), 1, (28, 30)).shape == (1, 28, 30)
    assert abs(read_picture(tmp_path / "a.png", 1, (28, 30)) * 255 - 128).max() < 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_png(tmp_path: Path, mode: str) -> None:
    """Left half black, right half white, in all the ways in which a PNG can say so."""
    halves = np.repeat(np.uint8([[0, 255]]), 4, axis=0).repeat(3, axis=1)
    if mode == "I;16":
        path = saved(tmp_path / "deep.png", halves.astype(np.uint16) * 257)
    else:
        path = saved(tmp_path / "halves.png", halves, mode)
    with Image.open(path) as opened:
        assert opened.mode in (mode, "I"), "the file is of the kind under test"
    np.testing.assert_array_equal(read_picture(path, 1, None)[0], halves / 255)


def test_sixteen_bits_keep_their_greys(tmp_path: Path) -> None:
    levels = np.array([[0, 257 * 3, 257 * 100, 65535]], dtype=np.uint16)
    np.testing.assert_allclose(read_picture(saved(tmp_path / "a.png", levels), 1, None)[0] * 255, [[0, 3, 100, 255]])


def test_transparent_is_white_paper(tmp_path: Path) -> None:
    ink = np.zeros((2, 2, 4), np.uint8)
    ink[0, 0, 3] = 255  # black ink, and nothing elsewhere
    np.testing.assert_array_equal(read_picture(saved(tmp_path / "ink.png", ink), 1, None)[0], [[0, 1], [1, 1]])
    np.testing.assert_array_equal(read_picture(tmp_path / "ink.png", 1, None, invert=True)[0], [[1, 0], [0, 0]])


def test_the_four_inks_of_a_printer(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red.save(tmp_path / "print.jpg", quality=95)
    np.testing.assert_allclose(read_picture(tmp_path / "print.jpg", 3, None)[:, 4, 4], [1, 0, 0], atol=0.05)


def test_a_photo_that_was_held_upright(tmp_path: Path) -> None:
    picture, exif = Image.new("L", (20, 10)), Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90°
    picture.save(tmp_path / "upright.jpg", exif=exif)
    assert read_picture(tmp_path / "upright.jpg", 1, None).shape == (1, 20, 10)


# What is no picture


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", bytes(100)]
)
def test_what_is_no_picture_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.png: (not a PNG or JPEG image|cannot be read)") as failure:
        read_picture(path, 1, (28, 28))
    assert "\n" not in str(failure.value)


def test_other_formats_are_not_tried(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "x.tiff")
    with pytest.raises(DataError, match="not a PNG or JPEG image"):
        read_picture(tmp_path / "x.tiff", 1, None)


@pytest.mark.parametrize("side", [8193, 20_000, 65_535, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side, side))
    assert side**2 > MOST_PIXELS
    with pytest.raises(
        DataError, match=r"bomb\.png: (\d+ x \d+ pixels, at most 67,108,864 are read|too many pixels|not a)"
    ):
        read_picture(path, 1, (28, 28))


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_picture(tmp_path, 1, None)
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\)"):
        read_picture(tmp_path / "none.png", 1, None)


@pytest.mark.parametrize("ending", ["PNG", "JPEG"])
def test_a_file_cut_or_changed_anywhere_is_one_line_or_a_picture(tmp_path: Path, ending: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(COLOURS.repeat(4, axis=0).repeat(4, axis=1)).save(stream, ending)
    content, path, refusals = stream.getvalue(), tmp_path / "x.png", list[str]()
    damaged = [content[:length] for length in range(0, len(content), 7)]
    damaged += [content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :] for at in range(0, len(content), 3)]
    for text in damaged:
        path.write_bytes(text)
        try:
            picture = read_picture(path, 3, (8, 8))
        except DataError as error:
            refusals.append(str(error))
        else:
            assert picture.shape == (3, 8, 8)
            assert np.isfinite(picture).all()
    assert len(refusals) > len(damaged) / 5
    assert not any("\n" in line for line in refusals)


# Folders


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.txt", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "d.png").mkdir()
    assert [path.name for path in find_pictures([tmp_path])] == ["a.JPG", "b.png"]
    assert find_pictures([tmp_path / "c.txt"]) == [tmp_path / "c.txt"], "a file that is named is read whatever its name"


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a folder without \.png, \.jpg, \.jpeg files"):
        find_pictures([tmp_path])
    with pytest.raises(DataError, match="none: no such file or folder"):
        find_pictures([tmp_path / "none"])
