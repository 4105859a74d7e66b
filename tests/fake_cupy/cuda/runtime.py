"""`cupy.cuda.runtime`: what a program asks before it uses a GPU."""

from __future__ import annotations

from typing import Any

from .. import _card, _counts
from .._card import CUDARuntimeError

__all__ = ["CUDARuntimeError", "deviceSynchronize", "getDeviceCount", "getDeviceProperties"]


def getDeviceCount() -> int:  # noqa: N802
    _card.require()
    return 1


def getDeviceProperties(device: int) -> dict[str, Any]:  # noqa: N802
    _card.require()
    if device != 0:
        raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
    return {
        "name": b"Fake GPU",
        "major": 9,
        "minor": 0,
        "totalGlobalMem": 2**30,
        "multiProcessorCount": _card.MULTIPROCESSORS,
    }


def deviceSynchronize() -> None:  # noqa: N802
    _card.require()
    _counts.synchronisation("deviceSynchronize")
