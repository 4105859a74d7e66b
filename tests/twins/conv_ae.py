"""The convolutional autoencoder as a PyTorch user writes it, for images of an even size."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.autoencoder import pixel_loss
from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


class SameConv(nn.Conv2d):
    """Keras's "same" at stride 2 for an even size: one row of zeros below, one column to the right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)))


class SameConvTranspose(nn.ConvTranspose2d):
    """Its adjoint: that row and that column are cut off."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)[..., :-1, :-1]


class ConvAutoencoder(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        channels, height, width = input_shape
        halved = 64, height // 2, width // 2
        strided = config.pooling == "strided"
        self.features = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.ReLU(),
            SameConv(32, 64, 3, 2) if strided else nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
        )
        size = 64 * halved[1] * halved[2]
        self.code = nn.Sequential(nn.Flatten(), nn.Linear(size, config.latent))
        self.expansion = nn.Sequential(nn.Linear(config.latent, size), nn.ReLU(), nn.Unflatten(1, halved))
        self.image = nn.Sequential(
            SameConvTranspose(64, 32, 3, 2) if strided else nn.ConvTranspose2d(64, 32, 3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, channels, 3, padding=1),
        )

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        features = self.features(x)
        if self.config.pooling == "strided":
            return self.image(self.expansion(self.code(features)))
        pooled, switches = F.max_pool2d(features, 2, return_indices=True)
        return self.image(F.max_unpool2d(self.expansion(self.code(pooled)), switches, 2))

    def logits_without_switches(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.expansion(self.code(F.max_pool2d(self.features(x), 2)))
        return self.image(F.interpolate(pooled, scale_factor=2) / 4)

    def loss(self, batch: Batch) -> Loss:
        x = corrupted(batch.inputs, self.config.corrupt, self.training, self.noise)
        return pixel_loss(self.logits(x), batch.inputs, self.config.loss)

    def evaluate(self, batch: Batch) -> Loss:
        loss = pixel_loss(self.logits(batch.inputs), batch.inputs, self.config.loss, "mse")
        if self.config.pooling != "max":
            return loss
        alone = pixel_loss(self.logits_without_switches(batch.inputs), batch.inputs, "mse")
        return loss.with_beside({"mse_of_the_code_alone": alone.value})

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.loss)]


MASKED = {"loss": "bce", "corrupt": "mask:0.5"}
NOISE = {"corrupt": "gaussian:0.3"}  # on an even ground four values are equal, and rounding would choose the switch

CASES = (
    Case("conv-ae-strided", "conv-ae", ConvAutoencoder, {"batch_size": 4, "warmup": 20}),
    Case("conv-ae-max", "conv-ae", ConvAutoencoder, {"batch_size": 4, "warmup": 0, "pooling": "max", **NOISE}),
    Case("conv-ae-bce-masked", "conv-ae", ConvAutoencoder, {"batch_size": 4, "warmup": 0, **MASKED}, 20),
)
