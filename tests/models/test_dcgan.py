"""DCGAN's initial weights."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from minigen import rng
from minigen.models.config import current_names
from minigen.models.dcgan import DCGAN, DCGANConfig


def test_dcgan_weights_are_radfords() -> None:
    rng.manual_seed(3)
    model = DCGAN(DCGANConfig(filters=32, latent=100), (1, 28, 28), 10)
    for name, array in model.state_dict().items():
        if array.ndim >= 2:
            assert np.std(array) == pytest.approx(0.02, rel=0.1), name
    assert np.all(model.state_dict()["discriminator.0.bias"] == 0)


def test_a_run_of_an_older_version_has_its_filters() -> None:
    """They were called `channels` until those of the user's own pictures were."""
    assert current_names({"channels": 64, "lr": 0.1}) == {"filters": 64, "lr": 0.1, "skip_unreadable": False}
    saved = structs.asdict(DCGANConfig(channels=3, filters=8))
    assert current_names(saved) == saved
