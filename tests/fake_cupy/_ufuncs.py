"""CuPy's universal functions and, built from them, the array's operators.

Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _indexing
from ._api import API
from ._array import SCALARS, cast, ndarray, wrap

AT_DTYPES = {  # cupy/_core/_routines_indexing.pyx: _scatter_op_single; int64 is left out, CuPy has it since 15
    "add": "iILQefd",
    "subtract": "iI",
    "maximum": "iILQfd",
    "minimum": "iILQfd",
    "bitwise_and": "iILQ",
    "bitwise_or": "iILQ",
    "bitwise_xor": "iILQ",
}


class ufunc:  # noqa: N801
    """`cupy.add` and its like: `out`, `dtype` and `casting` are the only keywords (cupy/_core/_kernel.pyx)."""

    def __init__(self, name: str):
        self.name = name
        self.numpy: np.ufunc = getattr(np, name)
        _, nin, nout, *self.methods = API[name].split()
        self.nin, self.nout = int(nin), int(nout)

    def __repr__(self) -> str:
        return f"<ufunc 'cupy_{self.name}'>"

    def __call__(
        self, *args: Any, out: Any = None, dtype: Any = None, casting: str = "same_kind", **kwargs: Any
    ) -> Any:
        if kwargs:
            raise TypeError(f"Wrong arguments {kwargs}")
        if not self.nin <= len(args) <= self.nin + self.nout:
            raise TypeError(f"Wrong number of arguments for 'cupy_{self.name}': {len(args)}")
        inputs, outputs = args[: self.nin], args[self.nin :]
        if out is not None:
            outputs = out if isinstance(out, tuple) else (out,)
        return elementwise(self.numpy, inputs, outputs, dtype=dtype, casting=casting)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        """`ufunc.at`, for a few functions and dtypes."""
        self._require("at")
        if a.dtype.char not in AT_DTYPES[self.name]:
            names = sorted({np.dtype(char).name for char in AT_DTYPES[self.name]})
            raise TypeError(f"cupy.{self.name}.at only supports {', '.join(names)} as data type")
        where = _indexing.host_index(_indexing.on_gpu(indices), a.shape)
        self.numpy.at(a._host, where, cast(as_host(b), a.dtype))

    def reduce(
        self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> ndarray:
        self._require("reduce")
        return getattr(array, {"add": "sum", "multiply": "prod"}[self.name])(axis, dtype, out, keepdims)

    def accumulate(self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None) -> ndarray:
        self._require("accumulate")
        return getattr(array, {"add": "cumsum", "multiply": "cumprod"}[self.name])(axis, dtype, out)

    def outer(self, a: ndarray, b: ndarray, **kwargs: Any) -> Any:
        return self(a.reshape(a.shape + (1,) * b.ndim), b, **kwargs)

    def _require(self, method: str) -> None:
        if method not in self.methods:
            raise NotImplementedError(f"`cupy_{self.name}.{method}` is not supported yet")


def elementwise(function: np.ufunc, inputs: tuple[Any, ...], outputs: tuple[Any, ...] = (), **kwargs: Any) -> Any:
    """Apply NumPy's `function` in C order and without floating-point warnings.

    "The contiguity of a resulting ndarray is not guaranteed to match with that of NumPy's output": the sum of
    two arrays in Fortran order lies in C order.
    """
    hosts = tuple(map(as_host, inputs))
    if outputs:
        if not all(isinstance(output, ndarray) for output in outputs):
            raise TypeError(f"out must be cupy.ndarray, not {[type(output) for output in outputs]}")
        kwargs["out"] = tuple(output._host for output in outputs)
    with np.errstate(all="ignore"):
        results = function(*hosts, order="C", **kwargs)
    if outputs:
        return outputs if function.nout > 1 else outputs[0]
    return tuple(map(wrap, results)) if function.nout > 1 else wrap(results)


def as_host(value: Any) -> Any:
    """Refuse all but GPU arrays and scalars.

    "Universal Functions in CuPy only work with CuPy array or scalar. They do not accept other objects (e.g.,
    lists or numpy.ndarray)."
    """
    if isinstance(value, ndarray):
        return value._host
    if type(value) not in SCALARS:
        raise TypeError(f"Unsupported type {type(value)}")
    return value


UFUNCS = {
    name: ufunc(name)
    for name, text in API.items()
    if text.startswith("ufunc") and isinstance(getattr(np, name, 0), np.ufunc)
}

# Operators

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "pow": np.power,
    "matmul": np.matmul,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}


def defers(other: Any) -> bool:
    """Whether `gpu_array * other` is left to `other` (cupy/_core/core.pyx: _should_use_rop)."""
    if hasattr(other, "__array_ufunc__"):
        return other.__array_ufunc__ is None and not isinstance(other, ndarray)
    return getattr(other, "__array_priority__", 0) > ndarray.__array_priority__


def forwards(function: np.ufunc) -> Callable[[ndarray, Any], Any]:
    return lambda x, y: NotImplemented if defers(y) else elementwise(function, (x, y))


def backwards(function: np.ufunc) -> Callable[[ndarray, Any], Any]:
    return lambda y, x: elementwise(function, (x, y))


def in_place(function: np.ufunc) -> Callable[[ndarray, Any], ndarray]:
    return lambda x, y: elementwise(function, (x, y), (x,))


for short, function in BINARY.items():
    setattr(ndarray, f"__{short}__", forwards(function))
    setattr(ndarray, f"__r{short}__", backwards(function))
    if short not in ("divmod", "matmul"):
        setattr(ndarray, f"__i{short}__", in_place(function))
for short, function in COMPARISONS.items():
    setattr(ndarray, f"__{short}__", forwards(function))
for short, function in UNARY.items():
    setattr(ndarray, f"__{short}__", lambda x, function=function: elementwise(function, (x,)))
