"""`cupy.random.Generator` and its bit generators: NumPy's distributions on a stream of the fake's own.

The numbers are neither CuPy's nor NumPy's: a test that passes with this stream does not depend on one.
Sources: cupy/random/_generator_api.pyx and _bit_generator.pyx.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from . import _api, _array, _card
from ._array import ndarray, wrap


class BitGenerator:
    """Its state lies on the GPU: `size` states of `_bytes` each, one for each thread.

    `state()` is a pointer, not NumPy's dict, and cannot be assigned. What can be read and written is the private
    array `_state`: `saved = bits._state.get()` and `bits._state.set(saved)` continue the stream bit for bit.
    By default `size` depends on the card, and the stream on `size`; CuPy starts threads in blocks of 256.
    """

    __slots__ = ("_seed", "_seed_seq", "_size", "_state")
    _bytes = 0

    def __init__(self, seed: Any = None, *, size: int = -1):
        _card.require()
        self._seed_seq = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        self._seed = self._seed_seq.generate_state(1, np.uint32)[0]
        self._size = 8 * 256 * _card.MULTIPROCESSORS if size < 0 else size
        self._state = wrap(np.zeros(self._bytes * self._size, np.int8))
        self._store(np.random.SFC64([self._seed, self._size, *type(self).__name__.encode()]))

    def state(self) -> int:
        return self._state._host.ctypes.data

    @contextmanager
    def _stream(self) -> Iterator[np.random.Generator]:
        """Draw from the state on the GPU, and leave it there."""
        words = self._state._host[:48].view(np.uint64)
        bits = np.random.SFC64()
        state = {"bit_generator": "SFC64", "state": {"state": words[:4].copy()}}
        bits.state = {**state, "has_uint32": int(words[4]), "uinteger": int(words[5])}
        yield np.random.Generator(bits)
        self._store(bits)

    def _store(self, bits: np.random.SFC64) -> None:
        state: Any = bits.state
        words = [*state["state"]["state"], state["has_uint32"], state["uinteger"]]
        self._state._host[:48] = np.array(words, np.uint64).view(np.int8)


class XORWOW(BitGenerator):
    """The one that `default_rng` takes."""

    __slots__ = ()
    _bytes = 48


class MRG32k3a(BitGenerator):
    __slots__ = ()
    _bytes = 48


class Philox4x3210(BitGenerator):
    __slots__ = ()
    _bytes = 64


class Generator:
    """No `normal`, `permutation`, `shuffle` or `choice`: CuPy's has none."""

    def __init__(self, bit_generator: BitGenerator):
        self.bit_generator = bit_generator

    def __getattr__(self, name: str) -> NoReturn:
        raise _api.missing("random.Generator", name)

    def random(self, size: Any = None, dtype: Any = np.float64, out: ndarray | None = None) -> ndarray:
        """Uniform in [0, 1); any dtype but float64 is drawn as float32 and converted."""
        drawn_dtype = np.dtype(np.float64 if np.dtype(dtype) == np.float64 else np.float32)
        if out is not None:
            check_output(dtype, size, out)
            size = out.shape
        with self.bit_generator._stream() as stream:
            drawn = stream.random(shape_of(size), drawn_dtype)
        if out is not None:
            out._host[...] = drawn
            return out
        return wrap(_array.cast(np.asarray(drawn), np.dtype(dtype)))

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = np.float64) -> ndarray:
        return (low + (high - low) * self.random(size, dtype)).astype(dtype, copy=False)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: ndarray | None = None) -> ndarray:
        """N(0, 1), float32 or float64; `out` is filled in the order of its memory."""
        if out is not None:
            check_output(dtype, size, out)
        if np.dtype(dtype).char not in "fd":
            raise TypeError(f"Unsupported dtype {np.dtype(dtype).name} for standard_normal")
        result = wrap(np.empty(shape_of(size), dtype)) if out is None else out
        with self.bit_generator._stream() as stream:
            result._host.reshape(-1, order="A")[...] = stream.standard_normal(result.size, result.dtype)
        return result

    def integers(
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> ndarray:
        """Integers in [low, high), or [0, low); the bounds are read by the host."""
        low, high = (0, int(low)) if high is None else (int(low), int(high))
        high -= 0 if endpoint else 1
        if low > high:
            raise ValueError("low >= high")
        for bound, value in (("low", low), ("high", high)):
            if not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
                raise ValueError(f"{bound} is out of bounds for {np.dtype(dtype).name}")
        with self.bit_generator._stream() as stream:
            return wrap(stream.integers(low, high, shape_of(size), np.dtype(dtype), endpoint=True))


def default_rng(seed: Any = None) -> Generator:
    return Generator(seed if isinstance(seed, BitGenerator) else XORWOW(seed))


def check_output(dtype: Any, size: Any, out: ndarray) -> None:
    """Refuse an `out` of another dtype or shape, or with gaps."""
    if out.dtype != dtype:
        raise TypeError(
            f"Supplied output array has the wrong type. Expected {np.dtype(dtype).name}, got {out.dtype.name}"
        )
    if not out.flags.c_contiguous and not out.flags.f_contiguous:
        raise ValueError("Supplied output array is not contiguous, writable or aligned.")
    if size is not None and shape_of(size) != out.shape:
        raise ValueError("size must match out.shape when used together")


def shape_of(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    return tuple(size) if isinstance(size, (tuple, list)) else (int(size),)


def __getattr__(name: str) -> NoReturn:
    raise _api.missing("random", name)
