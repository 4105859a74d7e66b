"""What a study of a trained model found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # slow to import, and a model that only declares its study needs none


@dataclass(frozen=True)
class Finding:
    """Numbers, text and figures about a trained model.

    Attributes:
        numbers: by name, in the order in which they are printed.
        remarks: lines of text printed after them.
        figures: by name, without an ending.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)

    def joined(self, other: Finding) -> Finding:
        """What both found, this one's first."""
        both = self.numbers | other.numbers, self.remarks + other.remarks, self.figures | other.figures
        return Finding(*both)
