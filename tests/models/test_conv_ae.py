"""The convolutional autoencoder: what its decoder makes of max-pooled features without their switches."""

from __future__ import annotations

import numpy as np

from minigen import Tensor, ops
from minigen.models.conv_ae import ConvAutoencoder, ConvAutoencoderConfig


def test_without_switches_a_maximum_may_have_come_from_anywhere() -> None:
    """decode is linear in the unpooled features up to the next relu: a quarter is the mean over the four places."""
    model = ConvAutoencoder(ConvAutoencoderConfig(pooling="max"), (1, 6, 10), 10).to(dtype="float64")
    features = Tensor(np.random.default_rng(0).random((1, 64, 3, 5)))
    rows, columns = np.arange(3)[:, None] * 2, np.arange(5) * 2
    places = [(rows + i) * 10 + columns + j for i in (0, 1) for j in (0, 1)]
    shape = (1, 64, 3, 5)
    each = [ops.max_unpool2d(features, np.broadcast_to(place, shape), 2).data for place in places]
    first = model.image[0]
    mean = np.mean([first(Tensor(unpooled)).data for unpooled in each], axis=0)
    np.testing.assert_allclose(first(0.25 * ops.upsample_nearest2d(features, 2)).data, mean, atol=1e-12)
