"""The examples that a user names for a trained model: pictures, a file of sequences, or test examples."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigen import files
from minigen.data.own_sequences import in_units, read_like
from minigen.data.pictures import read_picture, read_pictures
from minigen.inference.arrays import UseError
from minigen.inference.loading import data_of, reading_of
from minigen.inference.trained import Trained


class Examples(NamedTuple):
    """Inputs of the model and their names; only test examples and labelled sequences have labels.

    notes: a line for each file that could not be read, and one where the inputs look `unlike` the training data.
    """

    values: Any
    names: list[str]
    labels: Any = None
    lengths: Any = None
    notes: Sequence[str] = ()


def read_examples(trained: Trained, paths: Sequence[Path], invert: bool = False) -> Examples:
    """The pictures in files and folders, or the sequences of one file.

    Raises:
        DataError, UseError: they cannot be read, or are not what the model was trained on.
    """
    if trained.data.holds_images:
        channels, height, width = trained.data.input_shape
        found = read_pictures(paths, channels, (height, width), invert)
        notes = [*found.left_out, *unlike(trained, found.images, invert)]
        return Examples(np.stack(found.images), picture_names(found.paths), notes=notes)
    if len(paths) > 1:
        raise UseError(f"{len(paths)} files of sequences, must be one")
    values, labels = read_like(paths[0], trained.data.input_shape, trained.data.classes, reading_of(trained.config))
    return Examples(values, numbers(len(values)), labels, notes=unlike(trained, trained.scaled(values)))


def unlike(trained: Trained, values: Any, inverted: bool = False) -> list[str]:
    """A line where the mean of inputs in [0, 1] is far from the training data's: dark on light, or in other units.

    Of the embedded digits, whose mean is 0.13, no single one is further than 0.18 from it; an inverted one is at 0.7 or
    more. Data that are half dark and half light, such as photographs, may have any mean.
    """
    mean, known = float(np.mean([value.mean() for value in values])), trained.data.mean
    if known is None or abs(mean - known) <= (0.4 if abs(known - 0.5) > 0.2 else 1):
        return []
    hint = f"try it with{'out' * inverted} --invert" if trained.data.holds_images else "are they in other units?"
    return [f"note    the mean of the inputs is {mean:.3g}, of the training data {known:.3g}: {hint}"]


def from_test_set(trained: Trained, count: int, say: Callable[[str], Any]) -> Examples:
    """The first `count` test examples, fewer where there are fewer; UseError for a count below 1.

    say: as in `data_of`.
    """
    if count < 1:
        raise UseError(f"--count is {count}, must be at least 1")
    data = data_of(trained, say)
    part = data.test.first(count)
    values = part.as_floats() if part.inputs.dtype == np.uint8 else in_units(part.inputs, data.units)
    return Examples(values, numbers(len(part)), part.labels, part.lengths)


def one_example(trained: Trained, word: str, invert: bool, say: Callable[[str], Any]) -> Any:
    """The test example of that number, or the picture in that file; UseError for a sequence shorter than others."""
    if word.isdecimal():
        found, at = from_test_set(trained, int(word) + 1, say), int(word)
        if len(found.values) <= at:
            raise UseError(f"{word}: the test set has numbers 0 to {len(found.values) - 1}")
        if found.lengths is not None and found.lengths[at] < found.values.shape[1]:
            raise UseError(f"{word}: a sequence of {found.lengths[at]} steps, must have all {found.values.shape[1]}")
        return found.values[at]
    if not trained.data.holds_images:
        raise UseError(f"{word!r}: must be the number of a test sequence")
    if not files.exists(Path(word)):
        raise UseError(f"{word!r}: neither a picture nor the number of a test example")
    channels, height, width = trained.data.input_shape
    return read_picture(Path(word), channels, (height, width), invert)


def numbers(count: int) -> list[str]:
    """ "00" … "11" for 12 examples"""
    return [f"{number:0{len(str(count - 1))}}" for number in range(count)]


def picture_names(paths: Sequence[Path]) -> list[str]:
    """A name for each file, with its number before it where another file has the name, also in other capitals."""
    stems = [_clipped(files.printable(path.stem)) for path in paths]
    counts = Counter(map(_key, stems))
    taken = {key for key, count in counts.items() if count == 1}
    names = []
    for number, stem in enumerate(stems):
        name = stem
        if counts[_key(stem)] > 1:
            while _key(name) in taken or name == stem:
                name = f"{number:04}-{name}"
            taken.add(_key(name))
        names.append(name)
    return names


def _key(name: str) -> str:
    """Equal for names that some file systems do not tell apart."""
    return unicodedata.normalize("NFC", name).casefold()


def _clipped(name: str) -> str:
    """As many of its letters as fit into a file's name with a number and an ending."""
    return name.encode()[:200].decode(errors="ignore")
