"""Pictures in an array of the user's own, as a data set.

    .npz    x_train (N, H, W) or (N, H, W, C), y_train (N,), x_test, y_test, as keras.datasets has them; only x_train
            must be there, and both labels or none beside x_test. Without x_test a random tenth, shuffled, is the test
            split, which the seed chooses
    .npy    (N, H, W), (N, H, W, C) or (N, C, H, W), where C is 1 or 3

Values are uint8 from 0 to 255, or floats from 0 to 1.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from minigen.data.dataset import DataError, Dataset, Split, hold_tenth, require_examples, require_levels
from minigen.data.description import MOST_VALUES
from minigen.data.npy import MOST_BYTES, read_npy, read_npz
from minigen.data.pictures import Size
from minigen.files import printable

KERAS = ("x_train", "y_train", "x_test", "y_test")
COLOURS = (1, 3)
MOST_CLASSES = 10_000

Levels = NDArray[np.uint8]


def load_arrays(path: Path, seed: int, size: Size, channels: int | None) -> Dataset:
    """The pictures of a .npz or .npy file, as the head of this file says.

    size: (H, W), to which each is shrunk or stretched; channels: 1 for grey, 3 for colours; None: as they are.
    Raises DataError, one line, for an array of another shape or other values, and for one that can be read in two ways.
    """
    keras = path.suffix.lower() == ".npz"
    arrays = read_npz(path, KERAS) if keras else {"x_train": read_npy(path)}
    if "x_train" not in arrays:
        raise DataError(f"{path}: holds no x_train (images; with y_train, x_test and y_test if there are any)")
    parts = []
    for part in ("train", "test"):
        if f"x_{part}" in arrays:
            where = f"{path}: x_{part}" if keras else str(path)
            pictures = _fitted(where, _channels_first(where, arrays[f"x_{part}"], keras), size, channels)
            labels = arrays.get(f"y_{part}")
            parts.append(Split(pictures, _labels(f"{path}: y_{part}", labels, len(pictures))))
        elif f"y_{part}" in arrays:
            raise DataError(f"{path}: holds y_{part}, but no x_{part}")
    if "x_test" in arrays and ("y_train" in arrays) != ("y_test" in arrays):
        has, lacks = ("train", "test") if "y_train" in arrays else ("test", "train")
        raise DataError(f"{path}: holds y_{has} but no y_{lacks}: give both or neither")
    if len(parts) == 1:
        kept, held = hold_tenth(len(parts[0]), seed)
        parts = [parts[0].take(rows) for rows in (kept, np.random.default_rng(0).permutation(held))]
    train, test = parts
    require_examples(f"{path}: no picture", train, test)
    if train.inputs.shape[1:] != test.inputs.shape[1:]:
        raise DataError(
            f"{path}: x_train and x_test hold {train.inputs.shape[1:]} and {test.inputs.shape[1:]} (C, H, W)"
        )
    trained, tested = (int(split.labels.max()) for split in parts)
    if "x_test" in arrays and tested > trained:
        raise DataError(f"{path}: y_test has the class {tested}, y_train has classes up to {trained}")
    count = 1 + max(trained, tested)
    classes = tuple(map(str, range(count))) if "y_train" in arrays else ("picture",)
    understood = f"{len(train) + len(test):,} pictures (C, H, W) = {train.inputs.shape[1:]}"
    test_split = "x_test" if "x_test" in arrays else "a random tenth"
    source = f"your own file {path}: {understood}, test split: {test_split}"
    return Dataset(printable(path.stem), train, test, classes, source)


def _channels_first(where: str, array: NDArray[Any], keras: bool) -> Levels:
    """(N, C, H, W), uint8, whichever way the array says it; `keras` has the channels last where it says both."""
    shape = array.shape
    if array.ndim == 3 and shape[2] in COLOURS:
        raise DataError(
            f"{where}: shape {shape} is {shape[0]} images of {shape[1]} × {shape[2]}: save one as (1, H, W, C)"
        )
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and shape[1] in COLOURS and shape[3] in COLOURS and not keras:
        raise DataError(
            f"{where}: shape {shape} may be (N, C, H, W) or (N, H, W, C): np.savez('x.npz', x_train=array) "
            "with an array (N, H, W, C) says which"
        )
    elif array.ndim == 4 and shape[3] in COLOURS:
        array = array.transpose(0, 3, 1, 2)
    elif array.ndim != 4 or shape[1] not in COLOURS:
        raise DataError(
            f"{where}: shape {shape}, must be (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels C"
        )
    if array.size == 0:
        raise DataError(f"{where}: empty (shape {shape})")
    return np.ascontiguousarray(_levels(where, array))


def _levels(where: str, array: NDArray[Any]) -> Levels:
    if array.dtype == np.uint8:
        require_levels(array, where)
        return array
    low, high = array.min(), array.max()
    if array.dtype.kind in "fb" and low >= 0 and high <= 1:
        return np.round(array.astype(np.float32) * 255).astype(np.uint8)
    if array.dtype.kind in "iu" and low >= 0 and 1 < high <= 255:
        return array.astype(np.uint8)
    raise DataError(
        f"{where}: {array.dtype} from {low:g} to {high:g}, must be uint8 from 0 to 255 or floats from 0 to 1"
    )


def _fitted(where: str, pictures: Levels, size: Size, channels: int | None) -> Levels:
    """The pictures (N, C, H, W) in another size, or in grey or colours; DataError where they would fill memory."""
    size, channels = size or pictures.shape[2:], channels or pictures.shape[1]
    shape = len(pictures), channels, *size
    if math.prod(shape[1:]) > MOST_VALUES or math.prod(shape) > MOST_BYTES:
        most = f"must be at most {MOST_VALUES:,} per picture and {MOST_BYTES:,} in all: a smaller --size"
        raise DataError(f"{where}: pictures (N, C, H, W) = {shape} take {math.prod(shape):,} bytes, {most}")
    if shape == pictures.shape:
        return pictures
    found = np.empty(shape, np.uint8)
    for at, picture in enumerate(pictures):
        image = Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0))
        image = image.resize(size[::-1], Image.Resampling.LANCZOS).convert("L" if channels == 1 else "RGB")
        found[at] = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)
    return found


def _labels(where: str, labels: NDArray[Any] | None, count: int) -> NDArray[np.int64]:
    """(N,), also from (N, 1); zeros where there are none."""
    if labels is None:
        return np.zeros(count, np.int64)
    if labels.shape not in ((count,), (count, 1)):
        raise DataError(f"{where} has shape {labels.shape}, must be ({count},): the number of each image's class")
    with np.errstate(invalid="ignore"):  # a NaN that is cast; it is refused below
        whole = labels.reshape(count).astype(np.int64)
    if (whole != labels.reshape(count)).any() or whole.min() < 0 or whole.max() >= MOST_CLASSES:
        what = f"{labels.dtype} from {labels.min():g} to {labels.max():g}"
        raise DataError(f"{where} holds {what}, must be whole numbers from 0 to {MOST_CLASSES - 1:,}")
    return whole
