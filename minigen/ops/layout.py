"""How arrays lie in memory: row by row, or batch-last.

A batch of shape (N, C, H, W) may lie in memory as (C, H, W, N), a batch (N, D) as (D, N): "batch-last".
Neighbours in memory are then the same feature of neighbouring examples, so every slice of an image or of
a sequence is a long contiguous block. The shape that the reader sees does not change. Operations accept any
layout and give their result the layout of their input.
"""

from __future__ import annotations

from minigen import backend
from minigen.backend import Array


def lies_batch_last(x: Array) -> bool:
    """Whether neighbours in memory are neighbours along the first dimension, not along the last."""
    return x.ndim > 1 and x.strides[0] == x.itemsize and x.strides[-1] != x.itemsize


def batch_to_last(x: Array) -> Array:
    """(N, …) as a view of shape (…, N)."""
    return x.transpose((*range(1, x.ndim), 0))


def batch_to_first(x: Array) -> Array:
    """(…, N) as a view of shape (N, …): the inverse of `batch_to_last`."""
    return x.transpose((x.ndim - 1, *range(x.ndim - 1)))


def laid_like(x: Array, like: Array) -> Array:
    """x, or a batch-last copy of it if `like` lies batch-last: the result of both then lies so too."""
    if lies_batch_last(like) and not lies_batch_last(x):
        return batch_to_first(backend.of(x).ascontiguousarray(batch_to_last(x)))
    return x
