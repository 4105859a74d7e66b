"""The dense VAE: how sure a Gaussian pixel may be. test_twins_torch.py has its loss and training beside PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigen import Tensor
from minigen.models.vae import VAE, VAEConfig


@pytest.mark.parametrize("bias", [-1e4, 1e4])
def test_a_gaussian_pixel_is_never_surer_than_its_bound(bias: float) -> None:
    model = VAE(VAEConfig(hidden=7, latent=2, likelihood="gaussian"), (1, 4, 3), 10).to(dtype="float64")
    model.pixel_log_var.bias.data[...] = bias
    model.pixel_log_var.weight.data[...] = 0
    x = np.random.default_rng(4).random((3, 1, 4, 3))
    loss = model.negative_log_likelihood(Tensor(x), Tensor(np.zeros((3, 2)))).item()
    assert math.isfinite(loss)
    per_pixel = 0.5 * math.log(2 * math.pi) + math.copysign(3.0, bias)
    assert loss >= 12 * per_pixel
