"""The dense VAE as a PyTorch user writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.side_by_side import Batch, Case, Noise, Objective, Terms, Twin


class VAE(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        pixels = math.prod(input_shape)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, config.hidden), nn.ReLU())
        self.mean = nn.Linear(config.hidden, config.latent)
        self.log_var = nn.Linear(config.hidden, config.latent)
        self.decoder = nn.Sequential(nn.Linear(config.latent, config.hidden), nn.ReLU())
        self.pixel = nn.Linear(config.hidden, pixels)
        if config.likelihood == "gaussian":
            self.pixel_log_var = nn.Linear(config.hidden, pixels)

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.loss)]

    def loss(self, batch: Batch) -> Terms:
        hidden, x = self.encoder(batch.inputs), batch.inputs.flatten(1)
        q = torch.distributions.Normal(self.mean(hidden), torch.exp(self.log_var(hidden) / 2))
        z = q.mean + q.stddev * self.noise.draw(*q.mean.shape)
        reconstruction = self.negative_log_likelihood(x, self.decoder(z)) / len(x)
        prior = torch.distributions.Normal(torch.zeros_like(q.mean), torch.ones_like(q.stddev))
        kl = torch.distributions.kl_divergence(q, prior).sum(1).mean()
        return {"loss": reconstruction + self.config.beta * kl, "reconstruction": reconstruction, "kl": kl}

    def negative_log_likelihood(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        if self.config.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(self.pixel(hidden), x, reduction="sum")
        log_var = self.pixel_log_var(hidden).clamp(-6, 6)
        p = torch.distributions.Normal(torch.sigmoid(self.pixel(hidden)), torch.exp(log_var / 2))
        return -p.log_prob(x).sum()


CASES = (
    Case("vae-bernoulli", "vae", VAE, {"hidden": 100, "latent": 20}),
    Case("vae-gaussian", "vae", VAE, {"hidden": 100, "latent": 20, "likelihood": "gaussian"}),
    Case("vae-beta-clipped", "vae", VAE, {"hidden": 30, "latent": 5, "beta": 4.0, "clip_norm": 5.0}),
)
