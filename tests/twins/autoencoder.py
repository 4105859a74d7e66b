"""The dense autoencoder as a PyTorch user writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.side_by_side import Batch, Case, Noise, Objective, Terms, Twin


def corrupted(x: torch.Tensor, how: str, noise: Noise) -> torch.Tensor:
    kind, _, amount = how.partition(":")
    if kind == "gaussian":
        return x + float(amount) * noise.draw(*x.shape)
    if kind == "mask":
        return torch.where(noise.draw(*x.shape) < float(amount), torch.zeros_like(x), x)
    return x


class Autoencoder(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        pixels, hidden, latent = math.prod(input_shape), config.hidden, config.latent
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def loss(self, batch: Batch) -> Terms:
        logits = self.decoder(self.encoder(corrupted(batch.inputs, self.config.corrupt, self.noise)))
        x = batch.inputs.flatten(1)
        if self.config.loss == "bce":
            return {"bce": F.binary_cross_entropy_with_logits(logits, x)}
        return {"mse": F.mse_loss(torch.sigmoid(logits), x)}

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.loss)]


CASES = (
    Case("ae-mse", "ae", Autoencoder, {"hidden": 100}),
    Case("ae-bce-masked", "ae", Autoencoder, {"hidden": 100, "loss": "bce", "corrupt": "mask:0.3"}),
    Case("ae-noisy", "ae", Autoencoder, {"hidden": 100, "corrupt": "gaussian:0.3"}),
)
