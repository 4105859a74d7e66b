"""Each model learns a few images by heart; each of its hyper-parameters has its help and its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import structs

from minigen import rng
from minigen.data import Batch
from minigen.models import MODELS, ConfigError
from minigen.models.config import options
from minigen.models.model import Objective

FIT = {
    "ae-mse": ("ae", {"hidden": 20, "latent": 8, "lr": 1e-2}, 30, 0.9),
    "ae-bce": ("ae", {"hidden": 20, "latent": 8, "lr": 1e-2, "loss": "bce"}, 30, 0.9),
    "sae": ("sae", {"latent": 8, "lr": 1e-2}, 30, 0.95),
    "conv-ae": ("conv-ae", {"latent": 5, "lr": 3e-3}, 80, 0.3),
    "conv-ae-max": ("conv-ae", {"latent": 5, "lr": 3e-3, "pooling": "max"}, 80, 0.3),
    "cnn": ("cnn", {"hidden": 16, "dropout": 0.0, "lr": 3e-3}, 100, 0.1),
    "ddnet": ("ddnet", {"lr": 2e-3}, 60, 0.6),
    "vae": ("vae", {"hidden": 8, "latent": 3, "lr": 1e-2}, 100, 0.9),
    "recurrent-ae": ("recurrent-ae", {"hidden": 20, "latent": 8, "lr": 1e-2}, 150, 0.75),
    "conv-vae": ("conv-vae", {"hidden": 8, "latent": 3, "lr": 3e-3}, 150, 0.75),
}

WRONG = (None, "no such choice", -1, float("inf"), [1])


def fit(objective: Objective, batch: Batch, steps: int) -> list[float]:
    """Training on one batch; the losses."""
    losses = []
    for _ in range(steps):
        objective.optimizer.zero_grad()
        loss = objective.loss(batch).value
        loss.backward()
        objective.optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("case", FIT)
def test_a_few_images_are_learned_by_heart(case: str) -> None:
    name, chosen, steps, share = FIT[case]
    rng.manual_seed(3)
    generator = np.random.default_rng(4)
    shape = (8, 8) if name == "recurrent-ae" else (1, 8, 8)
    x = (generator.random((8, *shape)) > 0.5).astype(np.float32)
    model = MODELS[name](MODELS[name].config_type(**chosen), shape, 10)
    for objective in model.objectives():
        losses = fit(objective, Batch(x, generator.integers(0, 10, 8), None, np.arange(8)), steps)
        assert losses[-1] < share * losses[0], objective.name


@pytest.mark.parametrize("name", MODELS)
def test_every_hyper_parameter_says_what_it_is_and_refuses_what_it_is_not(name: str) -> None:
    config: Any = MODELS[name].config_type()
    for option in options(type(config)):
        assert option.help, option.flag
        assert option.read(option.default) == option.default
        for wrong in (
            ([1], -1)
            if option.values == "TEXT" and not isinstance(option.default, bool)
            else WRONG[option.default is None :]
        ):
            with pytest.raises(ConfigError, match=rf"^{option.flag} is .*, must be "):
                structs.replace(config, **{option.name: wrong})
