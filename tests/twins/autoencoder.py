"""The dense autoencoder as a PyTorch user writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


def pixel_loss(logits: torch.Tensor, x: torch.Tensor, name: str, *beside: str) -> Loss:
    """The error of that name, "mse" or "bce", and the others beside it."""
    x = x.reshape(logits.shape)
    errors = {
        "mse": lambda: F.mse_loss(torch.sigmoid(logits), x),
        "bce": lambda: F.binary_cross_entropy_with_logits(logits, x),
    }
    return Loss(name, errors[name](), {other: errors[other]() for other in beside if other != name})


class Autoencoder(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        pixels, hidden, latent = math.prod(input_shape), config.hidden, config.latent
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def loss(self, batch: Batch) -> Loss:
        x = corrupted(batch.inputs, self.config.corrupt, self.training, self.noise)
        return pixel_loss(self.decoder(self.encoder(x)), batch.inputs, self.config.loss)

    def evaluate(self, batch: Batch) -> Loss:
        return pixel_loss(self.decoder(self.encoder(batch.inputs)), batch.inputs, self.config.loss, "mse")

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.loss)]


CASES = (
    Case("ae-mse", "ae", Autoencoder, {"hidden": 100}),
    Case("ae-bce-masked", "ae", Autoencoder, {"hidden": 100, "loss": "bce", "corrupt": "mask:0.3"}),
    Case("ae-noisy", "ae", Autoencoder, {"hidden": 100, "corrupt": "gaussian:0.3"}),
)
