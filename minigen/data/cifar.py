"""CIFAR-10: 32 x 32 colour photographs of ten things, from the binary version (no pickle anywhere).

A file is 10,000 records of 3,073 bytes: the label, then 1,024 red, 1,024 green and 1,024 blue values.
Krizhevsky, "Learning multiple layers of features from tiny images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from minigen import files
from minigen.data import download, tar
from minigen.data.dataset import DataError, Dataset, Split

ARCHIVE = "cifar-10-binary.tar.gz"
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILES = ("test_batch.bin",)
RECORDS = 10_000
SHAPE = (3, 32, 32)
RECORD_BYTES = 1 + 3 * 32 * 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

CIFAR10 = download.Source(
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://cave.cs.toronto.edu/kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
    hashes={ARCHIVE: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
)


def cifar10(data_dir: Path | None) -> Dataset:
    """50,000 + 10,000 photographs, from data_dir (the archive, or its unpacked files), or downloaded once."""
    folder = data_dir or download.fetch("cifar10", CIFAR10)
    contents = _read_files(folder)
    train, test = (_split(folder, contents, names) for names in (TRAIN_FILES, TEST_FILES))
    source = f"CIFAR-10 (Krizhevsky, Nair, Hinton), free to use with citation, read from {folder}"
    return Dataset("cifar10", train, test, CLASSES, source)


def read_archive(path: Path) -> dict[str, bytearray]:
    """The six files of the archive by name; nothing is unpacked.

    Raises DataError for a damaged archive, and for one that lacks a file.
    """
    wanted = {f"{FOLDER}/{file}": file for file in TRAIN_FILES + TEST_FILES}
    members = tar.read_members(path, dict.fromkeys(wanted, RECORDS * RECORD_BYTES))
    for name in wanted:
        if name not in members:
            raise DataError(f"{path}: holds no regular file {name}, expected CIFAR-10's {ARCHIVE}")
    return {wanted[name]: content for name, content in members.items()}


def _read_files(folder: Path) -> Mapping[str, bytes | bytearray]:
    """The six files from the first of: folder, folder/cifar-10-batches-bin, the archive in folder."""
    for candidate in (folder, folder / FOLDER):
        if (candidate / TRAIN_FILES[0]).exists():
            return {file: _read_file(candidate / file) for file in TRAIN_FILES + TEST_FILES}
    if (folder / ARCHIVE).exists():
        return read_archive(folder / ARCHIVE)
    raise DataError(f"{folder}: holds neither {ARCHIVE} nor {TRAIN_FILES[0]} (--data-dir: the folder of CIFAR-10)")


def _read_file(path: Path) -> bytes:
    try:
        content = files.read(path, tar.MOST_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) != RECORDS * RECORD_BYTES:
        raise DataError(f"{path}: {len(content)} bytes, expected {RECORDS * RECORD_BYTES}")
    return content


def _split(folder: Path, contents: Mapping[str, bytes | bytearray], names: tuple[str, ...]) -> Split:
    for file in names:
        labels = np.frombuffer(contents[file], np.uint8)[::RECORD_BYTES]
        if labels.max() > 9:
            raise DataError(f"{folder}: {file}: label {labels.max()} of record {labels.argmax()} must be 0 to 9")
    records = np.frombuffer(b"".join(contents[file] for file in names), np.uint8).reshape(-1, RECORD_BYTES)
    return Split(records[:, 1:].reshape(-1, *SHAPE), records[:, 0].astype(np.int64))
