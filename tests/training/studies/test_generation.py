"""Paths between noises, and nearest neighbours."""

from __future__ import annotations

import numpy as np

from minigen.training.studies.generation import nearest, on_the_sphere


def test_a_path_keeps_the_length_of_the_noise() -> None:
    start, end = np.random.default_rng(0).standard_normal((2, 5, 100))
    path = on_the_sphere(start, end, 9)
    assert path.shape == (5, 9, 100)
    np.testing.assert_allclose(path[:, 0], start, atol=1e-12)
    np.testing.assert_allclose(path[:, -1], end, atol=1e-12)
    lengths = np.linalg.norm(path, axis=2)
    assert np.all(lengths > 0.9 * np.minimum(lengths[:, :1], lengths[:, -1:])), "the chord's middle has 0.7 of it"


def test_the_nearest_is_what_all_distances_say() -> None:
    random = np.random.default_rng(1)
    images = random.random((6, 1, 3, 3)).astype(np.float32)
    others = random.integers(0, 256, (12_000, 1, 3, 3)).astype(np.uint8)
    distances = ((images[:, None] - others[None] / 255) ** 2).sum((2, 3, 4))
    assert nearest(images, others).tolist() == distances.argmin(axis=1).tolist()


def test_a_memorised_image_is_found() -> None:
    others = np.random.default_rng(2).integers(0, 256, (7000, 1, 4, 4)).astype(np.uint8)
    assert nearest(others[[6500, 3]].astype(np.float32) / 255, others).tolist() == [6500, 3]
