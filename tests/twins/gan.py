"""The dense GAN as a PyTorch user writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


def output_activation(name: str) -> nn.Module:
    return nn.Tanh() if name == "tanh" else nn.Sigmoid()


class GAN(Twin):
    generator: nn.Module
    discriminator: nn.Module

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        self.build(config, input_shape)

    def build(self, config: Any, input_shape: tuple[int, ...]) -> None:
        pixels = math.prod(input_shape)
        self.generator = nn.Sequential(
            nn.Linear(config.latent, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, pixels),
            output_activation(config.output),
            nn.Unflatten(1, input_shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 1),
        )

    def z(self, batch: Batch) -> torch.Tensor:
        return self.noise.normal(len(batch.inputs), self.config.latent)

    def discriminator_loss(self, batch: Batch, z: torch.Tensor) -> Loss:
        x = 2 * batch.inputs - 1 if self.config.output == "tanh" else batch.inputs
        fake = self.generator(z).detach()
        real_logits, fake_logits = self.discriminator(x), self.discriminator(fake)
        real_label = torch.full_like(real_logits, self.config.real_label)
        loss = F.binary_cross_entropy_with_logits(real_logits, real_label)
        loss = loss + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
        return Loss("d_loss", loss, {"d_real": real_logits.sigmoid().mean(), "d_fake": fake_logits.sigmoid().mean()})

    def generator_loss(self, z: torch.Tensor) -> Loss:
        logits = self.discriminator(self.generator(z))
        if self.config.loss == "minimax":
            return Loss("g_loss", torch.log(1 - logits.sigmoid()).mean())
        return Loss("g_loss", F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)))

    def objectives(self) -> list[Objective]:
        betas = (self.config.beta1, self.config.beta2)
        d, g = (
            torch.optim.Adam(net.parameters(), self.config.lr, betas) for net in (self.discriminator, self.generator)
        )
        return [
            Objective(d, lambda batch: self.discriminator_loss(batch, self.z(batch))),
            Objective(g, lambda batch: self.generator_loss(self.z(batch))),
        ]

    def evaluate(self, batch: Batch) -> Loss:
        z = self.z(batch)
        return self.discriminator_loss(batch, z).with_beside(self.generator_loss(z).terms)


# Adam divides the first gradients by their own size, so where one is nearly 0 rounding decides its sign. Two
# adversaries amplify that: at the default learning rate float32 differs by 1e-3 after 50 steps, float64 by 1e-10.
SLOW = {"batch_size": 32, "lr": 2e-5}
CASES = (
    Case("gan", "gan", GAN, SLOW),
    Case("gan-minimax", "gan", GAN, {**SLOW, "loss": "minimax"}),
    Case("gan-smoothed-sigmoid", "gan", GAN, {**SLOW, "real_label": 0.9, "output": "sigmoid"}),
)
