"""What a study gets and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from minigen.data import Dataset, Split


@dataclass(frozen=True)
class Finding:
    """What a study found.

    Attributes:
        numbers: by name, in the order in which they are printed.
        remarks: lines of text printed after them.
        figures: by the name of their file.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)


Study: TypeAlias = Callable[[Any, Dataset, Split], Finding]
