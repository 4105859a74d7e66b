"""MNIST (handwritten digits) and Fashion-MNIST (clothes): 28 x 28 grey images in four IDX files.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017, arXiv:1708.07747.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from minigen.data import download
from minigen.data.dataset import DataError, Dataset, Split
from minigen.data.idx import read_idx

DIGITS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
CLOTHES = (
    *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
EMBEDDED = Path(__file__).parent / "mnist5k"
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")

# SHA-256 of the four files as their authors publish them.
MNIST = download.Source(
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    hashes={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)
FASHION = download.Source(
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    hashes={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)


def mnist5k() -> Dataset:
    """The digits that minigen carries: 500 of each class to train on, 100 of each to test."""
    source = "part of MNIST (LeCun, Cortes, Burges), CC BY-SA 3.0, embedded in minigen"
    return Dataset("mnist5k", *read_folder(EMBEDDED), DIGITS, source)


def mnist(data_dir: Path | None) -> Dataset:
    """All 60,000 + 10,000 digits, from the four files in data_dir, or downloaded once."""
    folder = data_dir or download.fetch("mnist", MNIST)
    source = f"MNIST (LeCun, Cortes, Burges), CC BY-SA 3.0, read from {folder}"
    train, test = read_folder(folder, "MNIST")
    return Dataset("mnist", train, test, _classes(DIGITS, train, test), source)


def fashion_mnist(data_dir: Path | None) -> Dataset:
    """60,000 + 10,000 clothes, from data_dir, Debian's package dataset-fashion-mnist, or downloaded once."""
    folder = data_dir or (DEBIAN_FASHION if DEBIAN_FASHION.is_dir() else download.fetch("fashion-mnist", FASHION))
    source = f"Fashion-MNIST (Zalando), MIT licence, read from {folder}"
    train, test = read_folder(folder, "FashionMNIST")
    return Dataset("fashion-mnist", train, test, _classes(CLOTHES, train, test), source)


def as_rows(dataset: Dataset, name: str) -> Dataset:
    """Grey images (N, 1, H, W) as float32 sequences in [0, 1]: each of the H rows is a step of W values."""

    def rows(split: Split) -> Split:
        return replace(split, inputs=split.inputs[:, 0].astype(np.float32) / 255)

    return replace(dataset, name=name, train=rows(dataset.train), test=rows(dataset.test))


def read_folder(folder: Path, torchvision: str = "MNIST") -> tuple[Split, Split]:
    """The training and the test split in the four IDX files of a folder, gzipped or not.

    torchvision: the subfolder, where the folder is the `root` of a torchvision data set.
    """
    below = folder / torchvision / "raw"
    train, test = (_read_split(below if below.is_dir() else folder, prefix) for prefix in ("train", "t10k"))
    if train.inputs.shape[1:] != test.inputs.shape[1:]:
        raise DataError(f"{folder}: training images are {_size(train)}, test images are {_size(test)}: must be equal")
    return train, test


def _read_split(folder: Path, prefix: str) -> Split:
    image_file, label_file = _find(folder, f"{prefix}-images", "idx3"), _find(folder, f"{prefix}-labels", "idx1")
    images, labels = read_idx(image_file, axes=3), read_idx(label_file, axes=1)
    if images.size == 0:
        raise DataError(f"{image_file}: holds no image (shape {images.shape})")
    if len(images) != len(labels):
        raise DataError(f"{label_file}: holds {len(labels)} labels, {image_file.name} holds {len(images)} images")
    return Split(images[:, None], labels.astype(np.int64))


def _classes(names: tuple[str, ...], *splits: Split) -> tuple[str, ...]:
    """The names of the classes; their numbers where there are more, as in EMNIST's letters."""
    highest = max(int(split.labels.max()) for split in splits)
    return names if highest < len(names) else tuple(map(str, range(highest + 1)))


def _find(folder: Path, name: str, kind: str) -> Path:
    """The file under its authors' name, or under Kaggle's, which may lie in a folder of that name."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder (--data-dir: the folder that holds the four IDX files)")
    name, kaggles = f"{name}-{kind}-ubyte", f"{name}.{kind}-ubyte"
    for file in (f"{name}.gz", name, f"{kaggles}.gz", kaggles):
        for path in (folder / file, folder / file / file):
            if path.exists() and not path.is_dir():
                return path
    raise DataError(f"{folder}: holds neither {name}.gz nor {name} (--data-dir: the folder of the four IDX files)")


def _size(split: Split) -> str:
    return " x ".join(map(str, split.inputs.shape[2:]))
