"""Paths between noises, and nearest neighbours."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minigen.data import Dataset, Split
from minigen.evaluation.studies.generation import judge_samples, nearest, on_the_sphere
from minigen.models.gan import GAN, GANConfig


def test_a_path_keeps_the_length_of_the_noise() -> None:
    start, end = np.random.default_rng(0).standard_normal((2, 5, 100))
    path = on_the_sphere(start, end, 9)
    assert path.shape == (5, 9, 100)
    np.testing.assert_allclose(path[:, 0], start, atol=1e-12)
    np.testing.assert_allclose(path[:, -1], end, atol=1e-12)
    lengths = np.linalg.norm(path, axis=2)
    assert np.all(lengths > 0.9 * np.minimum(lengths[:, :1], lengths[:, -1:])), "the chord's middle has 0.7 of it"


@pytest.mark.parametrize(("start", "end"), [(1.0, 2.0), (1.0, 1.0), (1.0, -2.0)])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_path_between_noises_of_one_line_is_the_chord(start: float, end: float, size: int) -> None:
    direction = np.random.default_rng(0).standard_normal((1, size)).astype(np.float32)
    path = on_the_sphere(start * direction, end * direction, 4)
    expected = [(1 - share) * start * direction[0] + share * end * direction[0] for share in (0, 1 / 3, 2 / 3, 1)]
    np.testing.assert_allclose(path[0], expected, rtol=1e-5, atol=1e-5)
    assert path.dtype == np.float32


def test_the_nearest_is_what_all_distances_say() -> None:
    random = np.random.default_rng(1)
    images = random.random((6, 1, 3, 3)).astype(np.float32)
    others = random.integers(0, 256, (12_000, 1, 3, 3)).astype(np.uint8)
    distances = ((images[:, None] - others[None] / 255) ** 2).sum((2, 3, 4))
    assert nearest(images, Split(others, np.zeros(12_000))).tolist() == distances.argmin(axis=1).tolist()


def test_a_memorised_image_is_found() -> None:
    others = np.random.default_rng(2).integers(0, 256, (7000, 1, 4, 4)).astype(np.uint8)
    assert nearest(others[[6500, 3]].astype(np.float32) / 255, Split(others, np.zeros(7000))).tolist() == [6500, 3]


def test_one_test_image_that_is_no_digit_measures_nothing(drawn_shapes: Dataset) -> None:
    test, train = drawn_shapes.test.take([0]), drawn_shapes.train.take(range(30))
    data = dataclasses.replace(drawn_shapes, test=test, train=train)
    model = GAN(GANConfig(data="shapes"), data.input_shape, len(data.classes))
    finding = judge_samples(model, data, data.train.take([]))
    assert finding.numbers == {}
    assert finding.remarks == ["30 training images: not measured, as all test images are the same"]
    assert set(finding.figures) == {"between_noises", "nearest"}
