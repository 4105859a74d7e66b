"""NumPy or CuPy: the only file that knows that both exist.

Every other file asks `of(array)` for the module that the array belongs to and writes `xp.exp(...)`. CuPy is
imported when a GPU is first requested, never before. Only `to_device` moves data between the two.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeAlias

import numpy

Array: TypeAlias = Any
"""A `numpy.ndarray` or a `cupy.ndarray`."""

DEVICES = ("cpu", "gpu")
NUMPYS = (numpy.ndarray, numpy.generic)
GAP = 64  # numbers, at least one cache line

_gpu: ModuleType | None = None


class DeviceError(RuntimeError):
    """The requested device cannot be used; the message is one line and says what to do."""


def of(array: Array) -> ModuleType:
    """The module (numpy or cupy) whose array this is."""
    return numpy if isinstance(array, NUMPYS) else module(device_of(array))


def module(device: str) -> ModuleType:
    """The array module of a device: numpy for "cpu", cupy for "gpu"."""
    if device not in DEVICES:
        raise DeviceError(f"device is {device!r}, must be one of {', '.join(DEVICES)}")
    return numpy if device == "cpu" else gpu_module()


def empty_rows(shape: tuple[int, ...], like: Array) -> Array:
    """An empty array of the type of `like` whose rows lie no multiple of 1,024 bytes apart.

    Rows that do, as those of images of 32 × 32 × 3 bytes, compete for the same few lines of the processor's cache: a
    transposition takes up to 4 times as long, a matrix product up to 1.6 times. On a GPU they lie end to end.
    """
    gap = GAP if of(like) is numpy and shape[-1] * like.itemsize % 1024 == 0 else 0
    return of(like).empty((*shape[:-1], shape[-1] + gap), like.dtype)[..., : shape[-1]]


def overflow_ignored() -> contextlib.AbstractContextManager[None]:
    """NumPy does not warn in this `with` block if eˣ is infinite; CuPy never does."""
    return numpy.errstate(over="ignore")


@contextlib.contextmanager
def small_buffers() -> Iterator[None]:
    """Let NumPy add to a block of an array directly, in this `with` block.

    It otherwise copies rows that are shorter than its buffer of 8,192 numbers into it and back, which takes 2.4 times
    as long as the sum. CuPy has no such buffer.
    """
    with numpy.errstate():  # its end brings the buffer's size back
        numpy.setbufsize(1024)
        yield


def device_of(array: Array) -> str:
    """ "cpu" or "gpu": where the array is stored.

    Raises:
        TypeError: it is not an array of NumPy or CuPy, or is a matrix or a masked array.
    """
    if not is_array(array):
        raise TypeError(f"{described(array)} was given, must be an array of NumPy or CuPy")
    return "cpu" if isinstance(array, NUMPYS) else "gpu"


def is_array(value: object, *dtypes: str) -> bool:
    """Whether it is an array of NumPy or CuPy, of one of these dtypes if any are named.

    A matrix and a masked array are not: their `*` and their sums mean something else.
    """
    known = isinstance(value, NUMPYS) or type(value).__module__.partition(".")[0] == "cupy"
    known = known and not isinstance(value, (numpy.matrix, numpy.ma.MaskedArray))
    return known and (not dtypes or value.dtype in dtypes)  # type: ignore[attr-defined]


def require_array(what: str, value: object) -> None:
    """Raise TypeError if labels, a mask or an index is no array (a matrix and a masked array are none: `is_array`)."""
    if not is_array(value):
        raise TypeError(f"{what} is {described(value)}, must be an array of NumPy or CuPy")


def described(value: object) -> str:
    """What it is, for an error: "an array of int64" or "a list"."""
    if is_array(value):
        return f"an array of {value.dtype}"  # type: ignore[attr-defined]
    library, name = type(value).__module__.partition(".")[0], type(value).__name__
    name = name if library in ("builtins", "minigen", "numpy") else f"{library}.{name}"  # torch.Tensor
    hint = " (numpy.asarray or .filled() makes a plain array of it)" if isinstance(value, numpy.ndarray) else ""
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}{hint}"


def holds_real_numbers(array: Array) -> bool:
    """Whether these are floats, integers or booleans.

    Raises:
        TypeError: it is neither NumPy's nor CuPy's array.
    """
    device_of(array)
    return array.dtype.kind in "fiub"


def gpu_module() -> ModuleType:
    """CuPy, imported and known to work, else a DeviceError of one line."""
    global _gpu
    if _gpu is None:
        if importlib.util.find_spec("cupy") is None:
            raise DeviceError(f"device 'gpu' needs CuPy, which is not installed: pip install {_cupy_package()}")
        cupy = importlib.import_module("cupy")
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise DeviceError(f"device 'gpu': CuPy is installed but finds no usable GPU ({error})") from error
        if count == 0:
            raise DeviceError("device 'gpu': CuPy is installed but finds no GPU")
        _gpu = cupy
    return _gpu


def gpu_in_use() -> bool:
    """Whether CuPy was requested and works."""
    return _gpu is not None


def _cupy_package() -> str:
    """The CuPy wheel that fits the installed NVIDIA driver (CUDA 13 needs driver API 13000)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "cupy-cuda13x (or cupy-cuda12x for an older driver; no NVIDIA driver was found on this machine)"
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    return "cupy-cuda13x" if version.value >= 13000 else "cupy-cuda12x"


def to_device(array: Array, device: str) -> Array:
    """The array on the device: itself, not a copy, if it is there already."""
    if device == device_of(array):
        return array
    if device == "cpu":
        return gpu_module().asnumpy(array)
    return module(device).asarray(array)
