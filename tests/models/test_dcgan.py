"""DCGAN's initial weights."""

from __future__ import annotations

import numpy as np
import pytest

from minigen import rng
from minigen.models.dcgan import DCGAN, DCGANConfig


def test_dcgan_weights_are_radfords() -> None:
    rng.manual_seed(3)
    model = DCGAN(DCGANConfig(filters=32, latent=100), (1, 28, 28), 10)
    for name, array in model.state_dict().items():
        if array.ndim >= 2:
            assert np.std(array) == pytest.approx(0.02, rel=0.1), name
    assert np.all(model.state_dict()["discriminator.0.bias"] == 0)
