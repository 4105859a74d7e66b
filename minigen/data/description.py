"""What a model must know of its data to be used without them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from minigen.data.dataset import DataError, Dataset

MOST_VALUES = 2**24
"""In one example: a description that asks for more is a mistake, and its model would not fit into memory."""


@dataclass(frozen=True)
class Description:
    """A data set without its examples.

    Attributes:
        name: as `load` knows it.
        input_shape: (C, H, W) or (T, D).
        classes: their names.
        units: as in Dataset: of a user's own sequences, the raw values that 0 and 1 stand for.
    """

    name: str
    input_shape: tuple[int, ...]
    classes: tuple[str, ...]
    units: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, data: Dataset) -> Description:
        """The description of a data set."""
        return cls(data.name, data.input_shape, data.classes, data.units)

    @property
    def holds_images(self) -> bool:
        """Whether an example is (C, H, W), and not (T, D)."""
        return len(self.input_shape) == 3

    def as_json(self) -> dict[str, Any]:
        """For a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, content: Any) -> Description:
        """What `as_json` gave, from a file that anyone may have edited.

        Raises:
            DataError: a part is missing or is not what it must be; one line that names it.
        """
        if not isinstance(content, dict):
            raise DataError(f"data is {_short(content)}, must be a table")
        fields = [field.name for field in dataclasses.fields(cls)]
        if content.keys() != set(fields):
            raise DataError(f"data has {_short(sorted(content))}, must have {', '.join(fields)}")
        name, shape, classes, units = (content[field] for field in fields)
        if not isinstance(name, str):
            raise DataError(f"data.name is {_short(name)}, must be a name")
        if not _is_list(shape, lambda size: type(size) is int and size > 0) or len(shape) not in (2, 3):
            raise DataError(f"data.input_shape is {_short(shape)}, must be [C, H, W] or [T, D]")
        if math.prod(shape) > MOST_VALUES:
            raise DataError(f"data.input_shape is {_short(shape)}: more than {MOST_VALUES:,} values an example")
        if not classes or not _is_list(classes, lambda text: isinstance(text, str)):
            raise DataError(f"data.classes is {_short(classes)}, must be a list of names")
        if not _is_list(units, _is_pair) or len(units) not in (0, shape[-1]):
            raise DataError(f"data.units is {_short(units)}, must be [] or a [low, high] for each of the D variables")
        return cls(name, tuple(shape), tuple(classes), tuple((float(low), float(high)) for low, high in units))


def _is_list(value: Any, accepts: Any) -> bool:
    return isinstance(value, list) and all(map(accepts, value))


def _is_pair(value: Any) -> bool:
    return _is_list(value, lambda x: type(x) in (int, float) and math.isfinite(x)) and len(value) == 2


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 100 else f"{text[:100]}…"
