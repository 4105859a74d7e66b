"""The file format of checkpoints: arrays and a JSON text in one safetensors file, with a checksum.

A file holds the arrays ("model.…", "optimizer.…", "random.…") and, in its header, a SHA-256 of all else and a
JSON text: the schema version and what `state.State` declares. Such a file cannot carry code, equal states give
equal files, and a new file replaces the old one only when it is complete on the disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from minigen import files

SCHEMA = 1
MOST_BYTES, MOST_HEADER = 2**32, 2**22  # of a checkpoint, and of the names and the text in it: some 30,000 arrays


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: one line that says which file and why."""


class DamagedError(CheckpointError):
    """A checkpoint that is missing or no longer what was written: another one may be whole."""


def write(path: Path, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
    """Save arrays and state; a file of that name stays whole until the new one is.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps({"schema": SCHEMA, **state})
    content = save(whole, metadata={"minigen": f"{_digest(whole, text)} {text}"})
    files.replace_file(path, content)


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the state.

    Raises:
        DamagedError: there is no such file, or it is not what `write` wrote.
        CheckpointError: it is of a newer schema.
    """
    try:
        content = files.read(path, MOST_BYTES)
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        size = int.from_bytes(content[:8], "little")
        if size > MOST_HEADER:
            raise ValueError(f"its header has {size:,} bytes, must have at most {MOST_HEADER:,}")
        arrays = load(content)
        header = json.loads(content[8 : 8 + size])
        digest, text = header["__metadata__"]["minigen"].split(" ", 1)
        state = json.loads(text)
        newer = state["schema"] > SCHEMA
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{path}: damaged, or not a checkpoint of minigen ({error})") from error
    if digest != _digest(arrays, text):
        raise DamagedError(f"{path}: damaged (its checksum does not fit its content)")
    if newer:
        raise CheckpointError(
            f"{path}: written by a newer minigen (schema {state['schema']}, this one reads {SCHEMA}): update minigen"
        )
    return arrays, state


def _digest(arrays: Mapping[str, NDArray[Any]], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
