"""The table that training prints: one row per epoch, aligned however large the numbers grow."""

from __future__ import annotations

import textwrap
from typing import Any

from minigen.evaluation.rows import score_name

_NARROWEST = 10
_OF_SAMPLES = ("frechet", "classes", "diversity")


def numbers(row: dict[str, Any]) -> dict[str, float]:
    """The numbers of a row of metrics.jsonl that the table shows, by heading: all of training, and the score."""
    shown = {name.replace("_", " "): value for name, value in without_layers(row["train"]).items()}
    if row.get("validation"):
        name = score_name(row)
        shown[f"valid {name.replace('_', ' ')}"] = row["validation"][name]
    shown |= {name: value for name, value in row.get("samples", {}).items() if name in _OF_SAMPLES}
    return shown


def without_layers(terms: dict[str, float]) -> dict[str, float]:
    """All but the norms of single layers, whose names have a slash, "net/layer": a figure shows them better."""
    return {name: value for name, value in terms.items() if "/" not in name}


def heading(names: list[str]) -> list[str]:
    """The lines above the rows: each name is stacked word by word where it is wider than its numbers."""
    cells = [textwrap.wrap(name, _width(name) - 2, break_long_words=False) for name in names]
    height = max(len(cell) for cell in cells)
    stacked = [[""] * (height - len(cell)) + cell for cell in cells]
    lines = [
        "".join(f"{word:>{_width(name)}}" for name, word in zip(names, level, strict=True))
        for level in zip(*stacked, strict=True)
    ]
    return [*(" " * 5 + line for line in lines[:-1]), f"epoch{lines[-1]}{'samples/s':>10}{'left':>9}"]


def line(epoch: int, shown: dict[str, float], samples_per_second: float, seconds_left: float) -> str:
    """One row."""
    cells = "".join(f"{number(value):>{_width(name)}}" for name, value in shown.items())
    return f"{epoch:>5}{cells}{samples_per_second:>10.0f}{clock(seconds_left):>9}"


def number(value: float) -> str:
    """At most 9 characters: more decimals where the number is small, a power of ten where it is very large."""
    for limit, decimals in ((0.1, 6), (1e3, 4), (1e5, 2)):
        if round(abs(value), decimals) < limit:
            return f"{value:.{decimals}f}"
    return f"{value:.2e}"


def clock(seconds: float) -> str:
    """1:05 or 2:00:00"""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _width(name: str) -> int:
    return max(_NARROWEST, 2 + max(len(word) for word in name.split()))
