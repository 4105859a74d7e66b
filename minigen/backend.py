"""NumPy or CuPy: the only file that knows that both exist.

Every other file asks `of(array)` for the module that the array belongs to and writes `xp.exp(...)`.
CuPy is imported when a GPU is first asked for, never before, and nothing moves between the two
unasked: `to_device` is the one place where data crosses.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, TypeAlias

import numpy

Array: TypeAlias = Any
"""A `numpy.ndarray` or a `cupy.ndarray`."""

DEVICES = ("cpu", "gpu")

_gpu: ModuleType | None = None


class DeviceError(RuntimeError):
    """The device that was asked for cannot be used; the message is one line and says what to do."""


def of(array: Array) -> ModuleType:
    """The module (numpy or cupy) whose array this is."""
    return numpy if isinstance(array, (numpy.ndarray, numpy.generic)) else module(device_of(array))


def module(device: str) -> ModuleType:
    """The array module of a device: numpy for "cpu", cupy for "gpu"."""
    if device not in DEVICES:
        raise DeviceError(f"device is {device!r}, must be one of {', '.join(DEVICES)}")
    return numpy if device == "cpu" else gpu_module()


def overflow_ignored() -> contextlib.AbstractContextManager[None]:
    """Where eˣ may be infinite on purpose: keeps NumPy from warning; CuPy never does."""
    return numpy.errstate(over="ignore")


def device_of(array: Array) -> str:
    """ "cpu" or "gpu": where the array lies.

    Raises:
        TypeError: it is neither NumPy's nor CuPy's.
    """
    if isinstance(array, (numpy.ndarray, numpy.generic)):
        return "cpu"
    if type(array).__module__.partition(".")[0] == "cupy":
        return "gpu"
    raise TypeError(f"a {type(array).__name__} stands where an array of NumPy or CuPy must stand")


def holds_real_numbers(array: Array) -> bool:
    """Whether these are floats, integers or booleans.

    Raises:
        TypeError: it is neither NumPy's nor CuPy's array.
    """
    device_of(array)
    return array.dtype.kind in "fiub"


def gpu_module() -> ModuleType:
    """CuPy, imported and seen to work; DeviceError, in one line, where it cannot be."""
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
    """The array on the device; itself, not a copy, where it lies there already."""
    if device == device_of(array):
        return array
    if device == "cpu":
        return gpu_module().asnumpy(array)
    return module(device).asarray(array)


# Random numbers: one stream a device, all seeded by `manual_seed`.

_GPU_STREAMS = 16_384  # threads that draw at once, with 64 bytes of state each
_WORD = 2**64 - 1

_generators: dict[str, Any] = {}


def manual_seed(seed: int) -> None:
    """Start every device's random stream anew from `seed`.

    Raises:
        ValueError: the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"manual_seed: seed is {seed}, must not be negative")
    _generators.clear()
    _generators["seed"] = seed


def generator(device: str = "cpu") -> Any:
    """The device's random generator: NumPy's PCG64, or CuPy's Philox with a stream that no card's size changes."""
    if device not in _generators:
        random, seed = module(device).random, _generators.get("seed")
        _generators[device] = (
            random.default_rng(seed)
            if device == "cpu"
            else random.Generator(random.Philox4x3210(seed, size=_GPU_STREAMS))
        )
    return _generators[device]


def standard_normal(shape: tuple[int, ...], dtype: Any, device: str) -> Array:
    """Draws from N(0, 1)."""
    return generator(device).standard_normal(shape, dtype=dtype)


def uniform(shape: tuple[int, ...], dtype: Any, device: str) -> Array:
    """Draws from the uniform distribution on [0, 1)."""
    return generator(device).random(shape, dtype=dtype)


@contextlib.contextmanager
def random_stream(seed: int) -> Iterator[None]:
    """Draw from streams of their own inside the block: what is drawn outside is the same with and without it."""
    outside = dict(_generators)
    manual_seed(seed)
    try:
        yield
    finally:
        _generators.clear()
        _generators.update(outside)


def random_state() -> dict[str, Array]:
    """How far each device's stream has come, as NumPy arrays by device."""
    saved = generator("cpu").bit_generator.state
    state, increment = saved["state"]["state"], saved["state"]["inc"]
    words = [state >> 64, state & _WORD, increment >> 64, increment & _WORD, saved["has_uint32"], saved["uinteger"]]
    states = {"cpu": numpy.array(words, dtype=numpy.uint64)}
    if "gpu" in _generators:
        states["gpu"] = _generators["gpu"].bit_generator._state.get()  # CuPy has no public name for it
    return states


def set_random_state(states: Mapping[str, Array]) -> None:
    """Continue the streams from where `random_state` saw them; a GPU's only where a GPU is in use."""
    words = [int(word) for word in states["cpu"]]
    generator("cpu").bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": words[0] << 64 | words[1], "inc": words[2] << 64 | words[3]},
        "has_uint32": words[4],
        "uinteger": words[5],
    }
    if "gpu" in states and _gpu is not None:
        generator("gpu").bit_generator._state.set(states["gpu"])


# Memory

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # mallopt(3) of glibc


def keep_freed_memory() -> bool:
    """Let the process keep the memory that arrays give back, instead of returning it to the system.

    NumPy's large temporaries are otherwise fetched anew from the kernel, page by page, at every
    operation: a training step of a convolutional VAE takes 1.3 times as long. It changes the whole
    process (glibc's `mallopt`), so it is the training command that calls it and never an import.
    Returns False where the C library has no such switch (macOS, Windows, musl).
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
