"""The pretended graphics card: plugged in unless a test pulls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

NO_DRIVER = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
NO_DEVICE = "cudaErrorNoDevice: no CUDA-capable device is detected"
MULTIPROCESSORS = 2  # a random generator keeps 2048 states for each

_fault: str | None = None


class CUDARuntimeError(RuntimeError):
    """What CuPy raises when the CUDA runtime reports an error."""


@contextmanager
def unplugged(fault: str = NO_DRIVER) -> Iterator[None]:
    """Play a machine without a GPU (NO_DEVICE) or without its driver (NO_DRIVER)."""
    global _fault
    _fault = fault
    try:
        yield
    finally:
        _fault = None


def plugged_in() -> bool:
    return _fault is None


def require() -> None:
    if _fault is not None:
        raise CUDARuntimeError(_fault)
