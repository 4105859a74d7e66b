"""The GPU array: it holds a NumPy array and hands it to nobody but `.get()`.

Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from . import _api, _card, _counts, _indexing
from .cuda.device import Device

# "Universal Functions in CuPy only work with CuPy array or scalar."  (cupy/_core/_scalar.pyx: scalar_type_set)
DTYPES = "?bhilqBHILQefdFD"
SCALARS = {bool, int, float, complex, *(np.dtype(char).type for char in DTYPES)}


class ndarray:  # noqa: N801
    """`cupy.ndarray`; its methods are attached in _functions.py, its operators in _ufuncs.py."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_host")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    # CuPy lets `np.add(gpu_array, 1)` run as `cupy.add`.  Stricter here: NumPy's ufuncs refuse the array, and
    # its operators leave `np.float32(2) * gpu_array` to the array, which takes scalars and refuses NumPy arrays.
    __array_ufunc__ = None

    def __init__(
        self, shape: Any = (), dtype: Any = float, memptr: None = None, strides: None = None, order: str = "C"
    ):
        if memptr is not None or strides is not None:
            raise NotImplementedError("ndarray: the fake has no memory pointers")
        _card.require()
        self._host = np.empty(shape, dtype, order)
        poison(self._host)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        # cupy/_core/core.pyx
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        # CuPy lets `np.sum(gpu_array)` run as `cupy.sum`.  Stricter here: code names the module that it means.
        raise TypeError(f"numpy.{function.__name__} was called with a GPU array; call cupy's function instead")

    def __getattr__(self, name: str) -> NoReturn:
        raise _api.missing("ndarray", name)

    # What the host knows without asking the GPU

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: Flags(self._host.flags))
    device = property(lambda self: Device(0))

    def __len__(self) -> int:
        return len(self._host)

    # Views.  "CuPy counterparts return zero-dimensional ndarrays": so does full indexing, and it is a view.

    T = property(lambda self: wrap(self._host.T))
    mT = property(lambda self: wrap(self._host.mT))  # noqa: N815
    real = property(lambda self: wrap(self._host.real))
    imag = property(lambda self: wrap(self._host.imag))

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> ndarray:
        return wrap(_indexing.read(self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        _indexing.write(self, index, value)

    def astype(
        self, dtype: Any, order: str = "K", casting: str | None = None, subok: None = None, copy: bool = True
    ) -> ndarray:
        if not copy and self.dtype == dtype:
            return self
        if casting is not None and not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {self.dtype!r} to {np.dtype(dtype)!r}: rule {casting!r}")
        return wrap(cast(self._host, np.dtype(dtype)).copy(order))

    # Copies between host and GPU

    def get(self, stream: Any = None, order: str = "C", out: np.ndarray | None = None, blocking: bool = True) -> Any:
        _counts.transfer("get")
        if out is None:
            return np.array(self._host, order=order)
        out[...] = self._host
        return out

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        # cupy/_core/core.pyx
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        _counts.transfer("set")
        self._host[...] = arr

    # Reads of a value: the host waits for the GPU.  There is no `__index__`: `range(gpu_array)` is a TypeError.

    def item(self) -> Any:
        return _value(self, "item").item()

    def tolist(self) -> Any:
        return _value(self, "tolist").tolist()

    def tobytes(self, order: str = "C") -> bytes:
        return _value(self, "tobytes").tobytes(order)

    def __bool__(self) -> bool:
        return bool(_value(self, "bool"))

    def __int__(self) -> int:
        return int(_value(self, "int"))

    def __float__(self) -> float:
        return float(_value(self, "float"))

    def __complex__(self) -> complex:
        return complex(_value(self, "complex"))

    def __repr__(self) -> str:
        return repr(_value(self, "repr"))

    def __str__(self) -> str:
        return str(_value(self, "str"))

    def __format__(self, spec: str) -> str:
        return format(_value(self, "format"), spec)

    # Copies within the GPU and pickles (which hold a NumPy array)

    def __copy__(self) -> ndarray:
        return wrap(self._host.copy())

    def __deepcopy__(self, memo: dict[int, Any]) -> ndarray:
        return wrap(self._host.copy())

    def __reduce__(self) -> Any:
        return _from_pickle, (self.get(order="A"),)


class Flags:
    """The three flags that CuPy has; `writeable` is not among them (cupy/_core/flags.pyx)."""

    def __init__(self, flags: Any):
        self.c_contiguous: bool = flags.c_contiguous
        self.f_contiguous: bool = flags.f_contiguous
        self.owndata: bool = flags.owndata

    def __getitem__(self, name: str) -> bool:
        return getattr(self, name.lower())


def wrap(host: Any) -> ndarray:
    """The GPU array around `host`; a NumPy scalar becomes a 0-d array."""
    _card.require()
    host = np.asarray(host)
    if host.dtype.char not in DTYPES:
        # "Data type of CuPy arrays cannot be non-numeric like strings or objects."
        raise ValueError(f"Unsupported dtype {host.dtype}")
    array = object.__new__(ndarray)
    array._host = host
    return array


def poison(host: np.ndarray) -> None:
    """New memory holds what was there before; make sure that nobody takes it for zeros."""
    if host.dtype.kind in "fc":
        host.fill(np.nan)
    elif host.dtype.kind in "iu":
        host.fill(np.iinfo(host.dtype).max)


def cast(host: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Convert as the GPU does: a float beyond an integer type's range gives the nearest end, NaN gives 0.

    "The casting from a negative float to unsigned integer and infinity to integer": -1.0 to uint32 is 0,
    inf to int32 is 2147483647 (NumPy on Intel: 4294967295 and -2147483648).
    """
    with np.errstate(all="ignore"):
        result = host.astype(dtype)
    if host.dtype.kind == "f" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        result[host >= float(limits.max)] = limits.max
        result[host <= float(limits.min)] = limits.min
        result[np.isnan(host)] = 0
    return result


def _value(array: ndarray, what: str) -> np.ndarray:
    _counts.synchronisation(what)
    return array._host


def _from_pickle(host: np.ndarray) -> ndarray:
    _counts.transfer("unpickle")
    return wrap(host)
