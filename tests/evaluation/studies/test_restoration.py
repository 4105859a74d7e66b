"""The figure of restorations: a row for each kind of image, small ones enlarged."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from minigen import data, rng
from minigen.models.deconv import Deconvolution, DeconvolutionConfig


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"scale": 4}, ["input", "bicubic", "restored", "true"]),
        ({"task": "denoise"}, ["identity", "restored", "true"]),
        ({"task": "deblur", "data": "shapes"}, ["identity", "restored", "true"]),
    ],
)
def test_rows_are_named_and_measured(options: dict[str, Any], rows: list[str]) -> None:
    config = DeconvolutionConfig(**options)
    images = data.load(config.data)
    rng.manual_seed(0)
    model = Deconvolution(config, images.input_shape, 10)
    finding = model.study(images, images.train.take([]))
    (axes,) = finding.figures["restorations"].axes
    labels = [label.get_text().split("\n") for label in axes.get_yticklabels()]
    assert [name for name, *_ in labels] == rows
    assert all(measure[0].endswith(" dB") for _, *measure in labels if measure)
    _, height, width = images.input_shape
    assert axes.images[0].get_array().shape[:2] == (len(rows) * height, 10 * width)


def test_one_test_image_is_one_column() -> None:
    images = data.load("mnist5k")
    model = Deconvolution(DeconvolutionConfig(task="denoise"), images.input_shape, 10)
    finding = model.study(dataclasses.replace(images, test=images.test.take([3])), images.train.take([]))
    (axes,) = finding.figures["restorations"].axes
    assert axes.images[0].get_array().shape == (3 * 28, 28)
