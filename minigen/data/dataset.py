"""What every data set is: a training part, a test part, the names of its classes, and where it comes from."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.files import printable


class DataError(ValueError):
    """Data that cannot be read: one printable line that says which file, what was found, what must be.

    advice: the line's end, where it names options of a training; `what` is the line without it.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        self.what, self.advice = printable(what), advice
        super().__init__(f"{self.what}: {printable(advice)}" if advice else self.what)


def require_levels(pictures: NDArray[np.uint8], name: str) -> None:
    """DataError for pictures whose largest value is 1: divided by 255, as all are, they would be black."""
    if pictures.size and pictures.max() == 1:
        raise DataError(f"{name}: the largest uint8 value is 1, must be up to 255 (white): multiply by 255")


def require_examples(found: str, train: Sized, test: Sized) -> None:
    """DataError where nothing is left to train on or to test; `found` begins its line: "FILE: no picture"."""
    for part, purpose in ((train, "train on"), (test, "test")):
        if not len(part):
            raise DataError(f"{found} is left to {purpose}")


def hold_tenth(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(training, test): of `count` examples a random tenth, at least one, is the test split; the seed chooses it."""
    order = np.random.default_rng([seed, count]).permutation(count)
    tested = math.ceil(count / 10)
    return np.sort(order[tested:]), np.sort(order[:tested])


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Examples that belong together: the training, the validation or the test split.

    inputs: uint8 images (N, C, H, W) with values 0 … 255, or float32 sequences (N, T, D).
    labels: int64 (N,), the class of each example.
    lengths: int64 (N,), how many of its T steps each sequence really has (the rest is zeros); None: all of them.
    """

    inputs: NDArray[Any]
    labels: NDArray[np.int64]
    lengths: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name in ("labels", "lengths"):
            value = getattr(self, name)
            if value is not None and value.shape != (len(self.stored),):
                raise DataError(f"Split: {name} has shape {value.shape}, must be ({len(self.stored)},)")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} × {self.stored.shape[1:]} {self.stored.dtype})"

    @property
    def stored(self) -> NDArray[Any]:
        """The array in which the inputs lie; `rows` says where in it."""
        return self.inputs

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """For each example its row in `stored`; None: they are the inputs as they stand."""
        return None

    def as_floats(self) -> NDArray[np.float32]:
        """The inputs as a model sees them: float32, images in [0, 1]."""
        inputs = self.inputs
        return inputs.astype(np.float32) / np.float32(255) if inputs.dtype == np.uint8 else inputs.astype(np.float32)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Split:
        """The examples at these indices, in this order."""
        indices = np.asarray(indices, dtype=np.int64)
        lengths = None if self.lengths is None else self.lengths[indices]
        return Split(self.inputs[indices], self.labels[indices], lengths)

    def first(self, count: int) -> Split:
        """The first `count` examples, or all where there are fewer."""
        return self.take(range(min(count, len(self))))

    def parts(self, count: int = 1000) -> Iterator[Split]:
        """The split in parts of at most `count` examples, for work that would double the inputs in memory."""
        for at in range(0, len(self), count):
            yield self.take(range(at, min(at + count, len(self))))

    def crc32(self, before: int = 0) -> int:
        """The checksum of all inputs and labels, after that of what came `before`."""
        for part in self.parts():
            before = zlib.crc32(np.ascontiguousarray(part.inputs).data, before)
        return zlib.crc32(self.labels.tobytes(), before)


class MappedSplit(Split):
    """A split whose inputs stay on the disk: rows of an array that is mapped into memory and read where it is used.

    A part of it is again such a split, and copies nothing; `inputs` reads all examples into memory.
    """

    def __init__(self, stored: NDArray[Any], rows: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        self.__dict__.update(_stored=stored, _rows=rows, labels=labels)

    @property
    def stored(self) -> NDArray[Any]:
        """The mapped array."""
        return self.__dict__["_stored"]

    @property
    def rows(self) -> NDArray[np.int64]:
        """For each example its row in the mapped array."""
        return self.__dict__["_rows"]

    @property
    def inputs(self) -> NDArray[Any]:
        """The examples, copied into memory."""
        return self.stored[self.rows]

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> MappedSplit:
        """The examples at these indices, in this order, still on the disk."""
        indices = np.asarray(indices, dtype=np.int64)
        return MappedSplit(self.stored, self.rows[indices], self.labels[indices])


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named data set. `source` is one line: where it comes from and under which licence.

    units: only for sequences of the user's own, which are scaled to [0, 1]: for each of the D variables
    the raw values that 0 and 1 stand for.
    overlapping: only where the training split is windows of one recording, in the order of time: with how many of the
    windows before it one shares steps.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    units: tuple[tuple[float, float], ...] = ()
    overlapping: int = 0

    def __repr__(self) -> str:
        classes = f"{len(self.classes)} class{'es' * (len(self.classes) > 1)}"
        return f"Dataset({self.name!r}, train={self.train}, test={self.test}, {classes})"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example: (C, H, W) or (T, D)."""
        return tuple(self.train.stored.shape[1:])

    def hold_out(self, fraction: float, seed: int) -> tuple[Split, Split]:
        """(training, validation): a random fraction of the training split is held out for validation.

        Any fraction above 0 holds out at least one example if there are two.
        Equal seeds hold out the same examples; both splits keep the original order.
        Of overlapping windows the last are held out, and in neither split are those before that share steps with them.
        Raises DataError unless 0 <= fraction < 1.
        """
        if not 0 <= fraction < 1:
            raise DataError(f"hold_out: fraction is {fraction}, must be at least 0 and less than 1")
        count = len(self.train)
        order = np.random.default_rng([seed, count]).permutation(count)
        if self.overlapping:
            order = np.arange(count)[::-1]
        held = max(round(fraction * count), min(1, count - 1)) if fraction else 0
        kept = held + self.overlapping if held else 0
        return self.train.take(np.sort(order[kept:])), self.train.take(np.sort(order[:held]))
