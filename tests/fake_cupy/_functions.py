"""CuPy's functions and the array's methods, forwarded to NumPy's of the same name by one mechanism.

Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _api, _card, _counts
from ._array import ndarray, poison, wrap


def words(text: str) -> list[str]:
    return text.split()


# The first argument is an array, or a sequence of arrays where CuPy calls it `tup`.
ON_ARRAYS = words("""
    all allclose amax amin any apply_along_axis argmax argmin argsort argwhere array_equal array_split atleast_1d
    atleast_2d atleast_3d bincount broadcast_arrays broadcast_to clip column_stack concat concatenate copy copyto
    count_nonzero cov cumprod cumsum diag diagonal diff dot dsplit dstack einsum empty_like expand_dims fill_diagonal
    flatnonzero flip fliplr flipud full_like hsplit hstack inner isclose isin kron linalg.eigh linalg.norm linalg.svd
    matmul max mean median meshgrid min moveaxis nan_to_num nanmax nanmean nanmin nansum nonzero
    ones_like outer pad partition percentile permute_dims prod ptp put_along_axis quantile ravel repeat reshape roll
    rollaxis rot90 round searchsorted sort split squeeze stack std sum swapaxes take take_along_axis tensordot tile
    trace transpose tril triu unique var vdot vsplit vstack where zeros_like
    lib.stride_tricks.as_strided lib.stride_tricks.sliding_window_view
""")
FROM_NUMBERS = words(
    "arange empty eye full identity indices linspace logspace ones tri tril_indices triu_indices zeros"
)
FROM_HOST = words("array asanyarray asarray ascontiguousarray asfortranarray")
# The answer is known to the host: a shape, a dtype, a bool.
FACTS = words("can_cast isscalar may_share_memory ndim result_type shape size")
METHODS = words("""
    all any argmax argmin argpartition argsort clip compress conj conjugate copy cumprod cumsum diagonal dot fill
    flatten max mean min nonzero partition prod ravel repeat reshape round searchsorted sort squeeze std sum swapaxes
    take trace transpose var view
""")

# The host must know a value before it can go on: the shape of the result, or whether the values are valid.
SYNCHRONISES: dict[str, Callable[[dict[str, Any]], bool]] = {
    **dict.fromkeys(words("argwhere bincount compress flatnonzero nonzero unique"), lambda given: True),
    **dict.fromkeys(words("percentile quantile"), lambda given: isinstance(given["q"], ndarray)),
    "array_equal": lambda given: given["equal_nan"],
    "repeat": lambda given: isinstance(given["repeats"], ndarray),
    "where": lambda given: given["x"] is None,
}
# "CuPy wraps around" indices that are out of bounds.
IMPLIED = {"take": {"mode": "wrap"}}
EINSUM_KEYWORDS = {"dtype", "optimize"}  # "`out`, `order`, and `casting` options are not supported." (cupy.einsum)


def forward(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`cupy.<name>` by NumPy's `function`: arguments as CuPy takes them, arrays in, 0-d arrays for scalars out."""
    short = name.rpartition(".")[2]
    parameters = _api.parameters(name)
    decides_order = "order" in parameters

    def forwarded(*args: Any, **kwargs: Any) -> Any:
        given = _api.bind(name, args, kwargs)
        if short == "einsum" and not EINSUM_KEYWORDS.issuperset(kwargs):
            raise TypeError(f"Did not understand the following kwargs: {sorted(kwargs)}")
        if name not in FROM_NUMBERS:
            require_arrays(name, given[parameters[0]])
        if SYNCHRONISES.get(short, lambda given: False)(given):
            _counts.synchronisation(short)
        arrays: list[ndarray] = []
        hosts = to_host((args, kwargs), arrays)
        with np.errstate(all="ignore"):
            result = function(*hosts[0], **hosts[1], **IMPLIED.get(short, {}))
        if short in ("empty", "empty_like"):
            poison(result)
        return to_gpu(result, arrays, decides_order)

    return forwarded


def require_arrays(name: str, first: Any) -> None:
    """Refuse `cupy.sum([1.0, 2.0])` and `cupy.stack([numpy_array])`: CuPy's functions take GPU arrays only."""
    for value in first if isinstance(first, (tuple, list)) else [first]:
        if not isinstance(value, (ndarray, str)) and not callable(value):
            raise TypeError(f"cupy.{name}: Unsupported type {type(value)}")


def to_host(value: Any, arrays: list[ndarray]) -> Any:
    """Put the private NumPy arrays for the GPU arrays, which are collected in `arrays`; refuse NumPy's own."""
    if isinstance(value, ndarray):
        arrays.append(value)
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, dict):
        return {key: to_host(item, arrays) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)([to_host(item, arrays) for item in value])
    return value


def to_gpu(result: Any, arrays: list[ndarray], decides_order: bool) -> Any:
    """Wrap NumPy's result.

    An array that came in (as `out`) goes out itself. A new array lies in C order unless the function has an
    `order`: "the contiguity of a resulting ndarray is not guaranteed to match with that of NumPy's output".
    "NumPy's reduction functions (e.g. numpy.sum) return scalar values (e.g. numpy.float32). However CuPy
    counterparts return zero-dimensional cupy.ndarrays."
    """
    if isinstance(result, (tuple, list)):
        items = [to_gpu(item, arrays, decides_order) for item in result]
        return items if isinstance(result, list) else tuple(items)
    if isinstance(result, (np.generic, bool)):
        return wrap(result)
    if not isinstance(result, np.ndarray):
        return result
    for array in arrays:
        if result is array._host:
            return array
    is_view = any(np.may_share_memory(result, array._host) for array in arrays)
    return wrap(result if is_view or decides_order else np.array(result, order="C", copy=None))


def from_host(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`cupy.asarray` and its like: what is not on the GPU is copied there, and counted."""

    def copied(*args: Any, **kwargs: Any) -> Any:
        _api.bind(name, args, kwargs)
        kwargs.pop("blocking", None)
        _card.require()
        arrays: list[ndarray] = []
        source = nested_to_host(args[0], arrays)
        if not arrays:
            _counts.transfer(name)
            source = np.array(source)  # the GPU has memory of its own
        return to_gpu(function(source, *args[1:], **kwargs), arrays, decides_order=True)

    return copied


def nested_to_host(value: Any, arrays: list[ndarray]) -> Any:
    """As `to_host`, for a sequence of GPU arrays, or anything that lives on the host."""
    if isinstance(value, (ndarray, tuple, list)):
        return to_host(value, arrays) if holds_gpu_array(value) else value
    return value


def holds_gpu_array(value: Any) -> bool:
    return isinstance(value, ndarray) or (isinstance(value, (tuple, list)) and any(map(holds_gpu_array, value)))


def fact(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def told(*args: Any, **kwargs: Any) -> Any:
        _api.bind(name, args, kwargs)
        return function(*to_host(args, []), **to_host(kwargs, []))

    return told


def asnumpy(
    a: Any, stream: Any = None, order: str = "C", out: np.ndarray | None = None, *, blocking: bool = True
) -> Any:
    """`cupy.asnumpy`: what lies on the host already is not copied."""
    return a.get(stream, order, out, blocking) if isinstance(a, ndarray) else np.asarray(a, order=order)


for name in METHODS:
    setattr(ndarray, name, forward(f"ndarray.{name}", getattr(np.ndarray, name)))
