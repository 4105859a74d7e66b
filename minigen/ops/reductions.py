"""sum, mean, max and min over some dimensions or all. `dim` counts as in NumPy, negative from the end."""

from __future__ import annotations

import math

from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.shapes import Dims, axis_of, dims_of


def sum(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Σ x over `dim`; every element summed receives the sum's gradient"""
    return record(
        x.data.sum(axis=axis_of(dim), keepdims=keepdim),
        (x, lambda g: g.reshape(_with_kept_dims(x, dim)).broadcast_to(x.shape)),
    )


def mean(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Σ x / n over `dim`"""
    total = sum(x, dim, keepdim)
    count = math.prod(n for d, n in enumerate(x.shape) if d in dims_of(dim, x.ndim))
    return total / count if count else total * math.nan


def max(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The largest element over `dim`; equal maxima share the gradient evenly, as in torch.amax"""
    return _extreme(x, x.data.max(axis=axis_of(dim), keepdims=True), dim, keepdim)


def min(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The smallest element over `dim`; equal minima share the gradient evenly, as in torch.amin"""
    return _extreme(x, x.data.min(axis=axis_of(dim), keepdims=True), dim, keepdim)


def _extreme(x: Tensor, extreme: Array, dim: Dims, keepdim: bool) -> Tensor:
    """`extreme`, the max or min of x: the gradient goes to the elements that attain it."""
    axis, attained = axis_of(dim), x.data == extreme

    def derivative(g: Tensor) -> Tensor:
        return g.reshape(extreme.shape) * (attained / attained.sum(axis=axis, keepdims=True))

    return record(extreme if keepdim else extreme.squeeze(axis), (x, derivative))


def _with_kept_dims(x: Tensor, dim: Dims) -> tuple[int, ...]:
    """The shape after a reduction over `dim` with keepdim=True."""
    gone = dims_of(dim, x.ndim)
    return tuple(1 if d in gone else n for d, n in enumerate(x.shape))
