"""Averaging, blur and bicubic interpolation as matrices."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from minigen.data.resampling import averaging, bicubic, blurring


@pytest.mark.parametrize(("size", "scale"), [(28, 4), (32, 2), (7, 1)])
def test_averaging_takes_the_mean_of_neighbours(size: int, scale: int) -> None:
    x = np.random.default_rng(0).random(size)
    np.testing.assert_allclose(averaging(size, scale) @ x, x.reshape(-1, scale).mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(("size", "scale"), [(7, 4), (14, 2), (16, 4), (5, 3), (3, 2)])
def test_bicubic_is_what_pillow_does(size: int, scale: int) -> None:
    x = np.random.default_rng(0).random((size, size + 1)).astype(np.float32)
    large = (scale * (size + 1), scale * size)
    expected = np.asarray(Image.fromarray(x).resize(large, Image.Resampling.BICUBIC))
    np.testing.assert_allclose(bicubic(size, scale) @ x @ bicubic(size + 1, scale).T, expected, atol=1e-6)


@pytest.mark.parametrize("matrix", [averaging(12, 4), blurring(12, 1.5), bicubic(12, 4)])
def test_an_even_image_stays_as_it_is(matrix: np.ndarray) -> None:
    np.testing.assert_allclose(matrix @ np.full(12, 0.7), 0.7, rtol=1e-12)


def test_blur_weighs_neighbours_by_their_distance() -> None:
    row = blurring(41, 2.0)[20]
    np.testing.assert_allclose(row[20 + np.arange(6)] / row[20], np.exp(-(np.arange(6.0) ** 2) / 8), rtol=1e-12)
    assert (row == row[::-1]).all()
