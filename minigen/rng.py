"""Random numbers: one stream per device, all seeded by `manual_seed`.

The streams belong to a thread, so that threads cannot disturb each other. A thread that has not called
`manual_seed` draws from a seed that the operating system gives.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any

import numpy

from minigen import backend
from minigen.backend import Array

_GPU_STREAMS = 16_384  # threads of the GPU that draw at once, with 64 bytes of state each
_WORD = 2**64  # PCG64's numbers have 128 bits, saved as two words


class _Streams(threading.local):
    """One thread's generators by device, made when first asked for, their seed, and the most numbers of a draw."""

    def __init__(self) -> None:
        self.generators: dict[str, Any] = {}
        self.seed: int | None = None
        self.most: float = math.inf


_streams = _Streams()


def manual_seed(seed: int) -> None:
    """Start every device's random stream anew from `seed`.

    Raises:
        ValueError: the seed is negative, or no integer.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"manual_seed: seed is {seed!r}, must be an integer of at least 0")
    _streams.generators, _streams.seed = {}, seed


def generator(device: str = "cpu") -> Any:
    """The device's random generator: NumPy's PCG64, or CuPy's Philox with a stream that no card's size changes."""
    if device not in _streams.generators:
        random = backend.module(device).random
        _streams.generators[device] = (
            random.default_rng(_streams.seed)
            if device == "cpu"
            else random.Generator(random.Philox4x3210(_streams.seed, size=_GPU_STREAMS))
        )
    return _streams.generators[device]


def standard_normal(shape: tuple[int, ...], dtype: Any, device: str) -> Array:
    """Draws from N(0, 1)."""
    _require_size(shape)
    return generator(device).standard_normal(shape, dtype=dtype)


def uniform(shape: tuple[int, ...], dtype: Any, device: str) -> Array:
    """Draws from the uniform distribution on [0, 1)."""
    _require_size(shape)
    return generator(device).random(shape, dtype=dtype)


@contextlib.contextmanager
def stream(seed: int, most: float = math.inf) -> Iterator[None]:
    """Draw from streams of their own in a `with` block: what is drawn outside is the same with and without it.

    Raises:
        ValueError: a draw in the block has more than `most` numbers.
    """
    outer = _streams.generators, _streams.seed, _streams.most
    manual_seed(seed)
    _streams.most = most
    try:
        yield
    finally:
        _streams.generators, _streams.seed, _streams.most = outer


def _require_size(shape: tuple[int, ...]) -> None:
    if math.prod(shape) > _streams.most:
        raise ValueError(f"an array of shape {shape} is drawn, must have at most {_streams.most:,} numbers")


def state() -> dict[str, Array]:
    """How far each device's stream has come, as NumPy arrays by device."""
    saved = generator("cpu").bit_generator.state
    number, increment = (divmod(saved["state"][name], _WORD) for name in ("state", "inc"))
    words = [*number, *increment, saved["has_uint32"], saved["uinteger"]]
    states = {"cpu": numpy.array(words, dtype=numpy.uint64)}
    if "gpu" in _streams.generators:
        states["gpu"] = _streams.generators["gpu"].bit_generator._state.get()  # CuPy has no public name for it
    return states


def set_state(states: Mapping[str, Array]) -> None:
    """Continue the streams from where `state` saw them; a GPU's only if a GPU is in use."""
    words = [int(word) for word in states["cpu"]]
    generator("cpu").bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": words[0] * _WORD + words[1], "inc": words[2] * _WORD + words[3]},
        "has_uint32": words[4],
        "uinteger": words[5],
    }
    if "gpu" in states and backend.gpu_in_use():
        generator("gpu").bit_generator._state.set(states["gpu"])
