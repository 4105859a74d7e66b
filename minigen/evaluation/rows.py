"""The rows of metrics.jsonl: one per epoch, and one of the test result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from msgspec import Meta

Numbers = Annotated[dict[str, int | float], Meta(max_length=1000)]


class Row(TypedDict, total=False):
    """What an epoch has measured, or {"test": ...}; `loss` and `score` name the numbers of `train` and `validation`
    that count. A run that is older than a field lacks it.
    """

    epoch: int
    loss: str
    train: Numbers
    score: str
    validation: Numbers
    samples: Numbers
    lr: float
    seconds: float
    images_per_second: float
    test: Numbers


def loss_name(row: Mapping[str, Any]) -> str:
    """The name in row["train"] of what is minimised; rows that were written without it have it first."""
    return str(row.get("loss", next(iter(row["train"]), "")))


def score_name(row: Mapping[str, Any]) -> str:
    """The name in row["validation"] of what chooses the best epoch; rows that were written without it have it first."""
    return str(row.get("score", next(iter(row["validation"]), "")))
