"""The data sets, by name or path: `load("mnist5k")`, `load("photos/")`; and the loader that makes batches of them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minigen.data import cifar, mnist, sequences, shapes
from minigen.data.arrays import load_arrays
from minigen.data.dataset import DataError, Dataset, Split
from minigen.data.description import Description
from minigen.data.folder import load_folder
from minigen.data.loader import Batch, Loader
from minigen.data.own_sequences import Reading, read_sequences
from minigen.data.pictures import read_size
from minigen.files import absolute, exists

__all__ = ["Batch", "DataError", "Dataset", "Description", "Loader", "Split"]
__all__ += ["Reading", "descriptions", "is_path", "load", "names", "read_sequences"]

_ENDINGS = (".npy", ".npz", ".csv")


class _Embedded(NamedTuple):
    """A set that minigen carries or generates from a seed; reads no file of the user's."""

    description: str
    make: Callable[[int], Dataset]


class _Stored(NamedTuple):
    """A set that lies in --data-dir, or is downloaded."""

    description: str
    make: Callable[[Path | None], Dataset]


_SETS: dict[str, _Embedded | _Stored] = {
    "mnist5k": _Embedded("5,000 + 1,000 handwritten digits, 28 x 28; comes with minigen", lambda _: mnist.mnist5k()),
    "mnist": _Stored("60,000 + 10,000 handwritten digits, 28 x 28", mnist.mnist),
    "fashion-mnist": _Stored("60,000 + 10,000 pieces of clothing, 28 x 28", mnist.fashion_mnist),
    "cifar10": _Stored("50,000 + 10,000 colour photographs of ten things, 32 x 32", cifar.cifar10),
    "shapes": _Embedded(
        "6,000 + 1,000 coloured shapes, 32 x 32; generated", lambda seed: shapes.shapes("shapes", 32, seed)
    ),
    "shapes64": _Embedded(
        "6,000 + 1,000 coloured shapes, 64 x 64; generated", lambda seed: shapes.shapes("shapes64", 64, seed)
    ),
    "mnist5k-rows": _Embedded(
        "the digits of mnist5k as sequences: 28 rows of 28 values",
        lambda _: mnist.as_rows(mnist.mnist5k(), "mnist5k-rows"),
    ),
    "mnist-rows": _Stored(
        "the digits of mnist as sequences: 28 rows of 28 values",
        lambda data_dir: mnist.as_rows(mnist.mnist(data_dir), "mnist-rows"),
    ),
    "waves": _Embedded(
        "sine, square, saw and chirp waves with anomalies in the test part; generated",
        lambda seed: sequences.waves("waves", seed),
    ),
    "waves-varied": _Embedded(
        "the same waves, cut to different lengths; generated",
        lambda seed: sequences.waves("waves-varied", seed, varied=True),
    ),
}


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(_SETS)


def descriptions() -> dict[str, str]:
    """One line about each data set."""
    return {name: entry.description for name, entry in _SETS.items()}


def is_path(name: str) -> bool:
    """Whether `load` takes the name for a path: it has a / or the ending of a file, begins with ~, or lies here."""
    looks = os.sep in name or name[:1] in ("~", ".") or Path(name).suffix.lower() in _ENDINGS
    return name not in _SETS and (looks or os.path.lexists(name))


def load(
    name: str | Path,
    data_dir: str | Path | None = None,
    seed: int = 0,
    size: str | None = None,
    channels: int | None = None,
    skip_unreadable: bool = False,
) -> Dataset:
    """The data set called `name`, or the user's own data at a path.

    A path leads to a folder of pictures (data/folder.py), a .npz or .npy file of pictures (data/arrays.py), or a .csv
    file of sequences (data/own_sequences.py).

    Args:
        data_dir: the folder with the files of mnist, fashion-mnist, cifar10 or mnist-rows, where ~ is the user's home;
            None: download them once. Of the user's own data: where they lie now, if that is no longer `name`.
        seed: decides what the generated sets contain, and which of the user's own examples are the test split.
        size, channels, skip_unreadable: for the user's own pictures: the height and width to which each is shrunk or
            stretched, "64" or "48x64"; 1 for grey or 3 for colours; whether to leave out files that cannot be read.

    Raises:
        DataError: an unknown name, a missing or damaged file, a failed download; one line.
    """
    name = str(name)
    if is_path(name):
        return _own(absolute(name if data_dir is None else data_dir), seed, size, channels, skip_unreadable)
    entry = _SETS.get(name)
    if entry is None:
        close = difflib.get_close_matches(name.lower(), _SETS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise DataError(
            f"unknown data set {name!r}: {hint}known: {', '.join(_SETS)}, or the path of your own folder or file"
        )
    for option, value in (("size", size), ("channels", channels), ("skip-unreadable", skip_unreadable or None)):
        if value is not None:
            raise DataError(f"--{option} is {value}, but {name} has a form of its own: it is for pictures of your own")
    if isinstance(entry, _Stored):
        return entry.make(None if data_dir is None else absolute(data_dir))
    if data_dir is not None:
        stored = ", ".join(other for other, kind in _SETS.items() if isinstance(kind, _Stored))
        raise DataError(f"{name} comes with minigen and reads no --data-dir (the sets that do: {stored})")
    return entry.make(seed)


def _own(path: Path, seed: int, size: str | None, channels: int | None, skip_unreadable: bool) -> Dataset:
    """The user's own data at a path, by what lies there."""
    sides, ending = None if size is None else read_size(size), path.suffix.lower()
    if not exists(path) or path.is_dir():
        return load_folder(path, seed, sides, channels, skip_unreadable)
    if skip_unreadable:
        raise DataError(f"--skip-unreadable is for a folder of pictures, {path} is a file")
    if ending in (".npy", ".npz"):
        return load_arrays(path, seed, sides, channels)
    if ending == ".csv":
        for option, value in (("size", size), ("channels", channels)):
            if value is not None:
                raise DataError(f"--{option} is {value}, but {path} holds sequences, not pictures")
        return read_sequences(path, seed)
    raise DataError(f"{path}: must be a folder of pictures, or a .npz, .npy or .csv file")
