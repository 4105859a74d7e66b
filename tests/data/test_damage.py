"""Files of every format that were cut, changed, or made to harm: one line that names the file, in little memory."""

from __future__ import annotations

import gzip
import io
import os
import resource
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import modest
from PIL import Image

from minigen.data import DataError, cifar, load, pictures, read_sequences
from minigen.data.idx import read_idx
from minigen.data.pictures import find_pictures, read_picture
from minigen.data.tar import read_members

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 5), dtype=np.uint8)
COLOURS = np.random.default_rng(1).integers(0, 256, (12, 9, 3), dtype=np.uint8)
MEMBER = f"{cifar.FOLDER}/{cifar.TRAIN_FILES[0]}"


def idx(*shape: int, values: bytes = b"") -> bytes:
    return bytes([0, 0, 8, 3]) + struct.pack(f">{len(shape)}I", *shape) + values


def npy(header: str | None = None) -> bytes:
    if header is not None:
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + bytes(96)
    stream = io.BytesIO()
    np.save(stream, IMAGES.astype(np.float32))
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, x_train=IMAGES)
    return stream.getvalue()


def tar(*members: tuple[str, bytes, bytes]) -> bytes:
    """Name, type and content of each member, whose size is of the content."""
    content = b""
    for name, kind, inside in members:
        info = tarfile.TarInfo(name)
        info.type, info.size = kind, len(inside)
        content += info.tobuf(tarfile.USTAR_FORMAT) + inside + bytes(-len(inside) % 512)
    return content + bytes(1024)


def sized(field: bytes, pax: bytes = b"") -> bytes:
    """A tar archive whose member has this text in its field of the size, after a record of pax."""
    header = bytearray(tar((MEMBER, b"0", b""))[:512])
    header[124 : 124 + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return (tar(("x", b"x", b"%d %b\n" % (len(pax) + 4, pax)))[:1024] if pax else b"") + bytes(header) + bytes(2048)


def picture(form: str) -> bytes:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    Image.fromarray(COLOURS).save(stream, form, **({} if form in ("GIF", "BMP", "TIFF") else {"exif": exif}))
    return stream.getvalue()


def png(width: int, height: int, colour: int = 0, lines: bytes = bytes(9)) -> bytes:
    """A PNG file that says it holds width × height pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def members(path: Path) -> Any:
    return read_members(path, {MEMBER: 700})


def picture_of(path: Path) -> Any:
    return read_picture(path, 3, (8, 8))


FORMATS: dict[str, tuple[Callable[[Path], Any], bytes]] = {
    "idx": (lambda path: read_idx(path, 3), idx(4, 6, 5, values=IMAGES.tobytes())),
    "idx.gz": (lambda path: read_idx(path, 3), gzip.compress(idx(4, 6, 5, values=IMAGES.tobytes()), mtime=0)),
    "tar": (members, tar((MEMBER, b"0", bytes(700)), ("other", b"0", b"else"))),
    "tar.gz": (members, gzip.compress(tar((MEMBER, b"0", bytes(700))), mtime=0)),
    "npy": (lambda path: read_sequences(path).train.inputs, npy()),
    "npz": (lambda path: load(path).train.inputs, npz()),
    "csv": (lambda path: read_sequences(path).train.inputs, b"1.5,2,-3e4\n4,5,6\n7,8,9e1\n"),
    **{form.lower(): (picture_of, picture(form)) for form in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")},
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes changed, put in, left out or cut off, half of them within the header."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1) | st.integers(0, min(200, len(content) - 1)))
        length = draw(st.sampled_from((0, 1, 1, 4, 50, len(content))))
        content[at : at + length] = draw(st.sampled_from((b"", b"\0", b"\xff", b"9", b"-1", b"\xff" * 4)) | st.binary())
        content = content or bytearray(1)
    return bytes(content)


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
def test_a_damaged_file_is_one_line_or_finite_values(form: str, data: st.DataObject, tmp_path_factory) -> None:
    read, whole = FORMATS[form]
    path = tmp_path_factory.getbasetemp() / f"x.{form}"
    path.write_bytes(whole)
    assert len(read(path)) > 0
    path.write_bytes(data.draw(damaged(whole)))
    with modest(2**26):
        try:
            values, said = read(path), f"{path}: "
        except DataError as error:
            values, said = [0], str(error)
    assert form.startswith("tar") or np.isfinite(values).all()
    assert said.startswith(f"{path}: ")
    assert said.isprintable()
    assert len(said) < 400


@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=40))
def test_any_name_is_told_in_one_printable_line(name: str, tmp_path_factory) -> None:
    """Surrogates, other alphabets, emoji, control characters."""
    folder = tmp_path_factory.getbasetemp() / "names"
    folder.mkdir(exist_ok=True)
    for form, (read, _) in FORMATS.items():
        with pytest.raises(DataError) as raised:
            read(folder / f"{name}.{form}")
        assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", [b"caf\xe9.png", "中文.png".encode(), "🙂.PNG".encode(), b"a\nb.png"])
def test_a_picture_of_any_name_is_found_and_read(name: bytes, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(name)).write_bytes(picture("PNG"))
    (found,) = find_pictures([tmp_path])
    assert read_picture(found, 1, None).shape == (1, 9, 12)


SHAPED = "{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}"
HARMFUL: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "gzip of more than it says": ("idx.gz", lambda: gzip.compress(idx(1, 2, 2) + bytes(2**27), 1), "trailing bytes"),
    "header that asks for 10^28 bytes": ("idx", lambda: idx(*[2**32 - 1] * 3), r"at most 1,073,741,824 are read"),
    "header that asks for 1 GB": ("idx.gz", lambda: gzip.compress(idx(2**10, 2**10, 2**10)), "cut short: 0 bytes"),
    "long name": ("tar.gz", lambda: gzip.compress(tar(("a", b"L", bytes(2**27))), 1), ""),
    "pax header": ("tar.gz", lambda: gzip.compress(tar(("a", b"x", bytes(2**27))), 1), ""),
    "more than 2^28 bytes": (
        "tar.gz",
        lambda: gzip.compress(tar(*[("a", b"0", bytes(2**27))] * 2), 1),
        "bytes unpacked",
    ),
    "chained pax headers": ("tar", lambda: tar(*[("a", b"x", b"12 a=bcdefg\n")] * 1500), ""),
    "chained long names": ("tar", lambda: tar(*[("a", b"L", b"name\0")] * 1500), ""),
    "huge member": ("tar", lambda: sized(b"77777777777"), "8589934591 bytes, expected 700"),
    "size that is none": ("tar", lambda: sized(b"99999999999"), "damaged archive"),
    "size of another base": ("tar", lambda: sized(b"\x80" + b"\xff" * 11), "damaged archive"),
    "sparse map that is none": ("tar", lambda: sized(b"00000000001", b"GNU.sparse.map=x,y"), "1 bytes, expected 700"),
    "record of 10^23 bytes": ("tar", lambda: sized(b"00000000001", b"9" * 23 + b" a=b"), "1 bytes, expected"),
    "npz": ("npy", lambda: b"PK\x03\x04" + bytes(100), r"it is an \.npz archive"),
    "nested header": ("npy", lambda: npy("(" * 900), r"not a \.npy file"),
    "header that is a sum": ("npy", lambda: npy("+".join("1" * 400)), r"not a \.npy file"),
    "long header": ("npy", lambda: npy(SHAPED.format("(" + "1," * 9000 + ")")), r"not a \.npy file"),
    "boolean shape": ("npy", lambda: npy(SHAPED.format("(3, True)")), r"not a \.npy file"),
    "negative shape": ("npy", lambda: npy(SHAPED.format("(-3, -4)")), r"not a \.npy file"),
    "shape of 10^12": ("npy", lambda: npy(SHAPED.format("(10**6, 10**6)".replace("10**6", "1000000"))), "cut short"),
    "objects": ("npy", lambda: npy(SHAPED.format("(3, 4)").replace("<f8", "|O")), "holds object, expected"),
    "number of a million digits": ("csv", lambda: b"1,2\n3," + b"9" * 10**6 + b"\n", r"line 2: not CSV .field larger"),
    "word of a million letters": ("csv", lambda: b"1,2\n3," + b"x" * 10**6, r"line 2: not CSV .field larger"),
    **{
        f"picture of {w} x {h}": ("png", lambda w=w, h=h: png(w, h), "pixels|not a picture")
        for w, h in ((8193, 8193), (20_000, 20_000), (2**31 - 1, 2**31 - 1), (2**30, 1), (1, 2**30))
    },
}


@pytest.mark.parametrize("what", HARMFUL)
def test_a_file_made_to_harm_takes_little_memory(what: str, tmp_path: Path) -> None:
    form, make, message = HARMFUL[what]
    path = tmp_path / f"x.{form}"
    path.write_bytes(make())
    if not message:  # members that are passed over
        with modest():
            assert FORMATS[form][0](path) == {}
        return
    with modest(), pytest.raises(DataError, match=message) as raised:
        FORMATS[form][0](path)
    assert str(raised.value).startswith(f"{path}: ")
    assert len(str(raised.value)) < 400


def test_the_largest_picture_takes_memory_for_its_pixels_only(tmp_path: Path, monkeypatch) -> None:
    """All that is allowed, with transparency: not much more than twice the 4 bytes of a pixel."""
    side = 2048
    monkeypatch.setattr(pictures, "MOST_PIXELS", side * side)
    (tmp_path / "small.png").write_bytes(picture("PNG"))
    read_picture(tmp_path / "small.png", 3, (28, 28))  # Pillow is loaded
    (tmp_path / "x.png").write_bytes(png(side, side, 6, bytes(side * (4 * side + 1))))
    Path("/proc/self/clear_refs").write_text("5")  # forgets the process's peak
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_picture(tmp_path / "x.png", 3, (28, 28)).min() == 1  # wholly transparent: white paper
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 10 * side * side
