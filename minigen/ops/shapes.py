"""Other shapes of the same elements: reshape, permute and their kin; broadcasting and how it is undone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from minigen import backend
from minigen.autograd import Tensor, record

Shape: TypeAlias = tuple[int, ...]
Dims: TypeAlias = int | Sequence[int] | None


def reshape(x: Tensor, *shape: int | Shape) -> Tensor:
    """The same elements, in row-major order, in another shape; one length may be -1."""
    wanted = _unpacked(shape)
    if x.shape == wanted:
        return x
    return record(x.data.reshape(wanted), (x, lambda g: reshape(g, x.shape)))


def permute(x: Tensor, *dims: int | Shape) -> Tensor:
    """The dimensions in another order; back by the inverse order."""
    order = dims_of(_unpacked(dims), x.ndim)
    return record(x.data.transpose(order), (x, lambda g: permute(g, *sorted(range(g.ndim), key=order.__getitem__))))


def t(x: Tensor) -> Tensor:
    """The transpose of a matrix (M, N) -> (N, M)."""
    if x.data.ndim != 2:
        raise ValueError(f"T: the tensor has shape {x.shape}, must have 2 dimensions (permute reorders any)")
    return record(x.data.T, (x, lambda g: t(g)))


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged."""
    a, b = dims_of((dim0, dim1), x.ndim)
    order = [b if d == a else a if d == b else d for d in range(x.ndim)]
    return permute(x, *order)


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """A new dimension of length 1 at `dim`."""
    (at,) = dims_of(dim, x.ndim + 1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def squeeze(x: Tensor, dim: int | None = None) -> Tensor:
    """Without the dimensions of length 1, or without `dim` if it has length 1."""
    gone = dims_of(dim, x.ndim)
    return reshape(x, tuple(n for d, n in enumerate(x.shape) if n != 1 or d not in gone))


def flatten(x: Tensor, start_dim: int = 0) -> Tensor:
    """All dimensions from `start_dim` on as one: (N, C, H, W).flatten(1) is (N, C·H·W)."""
    (start,) = dims_of(start_dim, x.ndim)
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start:])))


def broadcast_to(x: Tensor, *shape: int | Shape) -> Tensor:
    """x repeated to `shape`, as in NumPy, the adjoint of `unbroadcast`; -1 keeps a dimension's length."""
    wanted = _unpacked(shape)
    if -1 in wanted:
        lengths = (*[-1] * (len(wanted) - x.ndim), *x.shape)  # NumPy refuses -1 for a new dimension
        wanted = tuple([own if n == -1 else n for n, own in zip(wanted, lengths, strict=False)])
    if x.shape == wanted:
        return x
    return record(backend.of(x.data).broadcast_to(x.data, wanted), (x, lambda g: unbroadcast(g, x.shape)))


def unbroadcast(g: Tensor, shape: Shape) -> Tensor:
    """Undo broadcasting: sum `g` over the dimensions along which `shape` was repeated to g's shape."""
    if g.shape == shape:
        return g
    new = g.ndim - len(shape)
    repeated = tuple(d for d in range(g.ndim) if d < new or (shape[d - new] == 1 and g.shape[d] != 1))
    return reshape(g.sum(repeated), shape)


def dims_of(dim: Dims, ndim: int) -> tuple[int, ...]:
    """`dim` counted from 0, as a tuple; None is all dimensions. A 0-d tensor takes 0 and -1, as in PyTorch.

    Raises:
        TypeError: it is True or False.
        IndexError: there is no such dimension.
    """
    if dim is None:
        return tuple(range(ndim))
    dims = dim if isinstance(dim, tuple) else tuple(dim) if isinstance(dim, Sequence) else (dim,)  # ABCs are slow
    bound = ndim or 1
    for d in dims:
        if isinstance(d, bool):  # x.sum(True), x.std(False)
            raise TypeError(f"dim is {d}, must be an integer")
        if not -bound <= d < bound:
            raise IndexError(f"dim is {d}, must lie in {-bound}…{bound - 1}")
    return tuple([d % bound for d in dims])


def _unpacked(numbers: Sequence[int | Shape]) -> Shape:
    """(2, 3) and ((2, 3),) both as (2, 3)."""
    if len(numbers) == 1 and isinstance(numbers[0], Sequence):
        return tuple(numbers[0])
    return tuple(numbers)  # type: ignore[arg-type]


def reduced_dims(dim: Dims, ndim: int) -> Shape:
    """`dims_of` for NumPy's reductions, which take no dimension of a 0-d array."""
    return dims_of(dim, ndim) if ndim else ()
