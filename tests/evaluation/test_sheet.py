"""minigen.show, and how tensors, modules and runs look in a notebook."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

import minigen
from minigen import nn
from minigen.nn import Parameter


def picture(sheet) -> np.ndarray:
    with Image.open(io.BytesIO(sheet._repr_png_())) as image:
        return np.asarray(image)


def test_grey_images_are_dark_on_light_side_by_side():
    images = np.zeros((16, 1, 28, 28), np.float32)
    images[9] = 1.0  # second row, second column
    shown = picture(minigen.show(images))
    assert shown.shape == (2 * 56, 8 * 56)
    assert (shown[56:, 56:112] == 0).all()
    assert (shown == 255).mean() == 15 / 16


def test_colours_stay_and_few_columns_are_kept():
    images = np.zeros((3, 3, 80, 70), np.uint8)
    images[:, 1] = 255
    shown = picture(minigen.show(minigen.tensor(images / 255), columns=1))
    assert shown.shape == (240, 70, 3)
    assert (shown == [0, 255, 0]).all()
    assert (picture(minigen.show(images, columns=1)) == shown).all()


@pytest.mark.parametrize("shape", [(28, 28), (5, 28, 28), (500, 1, 8, 8)])
def test_images_without_channels_or_a_batch_are_shown(shape, tmp_path):
    sheet = minigen.show(np.zeros(shape))
    expected = {2: "1 image", 3: "5 images", 4: "400 of 500 images"}[len(shape)]
    assert f"Sheet of {expected}" in repr(sheet)
    assert sheet.save(tmp_path / "s.png").read_bytes() == sheet._repr_png_()


@pytest.mark.parametrize(
    ("images", "columns", "error", "said"),
    [
        (np.zeros((2, 4, 8, 8)), None, ValueError, r"images have shape \(2, 4, 8, 8\), must be"),
        (np.zeros((0, 1, 8, 8)), None, ValueError, r"images have shape \(0, 1, 8, 8\), must be"),
        (np.full((8, 8), np.nan), None, ValueError, "not finite"),
        (np.zeros((8, 8)), 0, ValueError, "columns is 0, must be at least 1"),
        ([1.0], None, TypeError, "images is a list, must be an array"),
    ],
)
def test_what_is_no_image_is_refused(images, columns, error, said):
    with pytest.raises(error, match=said):
        minigen.show(images, columns)


def cells(html: str) -> list[str]:
    return re.findall(r"<t[dh]>(.*?)</t[dh]>", html)


@pytest.mark.parametrize(
    ("values", "about", "shown"),
    [
        (2.5, "tensor number, float64, cpu, requires a gradient<", ["2.5"]),
        ([1.0, -2.0], "2, float64, cpu, requires a gradient, from -2 to 1, mean -0.5<", ["1", "-2"]),
        (np.arange(8.0).reshape(2, 2, 2), "<br>[0, :, :]", ["0", "1", "2", "3"]),
        (np.ones((9, 9)), "9×9", [*(["1"] * 8 + ["…"]) * 8, "…"]),
        (np.ones((2, 0)), "2×0", []),
    ],
)
def test_a_tensor_in_a_notebook(values, about, shown):
    html = minigen.tensor(np.asarray(values, "float64"), requires_grad=True)._repr_html_()
    assert about in html
    assert cells(html) == shown


def test_a_module_in_a_notebook():
    net = nn.Sequential(nn.Linear(3, 2))
    setattr(net, "<b>", Parameter(np.zeros(5)))
    html = net._repr_html_()
    assert "(0): Linear(" in html
    assert "13 parameters" in html
    assert cells(html) == ["&lt;b&gt;", "5", "0.weight", "2×3", "0.bias", "2"]
