"""PCA beside an autoencoder: the axes are the exact ones, and the error is what they leave on the test set."""

from __future__ import annotations

import numpy as np
import pytest

from minigen import data
from minigen.data import Split
from minigen.evaluation.studies.compression import pca_error, principal_axes
from minigen.models.autoencoder import Autoencoder, AutoencoderConfig


def test_the_axes_span_what_the_singular_value_decomposition_finds() -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((300, 60)) @ np.diag(0.8 ** np.arange(60.0))
    x -= x.mean(axis=0)
    axes = principal_axes(lambda: [x[:100], x[100:]], 5)
    exact = np.linalg.svd(x, full_matrices=False)[2][:5].T
    np.testing.assert_allclose(axes.T @ axes, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(axes * exact, axis=0)), 1, rtol=1e-6)


def test_the_error_on_digits_is_the_exact_one() -> None:
    digits = data.load("mnist5k")
    train, test = digits.train.take(range(1000)), digits.test
    x, y = (split.inputs.reshape(len(split), -1) / 255 for split in (train, test))
    exact = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:16].T
    centred = y - x.mean(axis=0)
    expected = ((centred - centred @ exact @ exact.T) ** 2).mean()
    assert pca_error(train, test, 16) == pytest.approx(expected, rel=1e-4)


def test_as_many_axes_as_pixels_leave_nothing() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 3, 3)).astype(np.uint8)
    split = Split(images, np.zeros(40, dtype=np.int64))
    assert pca_error(split, split, 9) == pytest.approx(0, abs=1e-10)


def test_stands_beside_the_test_result_of_an_autoencoder() -> None:
    digits = data.load("mnist5k")
    model = Autoencoder(AutoencoderConfig(latent=7), digits.input_shape, 10)
    finding = model.study(digits, digits.train.take([]))
    assert list(finding.numbers) == ["pca_7_mse"]
    assert 0.03 < finding.numbers["pca_7_mse"] < 0.05
