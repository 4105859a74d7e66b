"""Counts what makes the host wait for the GPU: copies between the two, and reads of a value."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = str(Path(__file__).parent)


@dataclass
class Counts:
    """Call sites in order, each as "file:line (what)"."""

    transfer_sites: list[str] = field(default_factory=list)
    synchronisation_sites: list[str] = field(default_factory=list)

    @property
    def transfers(self) -> int:
        return len(self.transfer_sites)

    @property
    def synchronisations(self) -> int:
        return len(self.synchronisation_sites)


_active: list[Counts] = []


@contextmanager
def counting() -> Iterator[Counts]:
    """Count transfers and host synchronisations of this block; blocks may be nested."""
    counts = Counts()
    _active.append(counts)
    try:
        yield counts
    finally:
        _active.remove(counts)


def transfer(what: str) -> None:
    """Record a copy between host and GPU, as `asarray(numpy_array)` and `.get()` make."""
    for counts in _active:
        counts.transfer_sites.append(f"{_call_site()} ({what})")


def synchronisation(what: str) -> None:
    """Record that the host waits for a result, as `.item()` and a boolean index do."""
    for counts in _active:
        counts.synchronisation_sites.append(f"{_call_site()} ({what})")


def _call_site() -> str:
    """Find the innermost line outside this package."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
