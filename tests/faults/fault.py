"""What a fault is, and how much is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Effort:
    """How much is tried: kills over all models together, the seed of what is random, and generated tries per fault."""

    kills: int = 2
    models: tuple[str, ...] = ("vae",)
    seed: int = 0
    tries: int = 1


@dataclass(frozen=True)
class Fault:
    """A fault by its name. `tries` gives for each try what was lost, "" for nothing, working in an empty folder."""

    name: str
    tries: Callable[[Path, Effort], Iterator[str]]
