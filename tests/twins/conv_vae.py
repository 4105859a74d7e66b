"""The convolutional VAE: the dense one's twin with other nets."""

from __future__ import annotations

from typing import Any

from torch import nn

from twins.side_by_side import Case, Noise, Twin
from twins.vae import VAE


class ConvVAE(VAE):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        Twin.__init__(self, config, input_shape, classes, noise)
        channels, height, width = input_shape
        features = 64, height // 4, width // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * features[1] * features[2], config.hidden),
            nn.ReLU(),
        )
        self.mean = nn.Linear(config.hidden, config.latent)
        self.log_var = nn.Linear(config.hidden, config.latent)
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, 64 * features[1] * features[2]),
            nn.ReLU(),
            nn.Unflatten(1, features),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
        )
        self.pixel = nn.Sequential(nn.ConvTranspose2d(32, channels, 4, 2, 1), nn.Flatten())
        if config.likelihood == "gaussian":
            self.pixel_log_var = nn.Sequential(nn.ConvTranspose2d(32, channels, 4, 2, 1), nn.Flatten())


SMALL = {"batch_size": 8, "hidden": 32, "latent": 8}

CASES = (
    Case("conv-vae", "conv-vae", ConvVAE, SMALL),
    Case("conv-vae-gaussian", "conv-vae", ConvVAE, {**SMALL, "likelihood": "gaussian"}, 20),
)
