"""The Wasserstein GAN with gradient penalty as a PyTorch user writes it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from twins.dcgan import conv_generator
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


class WGANGP(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        colours, height, width = input_shape
        channels = config.filters
        self.generator = conv_generator(config.latent, input_shape, channels, "tanh")
        self.discriminator = nn.Sequential(
            nn.Conv2d(colours, channels, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 2 * channels, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * channels * (height // 4) * (width // 4), 1),
        )

    def fake(self, count: int) -> torch.Tensor:
        return self.generator(self.noise.normal(count, self.config.latent))

    def distance(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        return self.discriminator(real).mean() - self.discriminator(fake).mean()

    def discriminator_loss(self, batch: Batch) -> Loss:
        real, fake = 2 * batch.inputs - 1, self.fake(len(batch.inputs)).detach()
        distance = self.distance(real, fake)
        share = self.noise.uniform(len(real), 1, 1, 1)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(self.discriminator(between).sum(), between, create_graph=True)
        penalty = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
        loss = self.config.penalty * penalty - distance
        return Loss("d_loss", loss, {"distance": distance, "penalty": penalty})

    def generator_loss(self, batch: Batch) -> Loss:
        return Loss("g_loss", -self.discriminator(self.fake(len(batch.inputs))).mean())

    def evaluate(self, batch: Batch) -> Loss:
        return Loss("distance", self.distance(2 * batch.inputs - 1, self.fake(len(batch.inputs))))

    def objectives(self) -> list[Objective]:
        betas = (self.config.beta1, self.config.beta2)
        d, g = (
            torch.optim.Adam(net.parameters(), self.config.lr, betas) for net in (self.discriminator, self.generator)
        )
        return [Objective(d, self.discriminator_loss), Objective(g, self.generator_loss, self.config.critic_steps)]


CASES = (Case("wgan-gp", "wgan-gp", WGANGP, {"batch_size": 8, "filters": 8}),)
