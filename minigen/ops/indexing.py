"""x[index], and its adjoint: zeros with something added at an index."""

from __future__ import annotations

from typing import Any

from minigen import backend
from minigen.autograd import Tensor, record


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index] for integers, slices, None, … and plain arrays of integers or booleans.

    Raises:
        TypeError: an index is a tensor, a matrix or a masked array.
    """
    for part in index if isinstance(index, tuple) else (index,):
        if hasattr(part, "dtype"):
            backend.require_array("an index", part)
    return record(x.data[index], (x, lambda g: index_add(g, index, x.shape)))


def index_add(g: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with `g` added at `index`: the adjoint of `getitem`."""
    xp = backend.of(g.data)
    value = xp.zeros(shape, g.data.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, (int, slice)) for part in parts):
        value[index] = g.data
    else:  # an array of indices may name an element more than once
        xp.add.at(value, index, g.data)
    return record(value, (g, lambda gg: getitem(gg, index)))
