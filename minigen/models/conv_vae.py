"""The convolutional variational autoencoder: the dense one with convolutions around the code.

Document 000 as a whole, whose two subjects, deconvolution and the VAE, it puts together.

    encoder   (conv 3 × 3, stride 2 -> relu) twice -> relu(dense) -> μ, ln σ²
    decoder   relu(dense) twice -> (conv-transpose 4 × 4, stride 2) twice, a relu between

The objective is exactly that of `vae`; only the two nets differ. The kernel size 4 is a multiple of the stride 2,
so each output pixel sums as many products as its neighbours. With a kernel of 3 the numbers alternate and leave
checkerboard artifacts (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
"""

from __future__ import annotations

import math

from minigen import nn
from minigen.models.config import Epochs, Hidden, Workers
from minigen.models.images import image_shape
from minigen.models.model import Good
from minigen.models.vae import VAE, VAEConfig


class ConvVAEConfig(VAEConfig, kw_only=True):
    """The channels 32 and 64 of document 000's deconvolution, the latent of its VAE's lesson."""

    epochs: Epochs = 30
    workers: Workers = 1
    hidden: Hidden = 256


class ConvVAE(VAE):
    """Variational autoencoder with convolutions."""

    name = "conv-vae"
    good = (
        Good("negative ELBO of 105 nats per image with --latent 20 --epochs 5", "mnist", {"likelihood": "bernoulli"}),
    )
    config_type = ConvVAEConfig
    config: ConvVAEConfig

    def __init__(self, config: ConvVAEConfig, input_shape: tuple[int, ...], classes: int) -> None:
        channels, height, width = image_shape(self.name, config, input_shape, multiple=4)
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        features = 64, height // 4, width // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(math.prod(features), config.hidden),
            nn.ReLU(),
        )
        self.mean = nn.Linear(config.hidden, config.latent)
        self.log_var = nn.Linear(config.hidden, config.latent)
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, math.prod(features)),
            nn.ReLU(),
            nn.Reshape(*features),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
            nn.ReLU(),
        )
        self.pixel = self._pixels(channels)
        if config.likelihood == "gaussian":
            self.pixel_log_var = self._pixels(channels)

    @staticmethod
    def _pixels(channels: int) -> nn.Module:
        """(N, 32, H / 2, W / 2) -> (N, pixels)"""
        return nn.Sequential(nn.ConvTranspose2d(32, channels, 4, stride=2, padding=1), nn.Flatten())
