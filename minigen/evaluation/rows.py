"""Which numbers of a row of metrics.jsonl count: {"loss": name, "train": {...}, "score": name, "validation": {...}}."""

from __future__ import annotations

from typing import Any


def loss_name(row: dict[str, Any]) -> str:
    """The name in row["train"] of what is minimised; rows that were written without it have it first."""
    return str(row.get("loss", next(iter(row["train"]), "")))


def score_name(row: dict[str, Any]) -> str:
    """The name in row["validation"] of what chooses the best epoch; rows that were written without it have it first."""
    return str(row.get("score", next(iter(row["validation"]), "")))
