"""The convolutional VAE: the dense one's objective around convolutions."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, random
from minigen.data import Batch
from minigen.models import ConfigError
from minigen.models.conv_vae import ConvVAE, ConvVAEConfig
from minigen.models.vae import VAE


def make(shape: tuple[int, ...], **options: Any) -> ConvVAE:
    random.manual_seed(3)
    return ConvVAE(ConvVAEConfig(**({"hidden": 8, "latent": 3} | options)), shape, 10)


def batch_of(count: int, shape: tuple[int, ...]) -> Batch:
    x = np.random.default_rng(4).random((count, *shape), dtype=np.float32)
    return Batch(x, np.zeros(count, dtype=np.int64), None, np.arange(count))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (2, 8, 12)], ids=str)
def test_takes_every_image_data_set(shape: tuple[int, ...], likelihood: str) -> None:
    model, batch = make(shape, likelihood=likelihood), batch_of(2, shape)
    with no_grad():
        x = Tensor(batch.inputs)
        assert model.encode(x).shape == (2, 3)
        for images in (model.reconstruct(x), model.sample(Tensor(np.ones((2, 3), dtype=np.float32)))):
            assert images.shape == x.shape
            assert 0 <= images.data.min() <= images.data.max() <= 1
        terms = model.evaluate(batch).terms
    total = terms["reconstruction"].item() + terms["kl"].item()
    assert list(terms) == ["negative_elbo", "reconstruction", "kl"]
    assert terms["negative_elbo"].item() == pytest.approx(total, rel=1e-6)


def test_refuses_what_it_cannot_halve_twice() -> None:
    with pytest.raises(ConfigError, match="--data mnist5k holds images of 28 × 30, conv-vae needs multiples of 4"):
        make((1, 28, 30))


def test_the_objective_is_the_dense_ones() -> None:
    own = [name for name, value in vars(ConvVAE).items() if inspect.isfunction(value) and name != "__init__"]
    assert not own, "only the nets differ"
    assert issubclass(ConvVAE, VAE)


def test_every_pixel_of_the_image_is_reached_by_as_many_taps() -> None:
    """Kernel 4, stride 2: a constant image of features gives a constant image of pixels, no checkerboard."""
    layer = make((1, 28, 28)).pixel[0]
    layer.weight.data[...] = 1.0
    layer.bias.data[...] = 0.0
    image = layer(Tensor(np.ones((1, 32, 14, 14), dtype=np.float32))).data[0, 0]
    assert np.ptp(image[1:-1, 1:-1]) == 0
