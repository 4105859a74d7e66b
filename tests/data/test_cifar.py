from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError, cifar, load

RECORDS = 20
FILES = cifar.TRAIN_FILES + cifar.TEST_FILES


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty records a file instead of 10,000."""
    monkeypatch.setattr(cifar, "RECORDS", RECORDS)


@pytest.fixture
def contents() -> dict[str, bytes]:
    """Six files in CIFAR-10's binary format with random pictures."""
    rng = np.random.default_rng(0)
    labels = (np.arange(RECORDS) % 10).astype(np.uint8)[:, None]
    pixels = rng.integers(0, 256, (len(FILES), RECORDS, 3072), dtype=np.uint8)
    return {file: np.hstack([labels, part]).tobytes() for file, part in zip(FILES, pixels, strict=True)}


def regular(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def members(contents: dict[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [regular(f"{cifar.FOLDER}/{file}", content) for file, content in contents.items()]


def archive(parts: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as file:
        for member, content in parts:
            file.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def save(folder: Path, content: bytes) -> Path:
    (folder / cifar.ARCHIVE).write_bytes(content)
    return folder


def check(found, contents: dict[str, bytes]) -> None:
    assert found.train.inputs.shape == (5 * RECORDS, 3, 32, 32)
    assert found.test.inputs.shape == (RECORDS, 3, 32, 32)
    assert found.input_shape == (3, 32, 32)
    assert found.classes[3] == "cat"
    record = contents["data_batch_2.bin"][7 * 3073 : 8 * 3073]
    example = RECORDS + 7
    assert found.train.labels[example] == record[0]
    assert found.train.inputs[example, 0, 0, :3].tolist() == list(record[1:4])  # red, first row
    assert found.train.inputs[example, 2, 31, 31] == record[-1]  # blue, last pixel
    assert found.test.inputs.tobytes() == b"".join(
        contents["test_batch.bin"][i * 3073 + 1 : (i + 1) * 3073] for i in range(RECORDS)
    )


def test_the_archive_is_read_and_not_unpacked(tmp_path: Path, contents: dict[str, bytes]) -> None:
    check(load("cifar10", data_dir=save(tmp_path, archive(members(contents)))), contents)
    assert [path.name for path in tmp_path.iterdir()] == [cifar.ARCHIVE]  # nothing was unpacked


@pytest.mark.parametrize("below", ["", cifar.FOLDER])
def test_unpacked_files_are_read(tmp_path: Path, contents: dict[str, bytes], below: str) -> None:
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    check(load("cifar10", data_dir=tmp_path), contents)


def test_the_archive_is_downloaded_once_past_broken_mirrors(
    tmp_path: Path, contents: dict[str, bytes], mirror, cache: Path, monkeypatch
) -> None:
    content = archive(members(contents))
    mirror.files[cifar.ARCHIVE] = content
    mirrors = tuple(mirror.address(kind) for kind in ("forbidden", "wrong", "good"))
    hashes = {cifar.ARCHIVE: hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr(cifar, "CIFAR10", replace(cifar.CIFAR10, mirrors=mirrors, hashes=hashes))
    check(load("cifar10"), contents)
    check(load("cifar10"), contents)
    assert len(mirror.requests) == 3


def test_hostile_members_reach_nothing(tmp_path: Path, contents: dict[str, bytes]) -> None:
    """Names that climb out, absolute names, links and devices are passed over; no file appears anywhere."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    evil = [
        regular("../evil.bin", b"evil"),
        regular("../../data_batch_1.bin", b"evil"),
        regular(f"{tmp_path}/absolute.bin", b"evil"),
        regular(f"{cifar.FOLDER}/../../evil.bin", b"evil"),
        link(cifar.FOLDER, str(tmp_path)),
        link(f"{cifar.FOLDER}/batches.meta.txt", "/etc/passwd"),
        link(f"{cifar.FOLDER}/readme.html", "../../../etc/passwd", tarfile.LNKTYPE),
        link(f"{cifar.FOLDER}/null", "", tarfile.CHRTYPE),
        *(link(f"{cifar.FOLDER}/{FILES[2]}", "/etc/passwd", kind) for kind in (b"1", b"2", b"3", b"4", b"5", b"6")),
    ]
    check(load("cifar10", data_dir=save(inner, archive(evil + members(contents)))), contents)
    del contents[FILES[2]]
    with pytest.raises(DataError, match=r"holds no regular file cifar-10-batches-bin/data_batch_3\.bin"):
        load("cifar10", data_dir=save(inner, archive(evil + members(contents))))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [inner / cifar.ARCHIVE]


@pytest.mark.parametrize("change", [-1, 1, -3073])
def test_a_file_of_another_size_is_named(tmp_path: Path, contents: dict[str, bytes], change: int) -> None:
    file = "data_batch_4.bin"
    contents[file] = (contents[file] + b"x")[: len(contents[file]) + change]
    message = rf"{file}: {len(contents[file])} bytes, expected 61460"
    with pytest.raises(DataError, match=message):
        load("cifar10", data_dir=save(tmp_path, archive(members(contents))))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load("cifar10", data_dir=tmp_path)


def test_a_label_above_9_is_named_by_its_record(tmp_path: Path, contents: dict[str, bytes]) -> None:
    batch = bytearray(contents["test_batch.bin"])
    batch[4 * 3073] = 10
    contents["test_batch.bin"] = bytes(batch)
    with pytest.raises(DataError, match=r"test_batch\.bin: label 10 of record 4 must be 0 to 9"):
        load("cifar10", data_dir=save(tmp_path, archive(members(contents))))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds neither cifar-10-binary\.tar\.gz nor data_batch_1\.bin \(--data-dir"):
        load("cifar10", data_dir=tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(RECORDS * 3073))
    with pytest.raises(DataError, match=r"data_batch_2\.bin: cannot be read \(No such file"):
        load("cifar10", data_dir=tmp_path)
