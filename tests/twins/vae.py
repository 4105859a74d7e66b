"""The dense VAE as a PyTorch user writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


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

    def elbo_terms(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Also in evaluation z is drawn, as the ELBO is an expectation over it."""
        hidden = self.encoder(corrupted(batch.inputs, self.config.corrupt, self.training, self.noise))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + torch.exp(log_var / 2) * self.noise.normal(*mean.shape)
        reconstruction = self.negative_log_likelihood(batch.inputs.flatten(1), self.decoder(z)) / len(z)
        kl = -0.5 * torch.sum(1 + log_var - mean.square() - log_var.exp()) / len(z)
        return {"reconstruction": reconstruction, "kl": kl}

    def loss(self, batch: Batch) -> Loss:
        terms = self.elbo_terms(batch)
        return Loss("loss", terms["reconstruction"] + self.config.beta * terms["kl"], terms)

    def evaluate(self, batch: Batch) -> Loss:
        terms = self.elbo_terms(batch)
        return Loss("negative_elbo", terms["reconstruction"] + terms["kl"], terms)

    def negative_log_likelihood(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        if self.config.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(self.pixel(hidden), x, reduction="sum")
        log_var = self.pixel_log_var(hidden).clamp(-6, 6)
        return F.gaussian_nll_loss(torch.sigmoid(self.pixel(hidden)), x, log_var.exp(), full=True, reduction="sum")


CASES = (
    Case("vae-bernoulli", "vae", VAE, {"hidden": 100, "latent": 20}),
    Case("vae-gaussian", "vae", VAE, {"hidden": 100, "latent": 20, "likelihood": "gaussian"}),
    Case("vae-beta-clipped", "vae", VAE, {"hidden": 30, "latent": 5, "beta": 4.0, "clip_norm": 5.0}),
    Case("vae-masked", "vae", VAE, {"hidden": 100, "latent": 20, "corrupt": "mask:0.5"}, 20),
)
