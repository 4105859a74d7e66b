from __future__ import annotations

import numpy as np
import pytest

from minigen.data import Dataset, shapes


def test_sizes_and_classes(drawn_shapes: Dataset) -> None:
    assert drawn_shapes.train.inputs.shape == (6000, 3, 32, 32)
    assert drawn_shapes.test.inputs.shape == (1000, 3, 32, 32)
    assert drawn_shapes.train.inputs.dtype == np.uint8
    assert drawn_shapes.train.labels.dtype == np.int64
    assert np.bincount(drawn_shapes.train.labels).tolist() == [600] * 10
    assert np.bincount(drawn_shapes.test.labels).tolist() == [100] * 10
    assert len(set(drawn_shapes.classes)) == 10


def test_the_seed_decides_every_pixel() -> None:
    one, same, other = (shapes.draw(50, 64, seed) for seed in ([3, 0], [3, 0], [4, 0]))
    assert one.inputs.shape == (50, 3, 64, 64)
    assert np.array_equal(one.inputs, same.inputs)
    assert np.array_equal(one.labels, same.labels)
    assert not np.array_equal(one.inputs, other.inputs)


def test_train_and_test_share_no_image(drawn_shapes: Dataset) -> None:
    train = {image.tobytes() for image in drawn_shapes.train.inputs}
    assert len(train) == 6000
    assert not train & {image.tobytes() for image in drawn_shapes.test.inputs}


def test_images_are_colourful_and_varied(drawn_shapes: Dataset) -> None:
    images = drawn_shapes.train.inputs[:500].astype(float)
    assert images.std(axis=(1, 2, 3)).min() > 5  # no flat image
    assert images.std(axis=0).min() > 30  # every pixel differs from image to image
    assert np.abs(images[:, 0] - images[:, 2]).mean() > 15  # not grey


@pytest.mark.parametrize("name", shapes.DISTANCES)
def test_distance_is_a_distance(name: str) -> None:
    """Negative inside and positive outside, within the unit circle or a little more, slope 1 near the outline."""
    step = 0.004
    axis = np.arange(-1.6, 1.6, step)
    x, y = np.meshgrid(axis, axis)
    distance = shapes.DISTANCES[name](x, y)
    inside = distance < 0
    assert 0.3 < inside.sum() * step**2 < np.pi
    assert np.hypot(x, y)[inside].max() < 1.02
    down, right = np.gradient(distance, step)
    slope = np.hypot(down, right)[np.abs(distance) < 0.02]
    assert np.median(slope) == pytest.approx(1, abs=0.01)
    assert np.quantile(slope, 0.9) < 1.05


@pytest.mark.parametrize("name", shapes.DISTANCES)
def test_mirror_symmetry(name: str) -> None:
    """Each outline is its own mirror image, left to right or top to bottom."""
    x, y = np.random.default_rng(0).uniform(-1.2, 1.2, (2, 1000))
    distance = shapes.DISTANCES[name]
    left_right = np.allclose(distance(x, y), distance(-x, y))
    top_bottom = np.allclose(distance(x, y), distance(x, -y))
    assert left_right or top_bottom


def test_classes_can_be_told_apart(drawn_shapes: Dataset) -> None:
    """Ridge regression on the outline's power spectrum beats chance by far: the labels belong to the images."""

    def features(images: np.ndarray) -> np.ndarray:
        grey = images.astype(np.float32).mean(axis=1)
        spectrum = np.log1p(np.abs(np.fft.rfft2(grey - grey.mean(axis=(1, 2), keepdims=True))))
        return np.hstack([spectrum.reshape(len(images), -1), np.ones((len(images), 1))])

    x, labels = features(drawn_shapes.train.inputs), np.eye(10)[drawn_shapes.train.labels]
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ labels)
    accuracy = ((features(drawn_shapes.test.inputs) @ weights).argmax(axis=1) == drawn_shapes.test.labels).mean()
    assert accuracy > 0.3
