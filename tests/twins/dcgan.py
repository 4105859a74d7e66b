"""The convolutional GAN as a PyTorch user writes it: the losses of the dense one."""

from __future__ import annotations

from typing import Any

from torch import nn

from twins.gan import GAN, output_activation
from twins.side_by_side import Case


def conv_generator(latent: int, input_shape: tuple[int, ...], channels: int, output: str) -> nn.Sequential:
    colours, height, width = input_shape
    small = 2 * channels, height // 4, width // 4
    return nn.Sequential(
        nn.Linear(latent, small[0] * small[1] * small[2], bias=False),
        nn.Unflatten(1, small),
        nn.BatchNorm2d(2 * channels),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.ConvTranspose2d(channels, colours, 4, 2, 1),
        output_activation(output),
    )


class DCGAN(GAN):
    def build(self, config: Any, input_shape: tuple[int, ...]) -> None:
        colours, height, width = input_shape
        channels = config.filters
        self.generator = conv_generator(config.latent, input_shape, channels, config.output)
        self.discriminator = nn.Sequential(
            nn.Conv2d(colours, channels, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * channels),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * channels * (height // 4) * (width // 4), 1),
        )


SMALL = {"batch_size": 8, "filters": 8}

CASES = (
    Case("dcgan", "dcgan", DCGAN, SMALL),
    Case("dcgan-sigmoid", "dcgan", DCGAN, {**SMALL, "output": "sigmoid"}, 20),
)
