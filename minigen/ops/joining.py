"""Putting tensors together: concat, stack, pad."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from minigen import backend
from minigen.autograd import Edge, Tensor, record
from minigen.ops.operands import as_tensor
from minigen.ops.shapes import dims_of


def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; each receives its slice of the gradient.

    The first must be a tensor; arrays may follow.

    Raises:
        TypeError: a tensor instead of a list of them.
        ValueError: no tensors, or 0-d ones, or shapes that differ in another dimension than `dim`.
    """
    tensors = _as_tensors(tensors)
    first = tensors[0]
    if first.ndim == 0:
        raise ValueError("a tensor of shape () has no dimension to join, stack makes one")
    (axis,) = dims_of(dim, first.ndim)
    for t in tensors:
        if t.ndim != first.ndim or t.shape[:axis] + t.shape[axis + 1 :] != first.shape[:axis] + first.shape[axis + 1 :]:
            raise ValueError(f"shapes {first.shape} and {t.shape} must agree except in dimension {dim}")

    def part_of(t: Tensor, end: int) -> Edge:
        part = (slice(None),) * axis + (slice(end - t.shape[axis], end),)
        return t, lambda g: g[part]

    ends = itertools.accumulate(t.shape[axis] for t in tensors)
    edges = [part_of(t, end) for t, end in zip(tensors, ends, strict=True)]
    return record(backend.of(first.data).concatenate([t.data for t in tensors], axis), *edges)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, of one shape, as the layers of a new dimension `dim`. The first must be a tensor, as in `concat`."""
    tensors = _as_tensors(tensors)
    for t in tensors:
        if t.shape != tensors[0].shape:
            raise ValueError(f"shapes {tensors[0].shape} and {t.shape} must be equal")
    return concat([t.unsqueeze(dim) for t in tensors], dim)


def _as_tensors(tensors: Sequence[Tensor]) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError("tensors is a Tensor, must be a list of tensors: [a, b]")
    tensors = list(tensors)
    if not tensors:
        raise ValueError("tensors is empty, must hold at least one tensor")
    if not isinstance(tensors[0], Tensor):
        raise TypeError(f"tensors[0] is {backend.described(tensors[0])}, must be a tensor (minigen.tensor makes one)")
    return [as_tensor(t, tensors[0]) for t in tensors]


def pad(x: Tensor, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """x with (before, after) elements of `value` around it in each dimension, given as for numpy.pad.

    Raises:
        ValueError: not one pair for each dimension.
    """
    if backend.module("cpu").shape(widths) != (x.ndim, 2):
        raise ValueError(
            f"widths is {widths}, must be {x.ndim} pairs (before, after), one per dimension of x {x.shape}"
        )
    inner = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    padded = backend.of(x.data).pad(x.data, widths, mode="constant", constant_values=value)
    return record(padded, (x, lambda g: g[inner]))
