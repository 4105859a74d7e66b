"""`x[index]` and `x[index] = value` as CuPy has them.

Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _array, _counts


def read(x: Any, index: Any) -> np.ndarray:
    """A view where `index` has only integers, slices, None and `...`, else a copy."""
    parts = on_gpu(index)
    result = x._host[host_index(parts, x.shape)]
    return result.copy() if any(map(is_array, parts)) else result


def write(x: Any, index: Any, value: Any) -> None:
    parts = on_gpu(index)
    where = host_index(parts, x.shape)
    fancy = any(map(is_array, parts))
    if is_array(value):
        value = _array.cast(value._host, x.dtype)
        # CuPy drops leading axes of length 1 (cupy/_core/_routines_indexing.pyx: _squeeze_leading_unit_dims).
        while value.ndim and len(value) == 1:
            value = value[0]
    elif np.ndim(value) > 0:
        if not fancy:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")  # cupy/_core/core.pyx: fill
        _counts.transfer("assignment")
    if fancy and np.size(value) > 1:
        refuse_duplicates(where, x.shape)
    x._host[where] = value


def refuse_duplicates(where: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """Stand for the undefined result.

    "CuPy's __setitem__ behaves differently from NumPy when integer arrays reference the same location multiple
    times. In that case, the value that is actually stored is undefined."
    """
    locations = np.arange(int(np.prod(shape))).reshape(shape)[where]
    if len(np.unique(locations)) < locations.size:
        raise ValueError("x[index] = values: index names a location twice; which value CuPy stores is undefined")


def on_gpu(index: Any) -> list[Any]:
    """The parts of `index`; lists and NumPy arrays in it are copied to the GPU, as CuPy does without a word."""
    parts = list(index) if isinstance(index, tuple) else [index]
    for i, part in enumerate(parts):
        if isinstance(part, (list, tuple, np.ndarray, bool, np.bool_)):
            _counts.transfer("index")
            parts[i] = _array.wrap(np.asarray(part, dtype=np.int32 if np.size(part) == 0 else None))
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    return parts


def host_index(parts: list[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """NumPy's index, with integer arrays wrapped into range.

    "CuPy handles out-of-bounds indices differently by default from NumPy when using integer array indexing.
    NumPy handles them by raising an error, but CuPy wraps around them."
    """
    axis, result = 0, []
    missing = len(shape) - sum(map(axes_of, parts))
    for part in parts:
        if is_array(part) and part.dtype.kind == "b":
            _counts.synchronisation("boolean index")  # the host needs the number of True for the result's shape
            result.append(part._host)
        elif is_array(part):
            wraps = part.dtype.kind in "iu" and axis < len(shape) and shape[axis] > 0
            result.append(part._host % shape[axis] if wraps else part._host)
        else:
            result.append(part)
        axis += missing if part is Ellipsis else axes_of(part)
    return tuple(result)


def axes_of(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if is_array(part) and part.dtype.kind == "b" else 1


def is_array(value: Any) -> bool:
    return isinstance(value, _array.ndarray)
