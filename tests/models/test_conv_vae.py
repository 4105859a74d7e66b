"""The convolutional VAE's last layer leaves no checkerboard."""

from __future__ import annotations

import numpy as np

from minigen import Tensor
from minigen.models.conv_vae import ConvVAE, ConvVAEConfig


def test_every_pixel_of_the_image_is_reached_by_as_many_taps() -> None:
    """Kernel 4, stride 2: a constant image of features gives a constant image of pixels, no checkerboard."""
    layer = ConvVAE(ConvVAEConfig(), (1, 28, 28), 10).pixel[0]
    layer.weight.data[...] = 1.0
    layer.bias.data[...] = 0.0
    image = layer(Tensor(np.ones((1, 32, 14, 14), dtype=np.float32))).data[0, 0]
    assert np.ptp(image[1:-1, 1:-1]) == 0
