"""Random numbers with the shape, dtype, device and memory layout of an array.

The numbers are drawn in the order in which the array lies in memory, so a batch-last array costs no copy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigen import backend, rng
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last, lies_batch_last


def normal_like(x: Array) -> Array:
    """Draws from N(0, 1), laid out as x is."""
    return _like(x, rng.standard_normal)


def uniform_like(x: Array) -> Array:
    """Draws from the uniform distribution on [0, 1), laid out as x is."""
    return _like(x, rng.uniform)


def normal_batch(count: int, size: int, like: Array) -> Array:
    """Draws from N(0, 1), (count, size), in the dtype and on the device of `like`; batch-last, the fastest layout."""
    return rng.standard_normal((size, count), like.dtype, backend.device_of(like)).T


def _like(x: Array, draw: Callable[[tuple[int, ...], Any, str], Array]) -> Array:
    device = backend.device_of(x)
    if lies_batch_last(x):
        return batch_to_first(draw(batch_to_last(x).shape, x.dtype, device))
    return draw(x.shape, x.dtype, device)
