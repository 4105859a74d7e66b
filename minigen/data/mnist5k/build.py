"""Build the embedded digits from the four IDX files of MNIST: `python -m minigen.data.mnist5k.build FOLDER`.

Takes the first 500 images of each digit of the training set and the first 100 of each digit of the test set,
in their original order, and writes them in MNIST's own format beside this script.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from minigen.data.dataset import Split
from minigen.data.idx import write_idx
from minigen.data.mnist import read_folder

TRAIN_PER_CLASS, TEST_PER_CLASS = 500, 100


def first_of_each_class(split: Split, count: int) -> Split:
    """The first `count` examples of each class, in their original order."""
    each = [np.flatnonzero(split.labels == label)[:count] for label in range(10)]
    return split.take(np.sort(np.concatenate(each)))


def build(mnist: Path, target: Path) -> None:
    """Read MNIST from one folder, write the small set into another."""
    train, test = read_folder(mnist)
    for prefix, split in (
        ("train", first_of_each_class(train, TRAIN_PER_CLASS)),
        ("t10k", first_of_each_class(test, TEST_PER_CLASS)),
    ):
        write_idx(target / f"{prefix}-images-idx3-ubyte.gz", split.inputs[:, 0])
        write_idx(target / f"{prefix}-labels-idx1-ubyte.gz", split.labels.astype(np.uint8))


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(__file__).parent)
