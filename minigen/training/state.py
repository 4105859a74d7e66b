"""The state of a training as a checkpoint holds it: decoded with limits, as no number in a file can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from minigen import schema
from minigen.data import Split
from minigen.models.config import Count, CountOrZero, current_names
from minigen.training import checkpoint
from minigen.training.checkpoint import CheckpointError, DamagedError

Arrays = dict[str, NDArray[Any]]


class DataPrint(Struct):
    """What tells the training data apart from other data."""

    examples: CountOrZero
    crc32: CountOrZero

    @classmethod
    def of(cls, split: Split) -> DataPrint:
        """Of inputs and labels."""
        return cls(len(split), split.crc32())


class Sums(Struct):
    """The averages of an epoch that has begun: each sum by its name, and of how many examples it is."""

    sums: dict[str, float]
    counts: dict[str, Count]


class State(Struct, kw_only=True):
    """What a checkpoint says beside its arrays; `best` is null before the first validation."""

    model: str
    config: dict[str, Any]
    data: DataPrint
    epoch: CountOrZero
    batch: CountOrZero
    averages: Sums
    seconds: Annotated[float, Meta(ge=0)] = 0.0  # checkpoints that older versions wrote have none
    best: float | None
    steps: dict[str, CountOrZero]


def read(path: Path) -> tuple[Arrays, State]:
    """The arrays and the state of a checkpoint, checked.

    Raises:
        DamagedError: as `checkpoint.read`; a number is of the wrong type, outside its limits or not finite.
        CheckpointError: it is of a newer schema.
    """
    arrays, content = checkpoint.read(path)
    try:
        state: State = schema.convert(content, State, "its state")
        state.config = current_names(state.config)
        floats = {f"averages.sums.{name}": value for name, value in state.averages.sums.items()}
        for name, value in {**floats, "seconds": state.seconds, "best": state.best or 0.0}.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} is {value}, must be a finite number")
        if state.averages.sums.keys() != state.averages.counts.keys():
            raise ValueError("averages.sums and averages.counts have different names, must have the same")
        for name, array in arrays.items():
            if name.startswith("model.") and array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinity")
        if not _is_stream(arrays.get("random.cpu")):
            raise ValueError("random.cpu must be the six words of a PCG64 stream")
    except ValueError as error:
        raise DamagedError(f"{path}: {error}") from error
    return arrays, state


def read_either(
    path: Path,
    other: Path,
    say: Callable[[str], Any],
    require: Callable[[Path, State], None] = lambda path, state: None,
) -> tuple[Path, Arrays, State]:
    """The checkpoint at `path` or, with a line about it, the other one where that is damaged; and which it was.

    Args:
        require: raises DamagedError where a state cannot be, or CheckpointError where it is of another run.

    Raises:
        DamagedError: the first is damaged and there is no other.
        CheckpointError: both are damaged, or one is of a newer schema.
    """

    def whole(path: Path) -> tuple[Path, Arrays, State]:
        arrays, state = read(path)
        require(path, state)
        return path, arrays, state

    try:
        return whole(path)
    except DamagedError as error:
        if not other.exists():
            raise
        try:
            found = whole(other)
        except DamagedError as second:
            raise CheckpointError(f"{error}; {second}: a training with --overwrite begins anew") from second
        say(f"{error}: {other} is used instead")
        return found


def within(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays whose names begin so, by the rest of the name."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _is_stream(words: NDArray[Any] | None) -> bool:
    """As `random.state` gives it: the state and the odd increment in two words each, whether a half is left, and it."""
    if words is None or words.shape != (6,) or words.dtype != np.uint64:
        return False
    return bool(words[3] % 2 == 1 and words[4] <= 1 and words[5] < 2**32)
