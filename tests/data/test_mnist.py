from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError, load, mnist
from minigen.data.idx import write_idx
from minigen.data.mnist5k.build import build

FILES = tuple(mnist.MNIST.hashes)


def write_set(folder: Path, train: int = 30, test: int = 20, size: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for prefix, count in (("train", train), ("t10k", test)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, size, size), dtype=np.uint8))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", rng.permutation(np.arange(count) % 10).astype(np.uint8))
    return folder


def test_the_embedded_digits_are_those_of_mnist() -> None:
    digits = load("mnist5k")
    assert (digits.train.inputs.shape, digits.test.inputs.shape) == ((5000, 1, 28, 28), (1000, 1, 28, 28))
    assert digits.input_shape == (1, 28, 28)
    assert digits.classes == tuple("0123456789")
    assert "CC BY-SA 3.0" in digits.source
    digest = hashlib.sha256()  # of the pixels and labels chosen from the original files
    for split in (digits.train, digits.test):
        digest.update(split.inputs.tobytes() + split.labels.tobytes())
    assert digest.hexdigest() == "865c69bbdfdbb7dd17192fb9cdbc723a29e415676bc2eac617f554b2b14bf5c2"


def test_build_takes_the_first_of_each_class_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minigen.data.mnist5k.build.TRAIN_PER_CLASS", 2)
    monkeypatch.setattr("minigen.data.mnist5k.build.TEST_PER_CLASS", 1)
    full, small = write_set(tmp_path / "full"), tmp_path / "small"
    small.mkdir()
    build(full, small)
    for before, after, count in zip(mnist.read_folder(full), mnist.read_folder(small), (2, 1), strict=True):
        chosen = sorted(i for label in range(10) for i in np.flatnonzero(before.labels == label)[:count])
        assert np.array_equal(after.inputs, before.inputs[chosen])
        assert np.array_equal(after.labels, before.labels[chosen])


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("gzipped", [True, False])
def test_data_dir_with_gzipped_or_plain_files(tmp_path: Path, monkeypatch, name: str, gzipped: bool) -> None:
    folder = write_set(tmp_path)
    expected = mnist.read_folder(folder)
    if not gzipped:
        for path in list(folder.iterdir()):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    found = load(name, data_dir=folder)
    assert np.array_equal(found.train.inputs, expected[0].inputs)
    assert np.array_equal(found.test.labels, expected[1].labels)
    assert str(folder) in found.source
    assert len(found.classes) == 10
    monkeypatch.setattr(mnist, "DEBIAN_FASHION", folder)
    assert len(load("fashion-mnist").train) == 30


@pytest.mark.parametrize(
    ("name", "below", "file"),
    [
        ("mnist", "", "{0}.{1}.gz"),
        ("mnist", "", "{0}.{1}.gz/{0}.{1}.gz"),
        ("mnist", "", "{0}-{1}.gz/{0}-{1}.gz"),
        ("mnist-rows", "MNIST/raw", "{0}-{1}.gz"),
        ("fashion-mnist", "FashionMNIST/raw", "{0}.{1}.gz"),
    ],
    ids=["Kaggle", "in folders", "unpacked", "torchvision", "torchvision's Fashion-MNIST"],
)
def test_data_dir_with_names_of_other_sources(tmp_path: Path, monkeypatch, name: str, below: str, file: str) -> None:
    write_set(tmp_path / "original")
    for path in (tmp_path / "original").iterdir():
        prefix, _, kind = path.stem.rpartition("-idx")
        moved = tmp_path / "mine" / below / file.format(prefix, f"idx{kind}")
        moved.parent.mkdir(parents=True, exist_ok=True)
        path.rename(moved)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(load(name, data_dir="~/mine").train) == 30


def test_more_than_ten_classes_are_named_by_their_numbers(tmp_path: Path) -> None:
    write_idx(write_set(tmp_path) / "train-labels-idx1-ubyte.gz", np.arange(30, dtype=np.uint8))
    for name in ("mnist", "fashion-mnist"):
        assert load(name, data_dir=tmp_path).classes == tuple(map(str, range(30)))


def test_rows_are_the_pixels_as_steps(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    images, rows = load("mnist", data_dir=folder), load("mnist-rows", data_dir=folder)
    assert rows.name == "mnist-rows"
    assert rows.train.inputs.shape == (30, 5, 5)
    assert rows.train.inputs.dtype == np.float32
    assert rows.train.inputs[3, 1, 4] == np.float32(images.train.inputs[3, 0, 1, 4]) / np.float32(255)
    assert np.array_equal(rows.test.labels, images.test.labels)
    assert load("mnist5k-rows").input_shape == (28, 28)


def test_missing_folder_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: no such folder \(--data-dir"):
        load("mnist", data_dir=tmp_path / "nowhere")
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"holds neither t10k-labels-idx1-ubyte\.gz nor t10k-labels-idx1-ubyte \("):
        load("mnist", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        ("train-labels-idx1-ubyte.gz", np.zeros(29), r"holds 29 labels, train-images-idx3-ubyte\.gz holds 30 images"),
        ("train-images-idx3-ubyte.gz", np.zeros((0, 5, 5)), r"holds no image"),
        ("t10k-images-idx3-ubyte.gz", np.zeros((20, 6, 5)), r"training images are 5 x 5, test images are 6 x 5"),
        ("t10k-images-idx3-ubyte.gz", np.zeros(20), r"begins with 00 00 08 01, expected 00 00 08 03"),
    ],
)
def test_files_that_do_not_belong_together(tmp_path: Path, file: str, array: np.ndarray, message: str) -> None:
    write_set(tmp_path)
    write_idx(tmp_path / file, array.astype(np.uint8))
    with pytest.raises(DataError, match=message):
        load("mnist", data_dir=tmp_path)


def test_mnist_by_download_then_from_the_cache(mirror, cache: Path, tmp_path: Path, monkeypatch) -> None:
    folder = write_set(tmp_path / "original")
    mirror.files = {file: (folder / file).read_bytes() for file in FILES}
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in mirror.files.items()}
    source = replace(mnist.MNIST, mirrors=(mirror.address("forbidden"), mirror.address("good")), hashes=hashes)
    monkeypatch.setattr(mnist, "MNIST", source)
    first = load("mnist")
    assert np.array_equal(first.train.inputs, mnist.read_folder(folder)[0].inputs)
    assert str(cache / "mnist") in first.source
    asked = len(mirror.requests)
    assert asked == 8  # four refusals, four files
    load("mnist-rows")
    assert len(mirror.requests) == asked
