"""Sums over all rows of a batch that is cut into shards, one for each worker."""

from __future__ import annotations

from minigen import backend, parallel
from minigen.autograd import Tensor, record
from minigen.backend import Array


def all_reduce(x: Tensor) -> Tensor:
    """Σ x over the workers. Every worker's result contains x, so the gradients add up: its derivative is all_reduce"""
    return record(parallel.workers().all_reduce(x.data), (x, all_reduce))


def sum_of_batch(part: Tensor) -> Tensor:
    """The sum over the whole batch, from that over this worker's rows"""
    return part if parallel.shard() is None else all_reduce(part)


def mean_of_batch(mean: Tensor) -> Tensor:
    """The mean over the whole batch, from that over this worker's rows"""
    shard = parallel.shard()
    return mean if shard is None else all_reduce(mean * shard.weight)


def mean_of_batch_array(mean: Array) -> Array:
    """`mean_of_batch` for plain arrays."""
    shard = parallel.shard()
    return mean if shard is None else parallel.workers().all_reduce(mean * shard.weight)


def moments_of_batch(mean: Array, var: Array) -> tuple[Array, Array]:
    """The mean and the variance over the whole batch, from those over this worker's rows.

    E[x²] = var + mean² is added up with the mean. In float64, since E[x²] - mean² may be a small part of both.
    """
    if parallel.shard() is None:
        return mean, var
    xp, own = backend.of(mean), mean.astype("float64")
    whole, square = mean_of_batch_array(xp.stack([own, own * own + var]))
    return whole.astype(mean.dtype), xp.maximum(square - whole * whole, 0).astype(mean.dtype)
