"""Arrays of one's own pictures: every layout, what is ambiguous, and Keras's .npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigen.data import DataError, Dataset, load
from tests.limits import modest

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 6, 8, 3), dtype=np.uint8)
GREY = PIXELS[..., 0]


def both(data: Dataset) -> np.ndarray:
    """All images in their order, which a seeded tenth has left."""
    images = np.concatenate([data.train.inputs, data.test.inputs])
    return images[np.argsort([np.flatnonzero((images[i] == _all(data)).all(axis=(1, 2, 3)))[0] for i in range(12)])]


def _all(data: Dataset) -> np.ndarray:
    whole = PIXELS if data.input_shape[0] == 3 else GREY[..., None]
    return whole.transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("array", "channels"),
    [
        (GREY, 1),
        (GREY[..., None], 1),
        (GREY[:, None], 1),
        (PIXELS, 3),
        (PIXELS.transpose(0, 3, 1, 2), 3),
        (PIXELS / 255, 3),
        (PIXELS.astype(np.int64), 3),
    ],
    ids=["NHW", "NHWC 1", "NCHW 1", "NHWC 3", "NCHW 3", "floats", "int64"],
)
def test_every_layout_of_an_npy(tmp_path: Path, array: np.ndarray, channels: int) -> None:
    np.save(tmp_path / "mine.npy", array)
    data = load(tmp_path / "mine.npy")
    assert (data.name, data.input_shape, len(data.train), len(data.test)) == ("mine", (channels, 6, 8), 10, 2)
    np.testing.assert_array_equal(both(data), _all(data))


def test_an_npz_of_keras_has_splits_and_labels(tmp_path: Path) -> None:
    y = np.arange(12).reshape(12, 1) % 5
    np.savez_compressed(tmp_path / "k.npz", x_train=PIXELS, y_train=y, x_test=PIXELS[:4], y_test=y[:4, 0], extra=y)
    data = load(tmp_path / "k.npz")
    np.testing.assert_array_equal(data.train.inputs, PIXELS.transpose(0, 3, 1, 2))
    assert (data.train.labels.tolist(), data.classes) == (y[:, 0].tolist(), ("0", "1", "2", "3", "4"))
    assert data.test.labels.tolist() == [0, 1, 2, 3]
    np.savez(tmp_path / "k.npz", x_train=np.ones((5, 3, 4, 3), np.uint8) * 9)
    assert load(tmp_path / "k.npz").input_shape == (3, 3, 4), "Keras has the channels last"
    assert load(tmp_path / "k.npz", size="8x7", channels=1).input_shape == (1, 8, 7)


def test_the_first_test_pictures_of_a_sorted_file_are_of_several_classes(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(4), 50)
    np.savez(tmp_path / "sorted.npz", x_train=(labels[:, None, None] + 9) * np.ones((1, 4, 4), int), y_train=labels)
    data = load(tmp_path / "sorted.npz")
    assert len(set(data.test.labels[:5])) > 1
    np.testing.assert_array_equal(data.test.inputs[:, 0, 0, 0], data.test.labels + 9)
    assert data.train.labels.tolist() == sorted(data.train.labels)


BAD: dict[str, tuple[Any, str]] = {
    "two layouts": (np.zeros((5, 3, 4, 3), np.uint8), r"\(N, C, H, W\) or \(N, H, W, C\): .*x_train=array"),
    "single picture": (np.zeros((28, 28, 3), np.uint8), r"28 images of 28 × 3: save one as"),
    "four channels": (np.zeros((5, 8, 8, 4), np.uint8), r"must be \(N, H, W\), .* with 1 or 3 channels"),
    "floats to 255": (PIXELS.astype(float), r"float64 from 0 to 255, must be uint8 .*floats from 0 to 1"),
    "NaN": (np.full((5, 4, 4), np.nan), r"from nan to nan, must be"),
    "zeros and ones": (np.eye(4, dtype=np.uint8)[None], r"largest uint8 value is 1, .*multiply by 255"),
    "empty": (np.zeros((0, 4, 4), np.uint8), r"empty \(shape"),
    "one picture": (np.full((1, 4, 4), 9, np.uint8), r"no picture is left to train on"),
    "objects": (np.array([None]), r"holds object, expected"),
    "no x_train": ({"train": GREY}, r"holds no x_train"),
    "labels of others": ({"x_train": GREY, "y_train": np.zeros(3, int)}, r"y_train has shape \(3,\), must be \(12,\)"),
    "one-hot": ({"x_train": GREY, "y_train": np.eye(12)}, r"y_train has shape \(12, 12\), must be \(12,\)"),
    "negative label": ({"x_train": GREY, "y_train": np.arange(12) - 1}, r"int64 from -1 to 10, must be whole numbers"),
    "other test size": ({"x_train": GREY, "x_test": GREY[:, :4]}, r"hold \(1, 6, 8\) and \(1, 4, 8\)"),
    "labels of the training part only": (
        {"x_train": GREY, "y_train": np.zeros(12), "x_test": GREY},
        r"holds y_train but no y_test: give both or neither",
    ),
    "labels of the test part only": (
        {"x_train": GREY, "x_test": GREY, "y_test": np.zeros(12)},
        r"holds y_test but no y_train: give both or neither",
    ),
    "class only in test": (
        {"x_train": GREY, "y_train": np.arange(12) % 3, "x_test": GREY, "y_test": np.arange(12) % 5},
        r"y_test has the class 4, y_train has classes up to 2",
    ),
    "labels alone": ({"x_train": GREY, "y_test": np.zeros(12)}, r"holds y_test, but no x_test"),
}


@pytest.mark.parametrize(
    ("count", "size", "channels", "shape"),
    [
        (1, "4096", 3, r"\(1, 3, 4096, 4096\) take 50,331,648 bytes, must be at most 16,777,216 per picture"),
        (65, "4096", 1, r"\(65, 1, 4096, 4096\) take 1,090,519,040 bytes, .* 1,073,741,824 in all: a smaller --size"),
    ],
)
def test_a_size_that_would_fill_memory_is_refused(
    tmp_path: Path, count: int, size: str, channels: int, shape: str
) -> None:
    np.save(tmp_path / "a.npy", np.full((count, 4, 4), 9, np.uint8))
    with modest(), pytest.raises(DataError, match=rf"a\.npy: pictures \(N, C, H, W\) = {shape}"):
        load(tmp_path / "a.npy", size=size, channels=channels)


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_understood_is_one_line(tmp_path: Path, what: str) -> None:
    content, message = BAD[what]
    path = tmp_path / ("a.npz" if isinstance(content, dict) else "a.npy")
    if isinstance(content, dict):
        np.savez(path, **content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(DataError, match=message) as raised:
        load(path)
    assert str(raised.value).startswith(str(path))
