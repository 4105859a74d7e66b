"""What every data set is: a training part, a test part, the names of its classes, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.files import printable


class DataError(ValueError):
    """Data that cannot be read: one printable line that says which file, what was found, what must be."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def require_levels(pictures: NDArray[np.uint8], name: str) -> None:
    """DataError for pictures whose largest value is 1: divided by 255, as all are, they would be black."""
    if pictures.size and pictures.max() == 1:
        raise DataError(f"{name}: the largest uint8 value is 1, must be up to 255 (white): multiply by 255")


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
            if value is not None and value.shape != (len(self.inputs),):
                raise DataError(f"Split: {name} has shape {value.shape}, must be ({len(self.inputs)},)")

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        return f"Split({len(self):,} × {self.inputs.shape[1:]} {self.inputs.dtype})"

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Split:
        """The examples at these indices, in this order."""
        indices = np.asarray(indices, dtype=np.int64)
        lengths = None if self.lengths is None else self.lengths[indices]
        return Split(self.inputs[indices], self.labels[indices], lengths)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named data set. `source` is one line: where it comes from and under which licence.

    units: only for sequences of the user's own, which are scaled to [0, 1]: for each of the D variables
    the raw values that 0 and 1 stand for.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    units: tuple[tuple[float, float], ...] = ()

    def __repr__(self) -> str:
        classes = f"{len(self.classes)} class{'es' * (len(self.classes) > 1)}"
        return f"Dataset({self.name!r}, train={self.train}, test={self.test}, {classes})"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example: (C, H, W) or (T, D)."""
        return tuple(self.train.inputs.shape[1:])

    def hold_out(self, fraction: float, seed: int) -> tuple[Split, Split]:
        """(training, validation): a random fraction of the training split is held out for validation.

        Any fraction above 0 holds out at least one example if there are two.
        Equal seeds hold out the same examples; both splits keep the original order.
        Raises DataError unless 0 <= fraction < 1.
        """
        if not 0 <= fraction < 1:
            raise DataError(f"hold_out: fraction is {fraction}, must be at least 0 and less than 1")
        order = np.random.default_rng([seed, len(self.train)]).permutation(len(self.train))
        held = max(round(fraction * len(self.train)), min(1, len(self.train) - 1)) if fraction else 0
        return self.train.take(np.sort(order[held:])), self.train.take(np.sort(order[:held]))
