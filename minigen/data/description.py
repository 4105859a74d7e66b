"""What a model must know of its data to be used without them."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta, Struct

from minigen.data.dataset import Dataset

Count = Annotated[int, Meta(ge=1)]

MOST_VALUES = 2**24
"""In one example: a description that asks for more is a mistake, and its model would not fit into memory."""


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """A data set without its examples, as config.json holds it.

    Attributes:
        name: as `load` knows it; of the user's own data, the name of their folder or file.
        input_shape: (C, H, W) or (T, D).
        classes: their names.
        units: as in Dataset: of a user's own sequences, the raw values that 0 and 1 stand for.
        crc32: of all inputs and labels, to notice other data; older runs have none.
        examples: how many to train on and to test; older runs do not say.
        mean: of some 1,000 training inputs as a model sees them, to notice others; older runs have none.
        used: how many of the examples a run of --smoke trains on and tests; null where it is all, and in older runs.

    Raises:
        ValueError: the shape is too large, or the units are not one pair per variable.
    """

    name: str
    input_shape: Annotated[tuple[Count, ...], Meta(min_length=2, max_length=3)]
    classes: Annotated[tuple[str, ...], Meta(min_length=1)]
    units: tuple[tuple[float, float], ...] = ()
    crc32: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    examples: tuple[Count, Count] | None = None
    mean: float | None = None
    used: tuple[Count, Count] | None = None

    def __post_init__(self) -> None:
        if math.prod(self.input_shape) > MOST_VALUES:
            raise ValueError(f"input_shape is {self.input_shape}, must have at most {MOST_VALUES:,} values per example")
        if len(self.units) not in (0, self.input_shape[-1]):
            count = self.input_shape[-1]
            raise ValueError(f"units has {len(self.units)} pairs, must have none or {count}, one per variable")

    @classmethod
    def of(cls, data: Dataset) -> Description:
        """The description of a data set."""
        crc32 = 0
        for split in (data.train, data.test):
            crc32 = split.crc32(crc32)
        some = data.train.take(range(0, len(data.train), max(1, len(data.train) // 1000))).inputs
        mean = float(some.mean(dtype="float64")) / (255 if some.dtype == "uint8" else 1) if len(some) else None
        sizes = len(data.train), len(data.test)
        return cls(data.name, data.input_shape, data.classes, data.units, crc32, sizes, mean)

    @property
    def holds_images(self) -> bool:
        """Whether an example is (C, H, W), and not (T, D)."""
        return len(self.input_shape) == 3

    @property
    def knows_normal(self) -> bool:
        """Whether the labels say which sequences are normal, and which are anomalies."""
        return not self.holds_images and self.classes[0] == "normal"
