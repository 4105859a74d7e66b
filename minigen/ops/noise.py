"""Random numbers for a batch, with the dtype, device and memory layout of an array.

The numbers are drawn in the order in which the array lies in memory, so a batch-last array costs no copy. A worker that
computes a shard of a batch draws the numbers of the whole batch and takes its own rows: they are those that one worker
alone would draw, and every worker's stream has come equally far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from minigen import backend, parallel, rng
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last, lies_batch_last

Draw: TypeAlias = Callable[[tuple[int, ...], Any, str], Array]


def normal_like(x: Array) -> Array:
    """Draws from N(0, 1), laid out as x is."""
    return _like(x, rng.standard_normal)


def uniform_like(x: Array) -> Array:
    """Draws from the uniform distribution on [0, 1), laid out as x is."""
    return _like(x, rng.uniform)


def normal_batch(count: int, size: int, like: Array) -> Array:
    """Draws from N(0, 1), (count, size), in the dtype and on the device of `like`; batch-last, the fastest layout."""
    return _drawn(rng.standard_normal, (size, count), like, 1).T


def normal(shape: tuple[int, ...], like: Array) -> Array:
    """Draws from N(0, 1), (N, …) row by row, in the dtype and on the device of `like`."""
    return _drawn(rng.standard_normal, shape, like, 0)


def uniform(shape: tuple[int, ...], like: Array) -> Array:
    """Draws from the uniform distribution on [0, 1), (N, …) row by row, in the dtype and on the device of `like`."""
    return _drawn(rng.uniform, shape, like, 0)


def _like(x: Array, draw: Draw) -> Array:
    if lies_batch_last(x):
        return batch_to_first(_drawn(draw, batch_to_last(x).shape, x, x.ndim - 1))
    return _drawn(draw, x.shape, x, 0)


def _drawn(draw: Draw, shape: tuple[int, ...], like: Array, batch: int) -> Array:
    """An array whose dimension `batch` counts the examples of this worker's shard, if the batch is cut into shards.

    Raises:
        ValueError: it counts something else, so that nobody knows which of the whole batch's numbers these are.
    """
    dtype, device = like.dtype, backend.device_of(like)
    shard = parallel.shard()
    if shard is None:
        return draw(shape, dtype, device)
    if shape[batch] != shard.stop - shard.start:
        raise ValueError(
            f"noise of shape {shape} for {shard.stop - shard.start} of a batch's {shard.total} examples: with several "
            "workers, draw one row per example"
        )
    whole = draw((*shape[:batch], shard.total, *shape[batch + 1 :]), dtype, device)
    rows = (slice(None),) * batch + (slice(shard.start, shard.stop),)
    return backend.of(whole).ascontiguousarray(whole[rows])
