from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from minigen.data import DataError
from minigen.data.pictures import find_pictures, read_picture, read_pictures

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOURS = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)


def saved(path: Path, array: np.ndarray, mode: str | None = None) -> Path:
    picture = Image.fromarray(array)
    (picture if mode is None else picture.convert(mode)).save(path)
    return path


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
def test_every_kind_of_png_is_read(tmp_path: Path, mode: str) -> None:
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
    Image.fromarray(levels).save(tmp_path / "b.png", transparency=257 * 3)
    np.testing.assert_allclose(read_picture(tmp_path / "b.png", 1, None)[0] * 255, [[0, 255, 100, 255]])


def test_transparent_is_white_paper(tmp_path: Path) -> None:
    ink = np.zeros((2, 2, 4), np.uint8)
    ink[0, 0, 3] = 255  # black ink, and nothing elsewhere
    np.testing.assert_array_equal(read_picture(saved(tmp_path / "ink.png", ink), 1, None)[0], [[0, 1], [1, 1]])
    np.testing.assert_array_equal(read_picture(tmp_path / "ink.png", 1, None, invert=True)[0], [[1, 0], [0, 0]])


def test_the_four_inks_of_a_printer(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red.save(tmp_path / "print.jpg", quality=95)
    np.testing.assert_allclose(read_picture(tmp_path / "print.jpg", 3, None)[:, 4, 4], [1, 0, 0], atol=0.05)


@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("size", [None, (6, 4)])
def test_only_the_orientation_is_used_of_a_photos_metadata(tmp_path: Path, orientation: int, size) -> None:
    """As Pillow turns it, also where the camera's maker is a fraction, over which Pillow stumbles."""

    def exif(maker: int, kind: int) -> bytes:
        """Two entries, each tag, type, count, value: a text, or a fraction that lies at the end."""
        entries = struct.pack("<HHHIIHHII", 2, 0x010F, kind, 1, maker, 0x0112, 3, 1, orientation)
        return b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries + struct.pack("<III", 0, 3, 2)

    Image.fromarray(GREY.repeat(2, axis=1)).save(tmp_path / "a.png", exif=exif(0, 2))
    with Image.open(tmp_path / "a.png") as opened:
        upright = ImageOps.exif_transpose(opened)
        upright = upright if size is None else upright.resize(size[::-1], Image.Resampling.LANCZOS)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png", 1, size)[0] * 255, np.asarray(upright), atol=1.01)
    Image.fromarray(GREY.repeat(2, axis=1)).save(tmp_path / "b.png", exif=exif(38, 5))
    ours = [read_picture(tmp_path / name, 1, size) for name in ("a.png", "b.png")]
    np.testing.assert_array_equal(*ours)


@pytest.mark.parametrize("form", ["WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_every_format_but_ppm_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.picture"
    Image.fromarray(GREY).save(path, form, **({"lossless": True} if form == "WEBP" else {}))
    if form == "PPM":
        with pytest.raises(DataError, match=r"a\.picture: not a picture \(PNG, JPEG, WEBP, BMP, GIF, TIFF\)"):
            read_picture(path, 1, None)
    else:
        np.testing.assert_allclose(read_picture(path, 1, None)[0] * 255, GREY, atol=1e-4)


def test_black_is_a_picture_and_zeros_and_ones_are_refused(tmp_path: Path) -> None:
    assert not read_picture(saved(tmp_path / "black.png", 0 * GREY), 1, None).any()
    with pytest.raises(DataError, match=r"ones\.png: the largest uint8 value is 1, .*multiply by 255"):
        read_picture(saved(tmp_path / "ones.png", GREY // 200), 1, None)
    with pytest.raises(DataError, match=r"32-bit floats, must be 8 or 16 bits"):
        read_picture(saved(tmp_path / "floats.tiff", GREY.astype(np.float32)), 1, None)


# Folders


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    names = ("b.png", "a.JPG", "c.txt", ".hidden.png", "._a.JPG", "cats/2.webp", "cats/1.Tiff", "dogs/x/3.bmp", "z.gif")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "d.png").mkdir()
    found = [str(path.relative_to(tmp_path)) for path in find_pictures([tmp_path, tmp_path / "cats"])]
    assert found == ["a.JPG", "b.png", "cats/1.Tiff", "cats/2.webp", "dogs/x/3.bmp", "z.gif"]
    assert find_pictures([tmp_path / "c.txt"]) == [tmp_path / "c.txt"], "a file that is named is read whatever its name"
    for folder, why in (("d.png", r"a folder without \.png, "), ("none", "no such file or folder")):
        with pytest.raises(DataError, match=rf"{folder}: {why}"):
            find_pictures([tmp_path / folder])


def test_a_broken_file_in_a_folder_is_left_out_and_said_once_for_each_reason(tmp_path: Path) -> None:
    saved(tmp_path / "good.png", GREY)
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"not a picture")
    saved(tmp_path / "mask.png", GREY // 200)
    found = read_pictures([tmp_path], 1, (3, 4))
    assert (found.paths, len(found.images)) == ([tmp_path / "good.png"], 1)
    first, second = found.left_out
    assert first.startswith(f"left out 3 pictures, from {tmp_path / 'a.png'} on: not a picture")
    assert second.startswith(f"left out {tmp_path / 'mask.png'}: the largest uint8 value is 1")
    with pytest.raises(DataError, match=r"a\.png: not a picture"):
        read_pictures([tmp_path / "good.png", tmp_path / "a.png"], 1, None)
    (tmp_path / "good.png").unlink()
    with pytest.raises(DataError, match=r"no picture can be read: left out 3 pictures, .*; left out .*mask"):
        read_pictures([tmp_path], 1, None)
