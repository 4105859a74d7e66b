"""sum, mean, max and min over some dimensions or all. `dim` counts as in NumPy, negative from the end."""

from __future__ import annotations

import builtins
import math

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.masks import select
from minigen.ops.shapes import Dims, Shape, reduced_dims

BLOCK = 512
"""The most rows that are added one after the other. A float32 sum of 512 rows is off by about 1e-6 of itself."""


def sum(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Σ x over `dim`; every element of the sum receives the sum's gradient"""
    dims, kept = _reduced(x, dim, keepdim)
    return record(total(x.data, dims, keepdim), (x, lambda g: g.reshape(kept).broadcast_to(x.shape)))


def mean(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Σ x / n over `dim`, of n elements each"""
    summed = sum(x, dim, keepdim)
    n = x.size // (summed.size or 1)
    return summed / n if n else summed * math.nan


def max(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The largest element over `dim`; equal maxima share the gradient evenly, as in torch.amax"""
    dims, _ = _reduced(x, dim, keepdim)
    extreme = x.data.max(axis=dims, keepdims=True)
    value = extreme if keepdim else extreme.squeeze(dims)
    return record(value, (x, lambda g: _shared(g, x.data, extreme, dims)))


def min(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The smallest element over `dim`; equal minima share the gradient evenly, as in torch.amin"""
    dims, _ = _reduced(x, dim, keepdim)
    extreme = x.data.min(axis=dims, keepdims=True)
    value = extreme if keepdim else extreme.squeeze(dims)
    return record(value, (x, lambda g: _shared(g, x.data, extreme, dims)))


def _shared(g: Tensor, x: Array, extreme: Array, dims: Shape) -> Tensor:
    """g in equal parts for the elements of x that are the extreme, 0 for the others."""
    attained = (x == extreme) | (x != x)  # if there is a NaN, it is the extreme
    share = g.reshape(extreme.shape) / attained.sum(axis=dims, keepdims=True)
    return select(share.broadcast_to(x.shape), attained)


def total(x: Array, axis: int | Shape, keepdims: bool = False) -> Array:
    """Σ x over one or several axes, with rounding errors that grow with log n, not with n.

    NumPy adds blocks of a row in pairs, but rows one after the other: 10⁶ times 0.1 down a column of float32 gives
    100,958. So an axis longer than BLOCK is folded first: its second half is added to its first, until one row remains.
    """
    axes = (axis,) if isinstance(axis, int) else axis
    long = [a for a in axes if x.ndim and x.shape[a] > BLOCK]
    if long and len(axes) < x.ndim and backend.device_of(x) == "cpu":  # all of x is one row; a GPU's sums are trees
        innermost = builtins.min(range(x.ndim), key=lambda a: (x.shape[a] == 1, abs(x.strides[a]), -a))
        for a in long:
            if a % x.ndim != innermost:
                x = _folded(x, a)
    return x.sum(axis=axis, keepdims=keepdims)


def _folded(x: Array, axis: int) -> Array:
    """One row, the sum of all: again and again the second half is added to the first."""
    rows = x.swapaxes(0, axis)
    while len(rows) > 1:
        half, odd = divmod(len(rows), 2)
        folded = rows[:half] + rows[half : 2 * half]
        folded[:odd] += rows[2 * half :]
        rows = folded
    return rows.swapaxes(0, axis)


def _reduced(x: Tensor, dim: Dims, keepdim: bool) -> tuple[Shape, Shape]:
    """The dimensions that a reduction over `dim` takes, and the shape that it gives with keepdim=True."""
    if not isinstance(keepdim, bool):
        raise TypeError(f"keepdim is {keepdim!r}, must be True or False: several dimensions are dim=({dim}, {keepdim})")
    dims = reduced_dims(dim, x.ndim)
    return dims, tuple(1 if d in dims else n for d, n in enumerate(x.shape))
